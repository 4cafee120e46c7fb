/** Numbers and tables of the benchmarks: spread, hardware, and the measured model. Pure except for `hardware`. */
import { availableParallelism, cpus, totalmem } from "node:os";
import type { EngineInfo } from "../../server/engine/index.ts";
import { readGguf } from "./gguf.ts";

/** A figure with its spread, without which nothing is reported. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle of sorted values, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) return Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Median and extremes; undefined if there are no values. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Rounded to `digits` digits after the point, as a number. */
export function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

export function roundedSpread(value: Spread, digits: number): Spread {
  return {
    median: rounded(value.median, digits),
    min: rounded(value.min, digits),
    max: rounded(value.max, digits),
  };
}

/** `median (min to max)`. */
export function formatSpread(value: Spread | undefined, digits: number): string {
  if (!value) return "-";
  const { median: middle, min, max } = value;
  return `${middle.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

/** Rows of text under a heading, in columns as wide as their widest cell; the first column is left-aligned. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map(row => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [line(heading), widths.map(width => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

export interface Hardware {
  readonly processor: string;
  /** Logical processors this process may use. */
  readonly processors: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly backend: string;
  /** The driver's name of the graphics card that computes; absent if none does. */
  readonly graphicsCard?: string | undefined;
  readonly threads: number;
}

export function hardware({ backend, graphicsDevice, threads }: EngineInfo): Hardware {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    processors: availableParallelism(),
    memoryGiB: rounded(totalmem() / 2 ** 30, 1),
    platform: `${process.platform} ${process.arch}`,
    backend,
    graphicsCard: graphicsDevice,
    threads,
  };
}

/** llama.cpp's names of `general.file_type` (`llama_ftype` in `llama.h`). */
const FILE_TYPES: Record<number, string> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  7: "Q8_0",
  8: "Q5_0",
  9: "Q5_1",
  10: "Q2_K",
  11: "Q3_K_S",
  12: "Q3_K_M",
  13: "Q3_K_L",
  14: "Q4_K_S",
  15: "Q4_K_M",
  16: "Q5_K_S",
  17: "Q5_K_M",
  18: "Q6_K",
  25: "IQ4_NL",
  30: "IQ4_XS",
  32: "BF16",
};

export interface MeasuredModel {
  readonly name: string;
  readonly architecture: string;
  readonly quantisation: string;
  /** Numbers in all tensors, in millions. */
  readonly parametersMillions: number;
  readonly contextTokens: number;
}

export function measuredModel(info: EngineInfo): MeasuredModel {
  const { metadata, tensors } = readGguf(info.modelPath);
  const type = metadata.get("general.file_type");
  const parameters = tensors.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return {
    name: info.modelName,
    architecture: info.architecture,
    quantisation: typeof type === "number" ? (FILE_TYPES[type] ?? `file type ${type}`) : "unknown",
    parametersMillions: rounded(parameters / 1e6, 1),
    contextTokens: info.contextTokens,
  };
}

/** The measured model and the hardware: text above every table. */
export function headline(machine: Hardware, model: MeasuredModel): string {
  const { processor, processors, memoryGiB, platform, backend, graphicsCard, threads } = machine;
  const device = graphicsCard === undefined ? backend : `${backend} on ${graphicsCard}`;
  return [
    `${model.name}: ${model.architecture}, ${model.parametersMillions} M parameters, ${model.quantisation}, context ${model.contextTokens}`,
    `${processor}, ${processors} processors, ${memoryGiB} GiB, ${platform}; back end ${device}, ${threads} threads`,
  ].join("\n");
}
