/** Turns settings into a loaded and tuned engine: the only place that ties them to llama.cpp. */

import { availableParallelism } from "node:os";
import {
  decide,
  type EngineConfiguration,
  type EngineProblem,
  forgetMissingDevices,
  type LlamaEngine,
  LoadAttempts,
  type LoadOptions,
  loadBeside,
  loadEngine,
  newProgress,
  type TuningProgress,
  threadChoices,
  tune,
  tuneDrafter,
} from "../engine/index.ts";
import { AUTO_DRAFT_MODEL, type Settings } from "../protocol/index.ts";
import {
  cacheDirectory,
  counted,
  decodeScript,
  inBackground,
  modelStamp,
  probeScript,
} from "../system/index.ts";
import { findDraftModel } from "./draftModelFile.ts";
import { type DraftModelOutcome, DraftModelSlot, type LoadedDraftModel } from "./draftModelSlot.ts";
import { withLoadedShare } from "./loadedShare.ts";
import { fileOf, modelFile } from "./modelFiles.ts";
import type { EngineOutcome, LoadModel } from "./modelHost.ts";
import { readTuning, type TuningConditions, writeTuning } from "./tuningStore.ts";

/** Time after a start at which the choice of back end is checked again, so that first completions are not delayed. */
const RECONSIDER_MS = 20_000;

/** Share of the processors that other programs use, from which on time measurements are of little use. */
const BUSY_SHARE = 0.15;

export function loadOptions(
  modelPath: string,
  settings: Settings,
  storageDirectory = cacheDirectory(),
): LoadOptions {
  return {
    modelPath,
    contextTokens: settings.contextTokens,
    threads: settings.threads,
    reuse: settings.reuse,
    requestedBackend: settings.backend,
    cacheDirectory: storageDirectory,
    probeScript: probeScript(),
    decodeScript: decodeScript(),
  };
}

/**
 * Tunes an engine and saves the result. Resolves to a sentence for the log. While another program is busy, only one
 * thread is measured, since threads that wait for each other take many times as long then, and the result counts for a while.
 */
async function tuneAndKeep(
  engine: LlamaEngine,
  conditions: TuningConditions,
  cacheDirectory: string,
  progress: TuningProgress,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { threads, exactness } = conditions;
  const before = engine.configuration;
  const isBusy = () => engine.decoder.otherLoad > BUSY_SHARE * availableParallelism();
  const wasBusy = isBusy();
  const choices = wasBusy ? [1] : threadChoices(threads);
  const tuning = await tune(engine, { threadChoices: choices, exactness, progress }, signal);
  if (!tuning) return undefined;
  if (!wasBusy && !isBusy()) {
    writeTuning(cacheDirectory, engine.info, conditions, tuning);
    return describe(engine, tuning);
  }
  writeTuning(cacheDirectory, engine.info, conditions, tuning, "busy");
  const described = describe(engine, tuning);
  useRough(engine, tuning, before.threads);
  return `${described} Other programs were busy during the measurement: it is repeated at the next start.`;
}

/** Uses a tuning that was measured while other programs were busy. @param threads that were chosen without measuring */
function useRough(engine: LlamaEngine, tuning: EngineConfiguration, threads: number): void {
  // With this type of keys the number of threads does not change results.
  const isFree = engine.info.keys === "q8_0";
  engine.configure(isFree ? { ...tuning, threads, costs: undefined } : tuning);
}

function describe(engine: LlamaEngine, { threads, rowPadding, exactRows }: EngineConfiguration): string {
  const padding = rowPadding === 1 ? "" : `, decodes padded to ${rowPadding} rows`;
  const drafts =
    exactRows === 1
      ? "drafts are off, since no tree gives exactly the results of single tokens here"
      : `trees of up to ${exactRows} tokens give exactly the results of single tokens${padding}`;
  return `Tuned: ${counted(threads, "thread")}, ${engine.cost(1).toFixed(1)} ms per token, ${engine.cost(4).toFixed(1)} ms for 4; ${drafts}.`;
}

/** Loads the model that the settings choose to draft for `engine`. */
async function loadDraftModel(
  engine: LlamaEngine,
  settings: Settings,
  storageDirectory: string | undefined,
): Promise<DraftModelOutcome> {
  if (settings.draftModel === "") return undefined;
  const found =
    settings.draftModel === AUTO_DRAFT_MODEL ? await findDraftModel(engine.info) : settings.draftModel;
  if (found === undefined) return undefined;
  const file = fileOf(found, settings);
  if ("problem" in file) return { problem: { code: "modelMissing", ...file.problem } };
  // Drafts may be computed in any way that is fast.
  const options = { ...loadOptions(file.path, settings, storageDirectory), reuse: "shifted" } as const;
  const outcome = await loadBeside(engine, options);
  if ("problem" in outcome) return outcome;
  const drafters = [outcome.engine];
  if (outcome.engine.info.backend !== "cpu") {
    // A small model may be as fast on the processor, which is otherwise idle; graphics memory is left to the main model.
    const other = await loadBeside(engine, { ...options, onProcessor: true });
    if ("engine" in other) drafters.push(other.engine);
  }
  const attempts = new LoadAttempts(options.cacheDirectory);
  const candidates: LoadedDraftModel[] = [];
  for (const drafter of drafters)
    if (attempts.isDistrusted(drafterSubject(drafter))) await drafter.dispose();
    else candidates.push(drafting(engine, drafter, attempts));
  return candidates.length > 0 ? { candidates } : { problem: endedByDrafter(outcome.engine.info) };
}

