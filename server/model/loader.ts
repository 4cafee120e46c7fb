/** Settings to a loaded and tuned engine: the only place that ties them to llama.cpp. */
import { homedir } from "node:os";
import { join } from "node:path";
import {
  applyTuning,
  decide,
  type LlamaEngine,
  type LoadOptions,
  loadEngine,
  threadChoices,
  tune,
} from "../engine/index.ts";
import type { Settings } from "../protocol/index.ts";
import { cacheDirectory, defaultModelPath, probeScript } from "../system/index.ts";
import type { EngineOutcome, LoadModel } from "./modelHost.ts";
import { readTuning, writeTuning } from "./tuningStore.ts";

/** How long after a start the choice of back end is looked at again, out of the way of the first completions. */
const RECONSIDER_MS = 20_000;

const expandHome = (path: string) => (path.startsWith("~/") ? join(homedir(), path.slice(2)) : path);

export function loadOptions(settings: Settings, storageDirectory = cacheDirectory()): LoadOptions {
  return {
    modelPath: settings.modelPath ? expandHome(settings.modelPath) : defaultModelPath(),
    contextTokens: settings.contextTokens,
    threads: settings.threads,
    attention: settings.attention,
    reuse: settings.reuse,
    wish: settings.backend,
    cacheDirectory: storageDirectory,
    probeScript: probeScript(),
  };
}

/** Tunes an engine and keeps what was found. Resolves to a sentence for the log. */
async function tuneAndKeep(
  engine: LlamaEngine,
  { cacheDirectory, threads }: LoadOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  const tuning = await tune(engine, threadChoices(threads), signal);
  if (!tuning) return undefined;
  writeTuning(cacheDirectory, engine.info, threads, tuning);
  const exactness = tuning.exact
    ? `trees are equal to single steps bit by bit, with rows padded to ${tuning.rowPadding}`
    : "trees equal single steps only up to rounding on this back end: a close choice may fall differently with drafts";
  return `Tuned: ${tuning.threads} threads, ${engine.cost(1).toFixed(1)} ms a token, ${engine.cost(8).toFixed(1)} ms for 8; ${exactness}.`;
}

/** Loads the model that the settings choose and remembers how it was tuned. */
export const modelLoader = (storageDirectory: string | undefined): LoadModel => {
  let reconsidering = false;
  return async (settings, smaller): Promise<EngineOutcome> => {
    const options = { ...loadOptions(settings, storageDirectory), smaller };
    const outcome = await loadEngine(options);
    if ("problem" in outcome) return outcome;
    const { engine } = outcome;
    const known = readTuning(options.cacheDirectory, engine.info, settings.threads);
    if (known) applyTuning(engine, known);
    if (settings.backend === "auto" && !reconsidering) {
      reconsidering = true;
      setTimeout(() => void decide(options), RECONSIDER_MS).unref();
    }
    return known ? { engine } : { engine, tune: signal => tuneAndKeep(engine, options, signal) };
  };
};
