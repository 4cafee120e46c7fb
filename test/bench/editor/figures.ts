/** Helpers of the benchmarks under `npm run`: quantiles, hardware, and files for results. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { quantile } from "../../../server/system/index.ts";
import { outputFolder } from "../../editor/paths.mjs";

/** A measured time, or a wait that something else cut off before its end. */
export interface Waited {
  readonly ms: number;
  readonly isCut: boolean;
}

/**
 * The quantile of times of which some are only known to be longer than the wait: Kaplan and Meier's estimate
 * (Nonparametric Estimation from Incomplete Observations, 1958), which is right if the cut-offs are independent of
 * the times. Undefined if too many were cut off.
 */
export function quantileOfWaited(times: readonly Waited[], share: number): number | undefined {
  const sorted = [...times].sort((a, b) => a.ms - b.ms || Number(a.isCut) - Number(b.isCut));
  let longer = 1;
  for (const [index, { ms, isCut }] of sorted.entries()) {
    if (!isCut) longer *= 1 - 1 / (sorted.length - index);
    if (!isCut && longer < 1 - share - Number.EPSILON * sorted.length) return ms;
  }
  return undefined;
}

export interface Summary {
  readonly p50: number;
  readonly p90: number;
  readonly min: number;
  readonly max: number;
}

/** The summary of at least one value. */
export const summary = (values: readonly number[]): Summary => ({
  p50: quantile(values, 0.5),
  p90: quantile(values, 0.9),
  min: Math.min(...values),
  max: Math.max(...values),
});

/** The same, rounded to one digit after the point. */
export const rounded = (values: Summary): Summary => ({
  p50: tenths(values.p50),
  p90: tenths(values.p90),
  min: tenths(values.min),
  max: tenths(values.max),
});

const tenths = (value: number) => Math.round(value * 10) / 10;

/** The hardware and the date of a result. */
export const circumstances = () => ({
  hardware: `${cpus()[0]?.model.trim()}, ${cpus().length} threads, ${process.platform}-${process.arch}`,
  date: new Date().toISOString().slice(0, 10),
  model: "embedded default model",
});

/** Writes out/bench/NAME.json. */
export function writeResult(name: string, result: unknown): void {
  const folder = join(outputFolder, "bench");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}
