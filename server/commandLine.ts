/** What commands that load a model have in common: their options, the model, its first measurement. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { chosenModel, DEFAULT_MODEL, locateModel, modelsFolder, readCatalogue } from "./catalogue/index.ts";
import { openCorpus } from "./corpus/index.ts";
import { DraftMemory, DraftModel, GREEDY, type SamplingOptions } from "./draft/index.ts";
import { backendOf, type LoadedModel, modelLoader } from "./model/index.ts";
import { AUTO_DRAFT_MODEL, readSettings, type Settings } from "./protocol/index.ts";
import {
  ArgumentsError,
  cacheDirectory,
  cataloguePath,
  inOptions,
  orUsageError,
  printable,
  UsageError,
  whole,
} from "./system/index.ts";

/** Writes a message beside the result. Settings that it names are replaced by options. */
export const note = (message: string): void => {
  process.stderr.write(`foretoken: ${printable(inOptions(message))}\n`);
};

/** Without a temperature the most likely token is taken and the other options would have no effect: they are refused. */
const SAMPLING_FLAGS = {
  temperature: { type: "string" },
  seed: { type: "string" },
  "top-k": { type: "string" },
  "top-p": { type: "string" },
  "min-p": { type: "string" },
} as const;

/** The options of commands that generate text. */
export const GENERATION_FLAGS = {
  model: { type: "string" },
  "draft-model": { type: "string" },
  backend: { type: "string" },
  datastore: { type: "string" },
  "max-tokens": { type: "string" },
  "no-drafts": { type: "boolean" },
  ...SAMPLING_FLAGS,
} as const;

type GenerationValues = Partial<Record<Exclude<keyof typeof GENERATION_FLAGS, "no-drafts">, string>> & {
  readonly "no-drafts"?: boolean;
};

/** What can be read of these options without a model. @param standardTokens default limit of tokens */
export const generationOf = (values: GenerationValues, standardTokens: number) => ({
  sampling: samplingOf(values),
  maxTokens: whole(values, "max-tokens", standardTokens, 1),
  backend: backendOf(values.backend),
});

/** How tokens are drawn, if a temperature is given. */
function samplingOf(
  values: Partial<Record<keyof typeof SAMPLING_FLAGS, string>>,
): { sampling: SamplingOptions } | undefined {
  const others = ["seed", "top-k", "top-p", "min-p"] as const;
  const idle = values.temperature === undefined && others.find(name => values[name] !== undefined);
  if (idle) throw new ArgumentsError(`--${idle} needs --temperature.`);
  const number = (
    name: keyof typeof SAMPLING_FLAGS,
    standard: number,
    fits: (value: number) => boolean,
    range: string,
  ) => {
    const value = values[name] === "" ? Number.NaN : Number(values[name] ?? standard);
    if (!fits(value)) throw new UsageError(`--${name} must be ${range}, got ${values[name]}.`);
    return value;
  };
  const whole = (value: number) => Number.isInteger(value) && value >= 0;
  const sampling = {
    temperature: number("temperature", GREEDY.temperature, value => value >= 0, "a number from 0"),
    seed: number("seed", GREEDY.seed, whole, "a whole number from 0"),
    topK: number("top-k", GREEDY.topK, whole, "a whole number from 0"),
    topP: number("top-p", GREEDY.topP, value => value > 0 && value <= 1, "above 0 and at most 1"),
    minP: number("min-p", GREEDY.minP, value => value >= 0 && value < 1, "from 0 and below 1"),
  };
  return sampling.temperature > 0 ? { sampling } : undefined;
}

/**
 * The file of a model that is named as for `foretoken model`; without a name, the chosen one. undefined for the default
 * model. Throws a `UsageError` if the file does not exist.
 */
export function pathOfModel(given: string | undefined): string | undefined {
  if (given === DEFAULT_MODEL) return undefined;
  if (given === undefined) {
    const chosen = chosenModel(cacheDirectory());
    if (chosen !== undefined && !existsSync(chosen))
      throw new UsageError(
        `The model chosen with "foretoken model use" no longer exists: ${chosen}. Choose another, or the default model: foretoken model use default.`,
      );
    return chosen;
  }
  const { models } = orUsageError(readCatalogue(cataloguePath()));
  return orUsageError(locateModel(given, models, modelsFolder(cacheDirectory()))).path;
}

/** The store of the option `--datastore`, opened. Throws a `UsageError` if it is not a store for the model. */
const openDatastore = (given: string | undefined, { vocabulary }: LoadedModel["engine"]) =>
  given === undefined ? undefined : openCorpus(resolve(given), vocabulary.fingerprint);

/**
 * @param modelPath undefined for the default model
 * @param retryLoads whether what has ended a process repeatedly is tried again
 */
export async function loadForCommand(
  modelPath: string | undefined,
  backend: Settings["backend"],
  { retryLoads = false, ...others }: Partial<Settings> & { readonly retryLoads?: boolean } = {},
) {
  const { settings } = readSettings({ ...others, backend, modelPath: modelPath ?? "" });
  return orUsageError(await modelLoader(undefined, retryLoads)(settings));
}

/** Measures the model if needed, and reports the result. */
export async function tuneOnce({ tune, isTunedRoughly }: LoadedModel, signal: AbortSignal): Promise<void> {
  if (!tune || isTunedRoughly) return;
  note("measuring how this machine runs the model");
  const found = await tune(signal);
  if (found !== undefined) note(found);
}

/**
 * Measures a loaded model and loads its draft model, which the loaded model disposes; undefined if none is named, or
 * `auto` finds none. @param given as for `pathOfModel`, or `auto`
 */
async function prepareDrafting(
  loaded: LoadedModel,
  given: string | undefined,
  backend: Settings["backend"],
  signal: AbortSignal,
): Promise<DraftModel | undefined> {
  const { draftModel } = loaded;
  let tuning: Promise<void> | undefined;
  const tuned = () => {
    tuning ??= tuneOnce(loaded, signal);
    return tuning;
  };
  if (given !== undefined && draftModel) {
    const file = given === AUTO_DRAFT_MODEL ? given : pathOfModel(given);
    const { settings } = readSettings({ backend, draftModel: file });
    // Problems with the draft model are found before the measurement, which takes a while.
    const problem = await draftModel.use(settings, async measure => {
      await tuned();
      return measure(new AbortController().signal);
    });
    if (problem) orUsageError({ problem });
  }
  await tuned();
  return draftModel?.engine && new DraftModel(draftModel.engine, note);
}

/** Measures a loaded model, and opens the sources of its drafts. `close` ends the use of the store. */
export async function openDrafts(
  loaded: LoadedModel,
  values: GenerationValues,
  backend: Settings["backend"],
  signal: AbortSignal,
) {
  const { engine } = loaded;
  const drafts = values["no-drafts"] !== true;
  const opened = openDatastore(values.datastore, engine);
  const draftModel = await prepareDrafting(
    loaded,
    drafts ? values["draft-model"] : undefined,
    backend,
    signal,
  );
  const treeNodes = drafts ? engine.info.maxTreeNodes : 1;
  const memory = new DraftMemory(engine.vocabulary);
  return {
    drafting: { treeNodes, memory, corpora: opened?.sources ?? [], draftModel },
    close: () => opened?.store.close(),
  };
}
