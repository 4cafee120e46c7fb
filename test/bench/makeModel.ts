/**
 * Random-weight models of real shapes: the cost of a decode depends on a model's shape and number format,
 * not on its training. They need no download, and their text is meaningless.
 */

import { type Metadatum, readGguf, type Value, writeGguf } from "./gguf.ts";
import { type Body, bodyOf } from "./modelShapes.ts";
import { type ModelType, TensorMaker } from "./tensorMaker.ts";

/** llama.cpp's `general.file_type` of each. */
const FILE_TYPE: Record<ModelType, number> = { f16: 1, q4_0: 2, q8_0: 7, q4_k: 14 };

/** ggml's token type of entries that stand for no text. */
const UNUSED_TOKEN = 5;

export interface ModelPlan {
  readonly shape: string;
  readonly type: ModelType;
  readonly seed: number;
  /** A GGUF file whose tokenizer the model gets. */
  readonly tokenizerPath: string;
  /** Entries that are added to the shape's metadata, or replace them. */
  readonly metadata?: Readonly<Record<string, Metadatum>>;
  /** Name of another architecture with the same metadata and tensors, in place of the shape's own. */
  readonly architecture?: string;
}

const u32 = (value: number): Metadatum => ({ type: "u32", value });
const text = (value: string): Metadatum => ({ type: "string", value });

/** A metadata value of another file, to be written as it was read. */
function copied(key: string, value: Value): Metadatum {
  if (typeof value === "boolean") return { type: "bool", value };
  if (typeof value === "string") return text(value);
  if (typeof value === "number") return u32(value);
  if (value.every(item => typeof item === "string")) return { type: "strings", value };
  if (value.every(item => Number.isInteger(item))) return { type: "i32s", value: value as number[] };
  throw new Error(`${key} has elements that are neither text nor whole numbers`);
}

/** The tokenizer of another model, its vocabulary padded with unused tokens to `size`. */
function tokenizer(path: string, size: number | undefined): { entries: [string, Metadatum][]; size: number } {
  const { metadata } = readGguf(path);
  const entries = new Map<string, Metadatum>();
  for (const [key, value] of metadata)
    if (key.startsWith("tokenizer.ggml.")) entries.set(key, copied(key, value));
  const tokens = entries.get("tokenizer.ggml.tokens");
  if (tokens?.type !== "strings") throw new Error(`${path} has no tokens`);
  const count = tokens.value.length;
  const padding = Math.max(0, (size ?? count) - count);
  const names = Array.from({ length: padding }, (_, i) => `[UNUSED${count + i}]`);
  entries.set("tokenizer.ggml.tokens", { type: "strings", value: [...tokens.value, ...names] });
  const types = entries.get("tokenizer.ggml.token_type");
  if (types?.type === "i32s") {
    const unused = new Array<number>(padding).fill(UNUSED_TOKEN);
    entries.set("tokenizer.ggml.token_type", { type: "i32s", value: [...types.value, ...unused] });
  }
  return { entries: [...entries], size: count + padding };
}

/** A body under the name of another architecture. */
function renamed(body: Body, architecture = body.architecture): Body {
  const metadata = body.metadata.map(([key, value]): [string, Metadatum] => [
    key.replace(`${body.architecture}.`, `${architecture}.`),
    value,
  ]);
  return { ...body, architecture, metadata };
}

/** Writes a random-weight model; the same plan gives the same file. Returns its size in bytes. */
export function makeModel(plan: ModelPlan, path: string): number {
  const body = renamed(bodyOf(plan.shape), plan.architecture);
  const vocabulary = tokenizer(plan.tokenizerPath, body.vocabulary);
  const make = new TensorMaker(plan.type, plan.seed);
  body.tensors(make, vocabulary.size);
  const metadata = new Map<string, Metadatum>([
    ["general.architecture", text(body.architecture)],
    ["general.name", text(`Random weights, ${plan.shape} ${plan.type}`)],
    ["general.file_type", u32(FILE_TYPE[plan.type])],
    ["general.quantization_version", u32(2)],
    ...body.metadata,
    [`${body.architecture}.vocab_size`, u32(vocabulary.size)],
    ...vocabulary.entries,
    ...Object.entries(plan.metadata ?? {}),
  ]);
  return writeGguf(path, metadata, make.tensors);
}
