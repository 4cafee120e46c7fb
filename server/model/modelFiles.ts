/** The files of the models that the settings name. */
import {
  catalogueOf,
  isPathReference,
  type LocateOutcome,
  locateModel,
  modelsFolder,
} from "../catalogue/index.ts";
import type { Settings } from "../protocol/index.ts";
import { cacheDirectory, defaultModelPath, modelStamp, resolvePath } from "../system/index.ts";

/** The file of the model that the settings choose; the default model if they choose none. */
export function modelFile(settings: Settings): LocateOutcome {
  return settings.modelPath === "" ? { path: defaultModelPath() } : fileOf(settings.modelPath, settings);
}

/** The file of a model that is named in any of the supported ways. */
export function fileOf(reference: string, settings: Settings): LocateOutcome {
  if (isPathReference(reference)) return { path: resolvePath(reference) };
  const catalogue = catalogueOf(settings);
  if ("problem" in catalogue) return catalogue;
  return locateModel(reference, catalogue.models, modelsFolder(cacheDirectory()));
}

/** Changes when the file of the chosen model does, also by being fetched; undefined if there is none. */
export function chosenStamp(settings: Settings): string | undefined {
  const located = modelFile(settings);
  return "path" in located ? modelStamp(located.path) : undefined;
}
