/** What a loaded model costs on this machine. */
import type { MachineFacts } from "../catalogue/index.ts";
import { type Engine, estimateModelBytes } from "../engine/index.ts";
import { estimateScript, modelBytes } from "../system/index.ts";

/** undefined if no model is loaded, or it has not been measured yet. */
export function measuredModel(engine: Engine | undefined): MachineFacts["measured"] {
  if (engine?.prefillMsPerToken === undefined) return undefined;
  const fileBytes = modelBytes(engine.info.modelPath);
  // 0: the file is gone; the model computes from memory.
  if (fileBytes === 0) return undefined;
  return { fileBytes, tokenMs: engine.cost(1), prefillMsPerToken: engine.prefillMsPerToken };
}

/** Memory in bytes that a model would take with a context of this many tokens; undefined if unknown. */
export const estimatedBytes = (path: string, contextTokens: number): Promise<number | undefined> =>
  estimateModelBytes(path, contextTokens, estimateScript());
