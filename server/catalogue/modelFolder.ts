/** Fetched models: where each is stored, which exist, and how one is removed. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { partsOf, writeWhole } from "../system/index.ts";
import type { CatalogueFile } from "./catalogue.ts";

/** Written beside a model once all of it is fetched. */
interface Receipt {
  /** References it was fetched by, as users write them: names of the catalogue, `hf:...` or addresses; at least one. */
  readonly references: readonly string[];
  readonly bytes: number;
  /** ISO 8601. */
  readonly fetched: string;
}

export interface FetchedModel extends Receipt {
  /** The file to load: the first part of a split model. */
  readonly path: string;
}

const RECEIPT = ".fetched.json";
/** Depth of folders below the models' folder: a host or hub, owner, repository, commit, and folders of the repository. */
const MAX_DEPTH = 32;

/** The local path for a file of a repository's commit. */
export const hubPath = (folder: string, { repository }: CatalogueFile, commit: string, path: string) =>
  join(folder, "hf", ...repository.split("/"), commit, ...path.split("/"));

/** A file's place on the hub. */
interface HubPlace {
  readonly repository: string;
  readonly commit: string;
  readonly path: string;
}

/** The place that a file was fetched from; undefined for a file whose path is not from `hubPath`. */
export function hubPlace(folder: string, file: string): HubPlace | undefined {
  const [kind, owner, name, commit = "", ...within] = relative(folder, file).split(sep);
  return kind === "hf" && within.length > 0
    ? { repository: `${owner}/${name}`, commit, path: within.join("/") }
    : undefined;
}

/** Addresses and local paths of all parts of the model at an address; addresses that differ at all get different paths. */
export function addressParts(folder: string, url: string): { url: string; path: string }[] {
  const { pathname } = new URL(url);
  const urls = partsOf(pathname).map(each => Object.assign(new URL(url), { pathname: each }));
  const mark = createHash("sha256")
    .update(urls[0]?.href ?? url)
    .digest("hex")
    .slice(0, 12);
  return urls.map(each => ({
    url: each.href,
    path: join(folder, "url", portableName(each.hostname), mark, fileName(each.pathname)),
  }));
}

/** The local path for the first part of the model at an address. */
export const addressPath = (folder: string, url: string): string =>
  (addressParts(folder, url)[0] as { path: string }).path;

/** The last part of an address as a valid file name. */
function fileName(pathname: string): string {
  const name = basename(pathname);
  try {
    return portableName(decodeURIComponent(name));
  } catch {
    return portableName(name); // Not UTF-8.
  }
}

/** Makes a name valid on every system: Windows has the strictest rules. */
function portableName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these cannot stand in names either.
  const clean = name.replace(/[\\/:<>"|?*\x00-\x1f]/g, "_").replace(/[. ]+$/, "_");
  return /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(clean) ? `_${clean}` : clean;
}

/** The model at that path, if all of it was fetched. */
export function fetchedModel(path: string): FetchedModel | undefined {
  const receipt = readReceipt(path + RECEIPT);
  return receipt && partsHere(path).every(part => existsSync(part)) ? { ...receipt, path } : undefined;
}

/** Records that all of a model is fetched. */
export function writeReceipt(path: string, receipt: Receipt): void {
  writeWhole(path + RECEIPT, JSON.stringify(receipt));
}

/** All completely fetched models, in the order of their paths. */
export function fetchedModels(folder: string): FetchedModel[] {
  return receiptsBelow(folder, MAX_DEPTH)
    .map(file => fetchedModel(file.slice(0, -RECEIPT.length)))
    .filter(model => model !== undefined);
}

/**
 * Removes a fetched model and the folders that become empty. Throws the file system's errors: Windows keeps a file that is in
 * use. The receipt goes last, so that such a model is still listed and can be removed later.
 */
export function removeModel(folder: string, { path }: FetchedModel): void {
  for (const part of partsHere(path))
    for (const file of [part, `${part}.part`, `${part}.part.etag`]) rmSync(file, { force: true });
  rmSync(path + RECEIPT, { force: true });
  let above = dirname(path);
  while (relative(folder, above) !== "" && !relative(folder, above).startsWith(`..${sep}`)) {
    if (readdirSync(above).length > 0) return;
    rmdirSync(above);
    above = dirname(above);
  }
}

const partsHere = (path: string) => partsOf(basename(path)).map(name => join(dirname(path), name));

function readReceipt(file: string): Receipt | undefined {
  try {
    const { references, bytes, fetched } = JSON.parse(readFileSync(file, "utf8")) as Partial<Receipt>;
    const areTexts = Array.isArray(references) && references.every(each => typeof each === "string");
    if (!areTexts || references.length === 0 || typeof bytes !== "number" || typeof fetched !== "string")
      return undefined;
    return { references, bytes, fetched };
  } catch {
    return undefined; // Damaged: the model counts as not fetched, and fetching it finds its files there.
  }
}

function receiptsBelow(folder: string, depth: number): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return [];
  }
  return names.flatMap(name => {
    const path = join(folder, name);
    if (name.endsWith(RECEIPT)) return [path];
    return depth > 0 && statSync(path, { throwIfNoEntry: false })?.isDirectory()
      ? receiptsBelow(path, depth - 1)
      : [];
  });
}
