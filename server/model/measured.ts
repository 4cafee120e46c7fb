/** What a loaded model takes on this machine. */
import { statSync } from "node:fs";
import type { MachineFacts } from "../catalogue/index.ts";
import { type Engine, estimateModelBytes } from "../engine/index.ts";
import { estimateScript } from "../system/index.ts";

/** undefined where there is no model, or it has not been measured yet. */
export function measuredModel(engine: Engine | undefined): MachineFacts["measured"] {
  if (engine?.prefillMsPerToken === undefined) return undefined;
  try {
    const fileBytes = statSync(engine.info.modelPath).size;
    return { fileBytes, tokenMs: engine.cost(1), prefillMsPerToken: engine.prefillMsPerToken };
  } catch {
    return undefined; // Its file is gone; it computes from memory.
  }
}

/** What a model that may be loaded would take with a context of so many tokens, in bytes, where that is known. */
export const estimatedBytes = (path: string, contextTokens: number): Promise<number | undefined> =>
  estimateModelBytes(path, contextTokens, estimateScript());
