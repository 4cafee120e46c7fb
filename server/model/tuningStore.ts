/** What was found out about models on this machine, kept between starts: one small file for each. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { EngineInfo, Tuning } from "../engine/index.ts";

/** Raised when tunings of older versions no longer mean the same. */
const VERSION = 3;

/** All that a tuning depends on. A change of any of it calls for a new one. */
function keyOf(info: EngineInfo, threadsWish: number): string {
  const { modelPath, backend, contextTokens, release, attention } = info;
  const { size, mtimeMs } = statSync(modelPath);
  const processor = `${cpus()[0]?.model ?? "unknown"} x${cpus().length}`;
  const parts = [VERSION, release, processor, backend, modelPath, size, mtimeMs, contextTokens, attention];
  return [...parts, threadsWish].join(" | ");
}

const fileOf = (directory: string, key: string) =>
  join(directory, "tuning", `${createHash("sha256").update(key).digest("hex").slice(0, 24)}.json`);

const isTuning = (value: Partial<Tuning> | undefined): value is Tuning =>
  value !== undefined &&
  [1, 2, 4].includes(value.rowPadding ?? 0) &&
  typeof value.exact === "boolean" &&
  Number.isInteger(value.threads) &&
  Number.isInteger(value.chunkTokens) &&
  Array.isArray(value.costs?.ms);

/** The tuning of an engine's model, if there is one. A damaged file counts as none. */
export function readTuning(directory: string, info: EngineInfo, threadsWish: number): Tuning | undefined {
  try {
    const key = keyOf(info, threadsWish);
    const saved = JSON.parse(readFileSync(fileOf(directory, key), "utf8"));
    return saved.key === key && isTuning(saved.tuning) ? saved.tuning : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a tuning. A folder that cannot be written costs a tuning at each start and nothing else. */
export function writeTuning(directory: string, info: EngineInfo, threadsWish: number, tuning: Tuning): void {
  try {
    const key = keyOf(info, threadsWish);
    const file = fileOf(directory, key);
    mkdirSync(join(directory, "tuning"), { recursive: true });
    writeFileSync(`${file}.${process.pid}`, JSON.stringify({ key, tuning }));
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // As said above.
  }
}
