/** What commands that load a model have in common: their options, the model, its first measurement. */
import { chosenModel, locateModel, modelsFolder, readCatalogue } from "./catalogue/index.ts";
import { DraftModel, GREEDY, type SamplingOptions } from "./draft/index.ts";
import { type LoadedModel, modelLoader } from "./model/index.ts";
import { AUTO_DRAFT_MODEL, readSettings, type Settings } from "./protocol/index.ts";
import { cacheDirectory, cataloguePath, orUsageError, UsageError } from "./system/index.ts";

/** Without a temperature the most likely token is taken, and the others have no effect. */
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
  const number = (
    name: keyof typeof SAMPLING_FLAGS,
    standard: number,
    fits: (value: number) => boolean,
    range: string,
  ) => {
    const value = Number(values[name] ?? standard);
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

/** @param modelPath undefined for the default model */
export async function loadForCommand(
  modelPath: string | undefined,
  backend = "auto",
  others: Partial<Settings> = {},
) {
  const { settings, problems } = readSettings({ ...others, backend, modelPath: modelPath ?? "" });
  if (problems.length > 0) throw new UsageError(`--backend: ${problems.join(" ")}`);
  return orUsageError(await modelLoader(undefined)(settings, 0));
}

export async function tuneOnce({ tune }: LoadedModel, signal: AbortSignal): Promise<void> {
  if (!tune) return;
  process.stderr.write("foretoken: measuring how this machine runs the model, once\n");
  await tune(signal);
}

/**
 * Loads a model that drafts for one that is loaded and tuned, which disposes it; undefined where none is named, or
 * `auto` finds none. @param given as for `pathOfModel`, or `auto`
 */
export async function loadDraftModel(
  { draftModel }: LoadedModel,
  given: string | undefined,
  backend = "auto",
): Promise<DraftModel | undefined> {
  if (given === undefined || !draftModel) return undefined;
  const file = given === AUTO_DRAFT_MODEL ? given : pathOfModel(given);
  const { settings } = readSettings({ backend, draftModel: file });
  const problem = await draftModel.use(settings, work => work(new AbortController().signal));
  if (problem)
    throw new UsageError(
      `${problem.message} Give --draft-model a smaller model of the same family, or the same model in fewer bits.`,
    );
  const report = (message: string) => process.stderr.write(`foretoken: ${message}\n`);
  return draftModel.engine && new DraftModel(draftModel.engine, report);
}
