/** What a loaded model costs on this machine. */
import { statSync } from "node:fs";
import type { MachineFacts } from "../catalogue/index.ts";
import { type Engine, estimateModelBytes } from "../engine/index.ts";
import { estimateScript } from "../system/index.ts";

/** undefined if no model is loaded, or it has not been measured yet. */
export function measuredModel(engine: Engine | undefined): MachineFacts["measured"] {
  if (engine?.prefillMsPerToken === undefined) return undefined;
  try {
    const fileBytes = statSync(engine.info.modelPath).size;
    return { fileBytes, tokenMs: engine.cost(1), prefillMsPerToken: engine.prefillMsPerToken };
  } catch {
    return undefined; // The file is gone; the model computes from memory.
  }
}

/** Memory in bytes that a model would take with a context of this many tokens; undefined if unknown. */
export const estimatedBytes = (path: string, contextTokens: number): Promise<number | undefined> =>
  estimateModelBytes(path, contextTokens, estimateScript());
