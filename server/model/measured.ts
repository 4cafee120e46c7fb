/** What a loaded model takes on this machine. */
import { statSync } from "node:fs";
import type { Engine } from "../engine/index.ts";

interface MeasuredModel {
  /** Size of its file in bytes. */
  readonly fileBytes: number;
  /** Milliseconds of a decode of one token. */
  readonly tokenMs: number;
  readonly prefillMsPerToken: number;
}

/** undefined where there is no model, or it has not been measured yet. */
export function measuredModel(engine: Engine | undefined): MeasuredModel | undefined {
  if (engine?.prefillMsPerToken === undefined) return undefined;
  try {
    const fileBytes = statSync(engine.info.modelPath).size;
    return { fileBytes, tokenMs: engine.cost(1), prefillMsPerToken: engine.prefillMsPerToken };
  } catch {
    return undefined; // Its file is gone; it computes from memory.
  }
}
