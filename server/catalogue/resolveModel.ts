/** Finds the local file for what a user wrote for a model. */
import { existsSync } from "node:fs";
import { partsOf, resolvePath } from "../system/index.ts";
import type { CatalogueModel } from "./catalogue.ts";
import { addressPath, type FetchedModel, fetchedModel, fetchedModels, hubPlace } from "./modelFolder.ts";
import { type ModelReference, parseReference, quantisationOf, similarTo } from "./reference.ts";

export type LocateOutcome =
  | { readonly path: string }
  | { readonly problem: { readonly message: string; readonly remedy: string } };

/**
 * Finds the file that a reference stands for, without network access.
 * @param folder the folder of fetched models
 * @param folders the workspace's folders, for relative paths
 */
export function locateModel(
  text: string,
  models: readonly CatalogueModel[],
  folder: string,
  folders: readonly string[] = [],
): LocateOutcome {
  const read = parseReference(text, models);
  if ("problem" in read)
    return existsSync(resolvePath(text, folders)) ? { path: resolvePath(text, folders) } : read;
  const { reference } = read;
  const path = pathOf(reference, models, folder, folders);
  if (path !== undefined && existsSync(path)) return { path };
  if (path !== undefined && reference.kind === "path")
    return {
      problem: {
        message: `There is no model at ${path}.`,
        remedy: similarTo(text, models),
      },
    };
  return {
    problem: {
      message: `The model ${text} has not been fetched.`,
      remedy: `Fetch it with "Foretoken: Choose Model", or "foretoken model get ${text}".`,
    },
  };
}

function pathOf(
  reference: ModelReference,
  models: readonly CatalogueModel[],
  folder: string,
  folders: readonly string[],
): string | undefined {
  if (reference.kind === "path") return resolvePath(reference.path, folders);
  if (reference.kind === "address") return fetchedModel(addressPath(folder, reference.url))?.path;
  const { repository, revision, path, quantisation } = reference.file;
  const revisionOf = (text: string) => {
    const read = parseReference(text, models);
    return "reference" in read && read.reference.kind === "hub" ? read.reference.file.revision : undefined;
  };
  const isSame = ({ path: file, references }: FetchedModel) => {
    const place = hubPlace(folder, file);
    if (place?.repository.toLowerCase() !== repository.toLowerCase()) return false;
    if (place.commit !== revision && !references.some(each => revisionOf(each) === revision)) return false;
    return path === undefined
      ? quantisationOf(place.path) === quantisation.toUpperCase()
      : place.path === partsOf(path)[0];
  };
  // If the revision has stood for several commits, the one fetched last counts.
  const fits = fetchedModels(folder).filter(isSame);
  return fits.sort((a, b) => (a.fetched < b.fetched ? 1 : -1))[0]?.path;
}
