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

/** What tuning depends on beside what the engine says of itself. */
export interface TuningConditions {
  /** `modelStamp` of the file when it was loaded: by the time the tuning is saved another file may be there. */
  readonly stamp: string | undefined;
  /** 0 for an automatic choice. */
  readonly threads: number;
  readonly exactness: Exactness;
}

/** Whether other programs were busy while it was measured: the times then say little, but exact sizes of trees are exact. */
type Circumstance = "quiet" | "busy";

/** Time after which a tuning beside busy programs does not count any more. */
const BUSY_VALID_MS = 60 * 60_000;

/** Raised when tunings of older versions no longer mean the same. */
const VERSION = 7;

/** Everything a tuning depends on. Any change of it requires a new one. */
function keyOf(info: EngineInfo, conditions: TuningConditions, circumstance: Circumstance): string {
  const { modelPath, backend, contextTokens, release, keys } = info;
  const { graphicsDevice, graphicsBytes, graphicsLayers } = info;
  const processor = `${cpus()[0]?.model ?? "unknown"} x${cpus().length}`;
  const parts = [VERSION, release, processor, backend, modelPath, conditions.stamp, contextTokens, keys];
  parts.push(graphicsDevice ?? "", graphicsBytes ?? "", graphicsLayers ?? "");
  if (circumstance === "busy") parts.push(circumstance);
  return [...parts, conditions.threads, conditions.exactness].join(" | ");
}

const fileOf = (directory: string, key: string) =>
  join(directory, "tuning", `${createHash("sha256").update(key).digest("hex").slice(0, 24)}.json`);

/** The tuning of an engine's model, if there is one. A damaged file counts as missing. */
export function readTuning(
  directory: string,
  info: EngineInfo,
  conditions: TuningConditions,
  circumstance: Circumstance = "quiet",
): EngineConfiguration | undefined {
  try {
    const key = keyOf(info, conditions, circumstance);
    const file = fileOf(directory, key);
    // A time in the future dates from when the clock was wrong.
    if (circumstance === "busy" && Math.abs(Date.now() - statSync(file).mtimeMs) > BUSY_VALID_MS)
      return undefined;
    const saved = JSON.parse(readFileSync(file, "utf8"));
    return saved.key === key && isConfiguration(saved.tuning) ? saved.tuning : undefined;
  } catch {
    return undefined;
  }
}

/** Saves a tuning. If the folder cannot be written, each start tunes again; nothing else is lost. */
export function writeTuning(
  directory: string,
  info: EngineInfo,
  conditions: TuningConditions,
  tuning: EngineConfiguration,
  circumstance: Circumstance = "quiet",
): void {
  try {
    const key = keyOf(info, conditions, circumstance);
    const file = fileOf(directory, key);
    writeWhole(file, JSON.stringify({ key, tuning }));
  } catch {
    // Each start tunes again; nothing else is lost.
  }
}
