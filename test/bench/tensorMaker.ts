/** The tensors of a random-weight model. */

import type { TensorPlan } from "./gguf.ts";
import { Bits, FORMATS, type FormatName, floats, randomWeights } from "./weights.ts";

/** Formats a model can be made in. */
export const MODEL_TYPES = ["q8_0", "q4_k", "q4_0", "f16"] as const;
export type ModelType = (typeof MODEL_TYPES)[number];

/** Makes the tensors of one model, drawing all weights from one stream of random bits. */
export class TensorMaker {
  readonly tensors: TensorPlan[] = [];
  private readonly bits: Bits;

  constructor(
    private readonly type: ModelType,
    seed: number,
  ) {
    this.bits = new Bits(seed);
  }

  /** A matrix `columns` -> `rows`; by default with the spread that keeps the size of its input. */
  matrix(name: string, columns: number, rows: number, spread = 1 / Math.sqrt(columns)): void {
    this.weights(name, columns, rows, spread, this.type);
  }

  /**
   * The embedding or output matrix. Beside 4-bit weights it is kept at 8 bits, where llama.cpp's own
   * quantisation takes 6 to 8.
   */
  vocabularyMatrix(name: string, columns: number, rows: number, spread: number): void {
    this.weights(name, columns, rows, spread, this.type === "f16" ? "f16" : "q8_0");
  }

  /** Single-precision numbers around a mean: norms, biases and what llama.cpp never quantises. */
  floats(name: string, shape: readonly number[], mean: number, spread = 0): void {
    this.tensors.push({ name, shape, format: FORMATS.f32, fill: floats(mean, spread, this.bits) });
  }

  private weights(
    name: string,
    columns: number,
    rows: number,
    spread: number,
    requestedBackend: Exclude<FormatName, "f32">,
  ): void {
    const type = fitting(requestedBackend, columns);
    const fill = randomWeights(type, spread, this.bits);
    this.tensors.push({ name, shape: [columns, rows], format: FORMATS[type], fill });
  }
}

/** The format of a matrix whose rows are not whole blocks: llama.cpp's own fallbacks. */
function fitting(requestedBackend: Exclude<FormatName, "f32">, columns: number): Exclude<FormatName, "f32"> {
  if (columns % FORMATS[requestedBackend].blockValues === 0) return requestedBackend;
  return requestedBackend === "q4_k" && columns % FORMATS.q5_0.blockValues === 0 ? "q5_0" : "f16";
}
