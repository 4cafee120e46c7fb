/** What the commands of `foretoken bench` share: the model that is measured, and printing. */
import {
  type LlamaEngine,
  loadEngine,
  type TreeLimits,
  threadChoices,
  tune,
} from "../../server/engine/index.ts";
import { loadOptions } from "../../server/model/index.ts";
import { DEFAULT_SETTINGS } from "../../server/protocol/index.ts";
import { defaultModelPath, orUsageError, UsageError } from "../../server/system/index.ts";
import { path } from "./arguments.ts";

/** Loads a model and tunes it as the server does, but anew: what was found in another hour is not this one's. */
export async function load(
  options: Readonly<{ model?: string }>,
  threads: number,
  contextTokens: number,
  signal: AbortSignal,
  trees?: TreeLimits,
): Promise<LlamaEngine> {
  const settings = { ...DEFAULT_SETTINGS, threads, contextTokens };
  const modelPath = path(options.model) ?? defaultModelPath();
  // What one item left in the cache must not move another's choices.
  const exactly = { ...loadOptions(modelPath, settings), reuse: "exact" } as const;
  const outcome = orUsageError(await loadEngine(trees ? { ...exactly, trees } : exactly));
  const { engine } = outcome;
  const tuned = await tune(
    engine,
    { threadChoices: threadChoices(threads), exactness: settings.exactness },
    signal,
  );
  if (tuned) return engine;
  await engine.dispose();
  throw new UsageError("Interrupted.");
}

/** Prints to the standard output. */
export const print = (text: string) => process.stdout.write(`${text}\n`);

/** Reports how far a long run has come, where a person can see it. */
export const progress = (text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};