const drafting = (engine: LlamaEngine, drafter: LlamaEngine, attempts: LoadAttempts): LoadedDraftModel => ({
  engine: drafter,
  async tune(signal) {
    drafter.shareThreadsOf(engine);
    const tuneIt = async () => (await tuneDrafter(drafter, signal)) || undefined;
    return (await watchTuning(attempts, drafterSubject(drafter), tuneIt)) === true;
  },
});

const endedByDrafter = ({ modelPath, backend }: LlamaEngine["info"]): EngineProblem => ({
  code: "modelUnsuitable",
  message: `Measuring how ${modelPath} drafts on ${backend} has ended the server repeatedly, so it is not tried again automatically.`,
  remedy:
    'Choose another file in the setting "foretoken.draftModel", or clear it. To try it again: Foretoken: Restart Server.',
});

/**
 * Names a model's tuning among load attempts: it is the first to decode trees of all sizes, and a graphics driver may end the
 * process only then.
 */
const tuningSubject = ({ info }: LlamaEngine) =>
  `tuning ${info.modelPath} ${modelStamp(info.modelPath)} ${info.backend} ${info.release}`;

/** The same for a model that drafts: a driver may fail only when it has a second model to compute. */
const drafterSubject = (drafter: LlamaEngine) => `drafter ${tuningSubject(drafter)}`;

/** Runs a tuning as a recorded attempt; undefined if it was aborted or failed. */
async function watchTuning<T>(
  attempts: LoadAttempts,
  subject: string,
  work: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const attempt = attempts.begin(subject);
  try {
    const found = await work();
    if (found !== undefined) attempt.succeeded();
    return found;
  } finally {
    attempt.ended();
  }
}

const untunedNote = ({ backend, modelName }: LlamaEngine["info"]) =>
  `Measuring how ${modelName} runs on ${backend} has ended the server repeatedly: it runs unmeasured, without drafts. To try it again: Foretoken: Restart Server.`;

/** Lets everything be tried again that has failed on this machine. */
function forgetFailures(storageDirectory: string): void {
  new LoadAttempts(storageDirectory).forget();
  forgetMissingDevices(storageDirectory);
}

const report = (message: string) => process.stderr.write(`foretoken: ${message}\n`);

/** Loads the model that the settings choose and remembers its tuning. */
export const modelLoader = (storageDirectory: string | undefined, retryLoads = false): LoadModel => {
  if (retryLoads) forgetFailures(storageDirectory ?? cacheDirectory());
  let reconsidering = false;
  return async (settings, lessThan, onShare): Promise<EngineOutcome> => {
    const file = modelFile(settings);
    if ("problem" in file) return { problem: { code: "modelMissing", ...file.problem } };
    const options = { ...loadOptions(file.path, settings, storageDirectory), lessThan };
    // A file that is replaced while its model is loaded, or measured, is not the one that the measurement is of.
    const stamp = modelStamp(file.path);
    const outcome = await withLoadedShare(file.path, onShare, () => loadEngine(options));
    if ("problem" in outcome) return outcome;
    const { engine, placement } = outcome;
    const conditions = { stamp, threads: settings.threads, exactness: settings.exactness };
    const known = readTuning(options.cacheDirectory, engine.info, conditions);
    if (known) engine.configure(known);
    if (settings.backend === "auto" && !reconsidering) {
      reconsidering = true;
      const again = () => inBackground(decide(options), "Choosing the back end", report);
      setTimeout(again, RECONSIDER_MS).unref();
    }
    const attempts = new LoadAttempts(options.cacheDirectory);
    const subject = tuningSubject(engine);
    if (!known && attempts.isDistrusted(subject)) {
      engine.info = { ...engine.info, notes: [...engine.info.notes, untunedNote(engine.info)] };
      return { engine, placement };
    }
    const rough = known ? undefined : readTuning(options.cacheDirectory, engine.info, conditions, "busy");
    if (rough) useRough(engine, rough, engine.configuration.threads);
    const progress = newProgress();
    const tuneOnce = (signal: AbortSignal) =>
      watchTuning(attempts, subject, () =>
        tuneAndKeep(engine, conditions, options.cacheDirectory, progress, signal),
      );
    const draftModel = new DraftModelSlot(wanted => loadDraftModel(engine, wanted, storageDirectory));
    return {
      engine,
      placement,
      draftModel,
      ...(!known && { tune: tuneOnce, isTunedRoughly: rough !== undefined }),
    };
  };
};
