/** From what a person wrote for a model to a file of this machine. */
import { existsSync } from "node:fs";
import { resolvePath } from "../system/index.ts";
import type { CatalogueModel } from "./catalogue.ts";
import { addressPath, fetchedModel, fetchedModels, hubPlace } from "./modelFolder.ts";
import { type ModelReference, parseReference, quantisationOf, similarTo } from "./reference.ts";

export type LocateOutcome =
  | { readonly path: string }
  | { readonly problem: { readonly message: string; readonly remedy: string } };

/**
 * Finds the file that a reference stands for, without asking the network.
 * @param folder of the fetched models
 * @param folders of the workspace, for paths
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
  const path = pathOf(reference, folder, folders);
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

function pathOf(reference: ModelReference, folder: string, folders: readonly string[]): string | undefined {
  if (reference.kind === "path") return resolvePath(reference.path, folders);
  if (reference.kind === "address") return fetchedModel(addressPath(folder, reference.url))?.path;
  const { repository, path, quantisation } = reference.file;
  const isSame = (file: string) => {
    const place = hubPlace(folder, file);
    if (place?.repository.toLowerCase() !== repository.toLowerCase()) return false;
    return path === undefined
      ? quantisationOf(place.path) === quantisation.toUpperCase()
      : place.path === path;
  };
  // Of several commits, the one that was fetched last.
  const fits = fetchedModels(folder).filter(model => isSame(model.path));
  return fits.sort((a, b) => (a.fetched < b.fetched ? 1 : -1))[0]?.path;
}
