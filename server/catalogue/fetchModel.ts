/** Brings a model to this machine: complete, with the right hash, and only once, however many windows request it. */
import { constants, existsSync, linkSync, symlinkSync } from "node:fs";
import { copyFile, rename, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import {
  fileUrl,
  type HubOptions,
  listRepository,
  type Repository,
  repositoryLabel,
  type Transfer,
  transfer,
} from "../../datastores/download/index.ts";
import {
  codeOf,
  fileError,
  lock,
  StoreError,
  type StoreProblem,
  storeError,
  throwIfCancelled,
} from "../../datastores/index.ts";
import { makeFolder, partsOf } from "../system/index.ts";
import type { CatalogueFile } from "./catalogue.ts";
import { isGguf } from "./gguf.ts";
import { addressParts, fetchedModel, hubPath, writeReceipt } from "./modelFolder.ts";
import { type ModelReference, nameOf, quantisationOf } from "./reference.ts";
import { TransferRate } from "./transferRate.ts";

/** Progress of a download. */
export interface FetchProgress {
  readonly bytes: number;
  readonly totalBytes: number;
  /** Average of the last seconds; 0 before it is known. */
  readonly bytesPerSecond: number;
  /** Absent while the rate is not known. */
  readonly leftMs?: number;
}

export interface FetchOptions extends Omit<HubOptions, "kind"> {
  /** As the user wrote it; saved with the model in its shortest form. */
  readonly reference: string;
  readonly onProgress?: (progress: FetchProgress) => void;
  /** Files on this machine by the sha256 of their content: these are not fetched again. */
  readonly present?: ReadonlyMap<string, string>;
}

type FetchOutcome =
  | { readonly path: string; readonly bytes: number }
  | { readonly problem: Pick<StoreProblem, "code" | "message" | "remedy"> };

/** Time between checks of a download in another window. */
const POLL_MS = 500;

/**
 * Fetches the model of a reference into the models' folder, and continues where an earlier call stopped. A path is returned
 * unchanged. Expected failures are values; the signal's abort gives one of code `cancelled`.
 */
export async function fetchModel(
  reference: ModelReference,
  folder: string,
  options: FetchOptions,
): Promise<FetchOutcome> {
  if (reference.kind === "path") return { path: reference.path, bytes: 0 };
  const hub: HubOptions = { ...options, kind: "model" };
  try {
    const parts: readonly Transfer[] =
      reference.kind === "hub"
        ? await hubParts(reference.file, folder, hub)
        : addressParts(folder, reference.url).map(part => ({ ...part, name: basename(part.path) }));
    const [first] = parts;
    if (!first) throw new Error("a model of no parts");
    const there = parts.length === 1 && first.sha256 !== undefined && options.present?.get(first.sha256);
    const name = nameOf(reference, options.reference);
    const bytes = there ? await adopt(first, there, name) : await fetchParts(parts, hub, options, name);
    return { path: first.path, bytes };
  } catch (error) {
    if (error instanceof StoreError) return { problem: error.problem };
    // The user must fix what the file system refuses; anything else is a fault.
    if (codeOf(error) !== undefined) return { problem: fileError(error, folder).problem };
    throw error;
  }
}

/** Uses a file that is on this machine already: through a link if the file system can make one, else as a copy. */
async function adopt(part: Transfer, there: string, name: string): Promise<number> {
  const { path, bytes = 0 } = part;
  makeFolder(dirname(path));
  if (!existsSync(path) && !isLinked(there, path)) {
    await refuseFullDisk([part], dirname(path));
    await copyFile(there, `${path}.part`, constants.COPYFILE_FICLONE);
    await rename(`${path}.part`, path);
  }
  noteFetched(path, bytes, name);
  return bytes;
}

/** Links a file to a second path; false if that is not possible, as on another volume, or not allowed. */
function isLinked(there: string, path: string): boolean {
  for (const link of [linkSync, symlinkSync])
    try {
      link(there, path);
      return true;
    } catch {
      // Try the next kind.
    }
  return false;
}

/** Records that a model was fetched, with all names under which it was. */
function noteFetched(path: string, bytes: number, name: string): void {
  const { references = [], fetched } = fetchedModel(path) ?? {};
  if (references.includes(name)) return;
  writeReceipt(path, {
    references: [...references, name],
    bytes,
    fetched: fetched ?? new Date().toISOString(),
  });
}

/** The parts of a file of the hub, at the commit that its revision currently stands for. */
async function hubParts(file: CatalogueFile, folder: string, options: HubOptions): Promise<Transfer[]> {
  const { repository: name, revision } = file;
  const repository: Repository = { type: "model", name, revision };
  const isModel = (path: string) => /\.gguf$/i.test(path);
  const { commit, files } = await listRepository(repository, "", isModel, options);
  const paths = partsOf(chosenPath(file, repository, files));
  return paths.map(path => {
    const found = files.find(each => each.path === path);
    if (!found)
      throw storeError(
        "missing",
        `${repositoryLabel(repository)} has no file ${path}.`,
        `It has ${files.map(each => each.path).join(", ") || "no GGUF file"}.`,
      );
    const { bytes, sha256 } = found;
    if (paths.length === 1 && file.sha256 !== undefined && sha256 !== undefined && file.sha256 !== sha256)
      throw storeError(
        "foreign",
        `${path} of ${repositoryLabel(repository)} is not the file that the catalogue names: its sha256 differs.`,
        `If you trust the repository, name the file: hf:${name}:${path}.`,
      );
    const hash = sha256 ?? file.sha256;
    return {
      url: fileUrl(repository, commit, path, options),
      path: hubPath(folder, file, commit, path),
      name: `${name} ${path}`,
      bytes,
      ...(hash === undefined ? {} : { sha256: hash }),
    };
  });
}

/** The named path, or the file of the quantisation: the shortest name, since longer ones mark special variants. */
function chosenPath(
  { path, quantisation }: CatalogueFile,
  repository: Repository,
  files: readonly { readonly path: string }[],
): string {
  if (path !== undefined) return path;
  const fits = files
    .map(file => file.path)
    .filter(each => quantisationOf(each) === quantisation.toUpperCase() && !/mmproj/i.test(each))
    .sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  if (fits[0] !== undefined) return fits[0];
  throw storeError(
    "missing",
    `${repositoryLabel(repository)} has no ${quantisation}.`,
    `It has ${files.map(file => file.path).join(", ") || "no GGUF file"}.`,
  );
}

async function fetchParts(
  parts: readonly Transfer[],
  hub: HubOptions,
  options: FetchOptions,
  name: string,
): Promise<number> {
  const [first] = parts as [Transfer];
  const folder = dirname(first.path);
  makeFolder(folder);
  const unlock = await turn(folder, basename(first.path), options.signal);
  try {
    const already = fetchedModel(first.path);
    if (already) {
      noteFetched(first.path, already.bytes, name);
      return already.bytes;
    }
    await refuseFullDisk(parts, folder);
    const rate = new TransferRate();
    let before = 0;
    for (const part of parts) {
      const onProgress = (bytes: number, ofPart: number) => {
        const known = parts.reduce((sum, each) => sum + (each.bytes ?? 0), 0);
        const totalBytes = Math.max(known, before + ofPart);
        options.onProgress?.({ ...rate.at(before + bytes, totalBytes), bytes: before + bytes, totalBytes });
      };
      before += (await transfer(part, { ...hub, onProgress })).bytes;
      refuseOtherFiles(part);
    }
    noteFetched(first.path, before, name);
    return before;
  } finally {
    unlock();
  }
}

/** Waits until no other process fetches the same file; the caller then finds what that process has fetched. */
async function turn(folder: string, name: string, signal: AbortSignal | undefined): Promise<() => void> {
  for (;;) {
    throwIfCancelled(signal);
    try {
      return lock(folder, name, "download");
    } catch (error) {
      if (!(error instanceof StoreError) || error.problem.code !== "busy") throw error;
    }
    await pause(POLL_MS);
  }
}

/** To be called before the first byte of any part is fetched: a split model is useless without its last part. */
async function refuseFullDisk(parts: readonly Transfer[], folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const wanted = parts.reduce((sum, part) => sum + (part.bytes ?? 0), 0);
  const sizes = await Promise.all(parts.flatMap(({ path }) => [sizeOf(path), sizeOf(`${path}.part`)]));
  const missing = wanted - sizes.reduce((sum, size) => sum + size, 0);
  if (missing <= bavail * bsize) return;
  const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
  throw storeError(
    "noSpace",
    `The model needs ${megabytes(missing)} MB in ${folder}; there are ${megabytes(bavail * bsize)}.`,
    "Free some space, or choose a smaller model.",
  );
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** An address may return a login page with a status of success. */
function refuseOtherFiles({ path, name }: Transfer): void {
  if (isGguf(path)) return;
  throw storeError(
    "foreign",
    `${name} is not a GGUF file, though it was fetched whole.`,
    `Delete ${path}, and check the address in a browser.`,
  );
}

/** The folder of fetched models, within a folder for data that can be created again. */
export const modelsFolder = (cacheFolder: string): string => join(cacheFolder, "models");
