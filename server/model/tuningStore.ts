/** Tuning results of models on this machine, kept between starts: one small file for each. */

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import {
  type EngineConfiguration,
  type EngineInfo,
  type Exactness,
  isConfiguration,
} from "../engine/index.ts";
import { writeWhole } from "../system/index.ts";

/** The settings that tuning depends on. */
export interface RequestedTuning {
  /** 0 for an automatic choice. */
  readonly threads: number;
  readonly exactness: Exactness;
}

/** Raised when tunings of older versions no longer mean the same. */
const VERSION = 6;

/** Everything a tuning depends on. Any change of it requires a new one. */
function keyOf(info: EngineInfo, requested: RequestedTuning): string {
  const { modelPath, backend, contextTokens, release, keys } = info;
  const { graphicsDevice, graphicsBytes, graphicsLayers } = info;
  const { size, mtimeMs } = statSync(modelPath);
  const processor = `${cpus()[0]?.model ?? "unknown"} x${cpus().length}`;
  const parts = [VERSION, release, processor, backend, modelPath, size, mtimeMs, contextTokens, keys];
  parts.push(graphicsDevice ?? "", graphicsBytes ?? "", graphicsLayers ?? "");
  return [...parts, requested.threads, requested.exactness].join(" | ");
}

const fileOf = (directory: string, key: string) =>
  join(directory, "tuning", `${createHash("sha256").update(key).digest("hex").slice(0, 24)}.json`);

/** The tuning of an engine's model, if there is one. A damaged file counts as missing. */
export function readTuning(
  directory: string,
  info: EngineInfo,
  requested: RequestedTuning,
): EngineConfiguration | undefined {
  try {
    const key = keyOf(info, requested);
    const saved = JSON.parse(readFileSync(fileOf(directory, key), "utf8"));
    return saved.key === key && isConfiguration(saved.tuning) ? saved.tuning : undefined;
  } catch {
    return undefined;
  }
}

/** Saves a tuning. If the folder cannot be written, each start tunes again; nothing else is lost. */
export function writeTuning(
  directory: string,
  info: EngineInfo,
  requested: RequestedTuning,
  tuning: EngineConfiguration,
): void {
  try {
    const key = keyOf(info, requested);
    const file = fileOf(directory, key);
    writeWhole(file, JSON.stringify({ key, tuning }));
  } catch {
    // Each start tunes again; nothing else is lost.
  }
}
