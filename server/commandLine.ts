/** What commands that load a model have in common: their options, the model, its first measurement. */
import { resolve } from "node:path";
import { chosenModel, locateModel, modelsFolder, readCatalogue } from "./catalogue/index.ts";
import { openCorpus } from "./corpus/index.ts";
import { DraftModel, GREEDY, type SamplingOptions } from "./draft/index.ts";
import { type LoadedModel, modelLoader } from "./model/index.ts";
import { AUTO_DRAFT_MODEL, readSettings, type Settings } from "./protocol/index.ts";
import { ArgumentsError, cacheDirectory, cataloguePath, orUsageError, UsageError } from "./system/index.ts";

/** Says something beside the result. */
export const note = (message: string): void => {
  process.stderr.write(`foretoken: ${message}\n`);
};

const BACKENDS: readonly Settings["backend"][] = ["auto", "cpu", "cuda", "vulkan", "metal"];

/** The back end of the option `--backend`. Throws a `UsageError` for one that there is not. */
export function backendOf(given: string | undefined): Settings["backend"] {
  const backend = BACKENDS.find(each => each === (given ?? "auto"));
  if (!backend)
    throw new UsageError(
      `--backend must be ${BACKENDS.slice(0, -1).join(", ")} or ${BACKENDS.at(-1)}, got ${given}.`,
    );
  return backend;
}

/** Without a temperature the most likely token is taken, and the others would have no effect: they are refused. */
export const SAMPLING_FLAGS = {
  temperature: { type: "string" },
  seed: { type: "string" },
  "top-k": { type: "string" },
  "top-p": { type: "string" },
  "min-p": { type: "string" },
} as const;

/** How tokens are drawn, where a temperature is given. */
export function samplingOf(
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

/** The file of a model that is named in one of the ways of `foretoken model`; without a name, of the chosen one. */
export function pathOfModel(given: string | undefined): string | undefined {
  if (given === undefined) return chosenModel(cacheDirectory());
  const { models } = orUsageError(readCatalogue(cataloguePath()));
  return orUsageError(locateModel(given, models, modelsFolder(cacheDirectory()))).path;
}

/** The store of the option `--datastore`, open. Throws a `UsageError` where it is none for the model. */
export const openDatastore = (given: string | undefined, { vocabulary }: LoadedModel["engine"]) =>
  given === undefined ? undefined : openCorpus(resolve(given), vocabulary.fingerprint);

/** @param modelPath undefined for the default model */
export async function loadForCommand(
  modelPath: string | undefined,
  backend: Settings["backend"],
  others: Partial<Settings> = {},
) {
  const { settings } = readSettings({ ...others, backend, modelPath: modelPath ?? "" });
  return orUsageError(await modelLoader(undefined)(settings, 0));
}

/** Measures the model where that is not done, and says what came of it: beside busy programs it is done again. */
export async function tuneOnce({ tune }: LoadedModel, signal: AbortSignal): Promise<void> {
  if (!tune) return;
  note("measuring how this machine runs the model");
  const found = await tune(signal);
  if (found !== undefined) note(found);
}

/**
 * Measures a model that is loaded, and loads the one that drafts for it, which it disposes; undefined where none is named,
 * or `auto` finds none. @param given as for `pathOfModel`, or `auto`
 */
export async function prepareDrafting(
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
    // What is wrong with it is found before the measuring, which takes a while.
    const problem = await draftModel.use(settings, async measure => {
      await tuned();
      return measure(new AbortController().signal);
    });
    if (problem)
      throw new UsageError(
        `${problem.message} Give --draft-model a smaller model of the same family, or the same model in fewer bits.`,
      );
  }
  await tuned();
  return draftModel?.engine && new DraftModel(draftModel.engine, note);
}
