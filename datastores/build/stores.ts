/** Stores on disk: opens, checks, lists and removes them, and leaves removed documents out of searches. */
import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { writeWhole } from "../files/index.ts";
import { DenyList } from "../filters/index.ts";
import { type Residence, Shard, Store, shardProblem } from "../index/index.ts";
import { codeOf, fileError, StoreError } from "../index.ts";
import { withoutBuilds } from "./claims.ts";
import { type DocumentLists, readDocumentLists } from "./documentLists.ts";
import { refuseForeign, removeEmpty } from "./folder.ts";
import { inFolder } from "./inFolder.ts";
import { manifestFiles, namesIn } from "./manifest.ts";
import { isOwnFile, repeatedName, TOMBSTONES } from "./ownFiles.ts";
import { checkShard, checkTokenizer } from "./shardCheck.ts";
import { isMarked, repeatedIn } from "./sketches.ts";
import {
  isEmptyBuild,
  isWholeBuild,
  noStore,
  nothingFound,
  readBuilds,
  readStore,
  type StoreManifest,
} from "./storeManifest.ts";

/** What was removed from a store whose shards still contain it. */
interface Tombstones {
  /** Owners, repositories as `owner/name`, and content ids, in lower case. */
  readonly denied: readonly string[];
  readonly documents: DocumentLists;
}

function readTombstones(directory: string): Tombstones {
  const path = join(directory, TOMBSTONES);
  const remedy = "Delete it and remove again what was removed.";
  const { documents, value } = readDocumentLists(path, remedy);
  const { denied = [] } = value as Partial<Tombstones>;
  if (!Array.isArray(denied) || !denied.every(each => typeof each === "string"))
    throw new StoreError({ code: "corrupt", message: `${path} is damaged.`, remedy });
  return { denied, documents };
}

/** Owners, repositories and content ids that were removed from a store, for the next build to leave out. */
export const removedFrom = (directory: string): readonly string[] => readTombstones(directory).denied;

/** Opens all shards of a store, without documents that were removed or repeat another input. Throws a `StoreError`. */
export function openStore(directory: string, residence: Residence = "file"): Store {
  const { build, shards, tokenizer } = readStore(directory);
  const excluded = [readTombstones(directory).documents, repeatedIn(directory, build)];
  const files = shards.map(({ file }) => file);
  const store = Store.open(
    files.map(file => join(directory, file)),
    residence,
  );
  try {
    for (const [index, shard] of store.shards.entries()) {
      checkTokenizer(shard.metadata, tokenizer, shard.name);
      for (const documents of excluded) shard.exclude(documents[files[index]] ?? []);
    }
    return store;
  } catch (error) {
    store.close();
    // The list of removed documents names some that the shard does not have.
    throw error instanceof RangeError
      ? shardProblem("corrupt", `${directory}: ${error.message}`, error)
      : error;
  }
}

/**
 * Checks that a store is complete: all shares of the last build, every shard, and that all belong to it. Throws a
 * `StoreError` that names what is damaged or missing.
 */
export function verifyStore(directory: string): void {
  const { store, last, damaged } = readBuilds(directory);
  for (const problem of damaged.values()) throw problem;
  const { build, shards, tokenizer } = store;
  if (isEmptyBuild(last)) throw nothingFound(last);
  if (!isWholeBuild(last)) throw lacking(directory, last, last.build !== build);
  for (const entry of shards) checkShard(directory, entry, tokenizer);
  if (!isMarked(directory, build))
    throw shardProblem("corrupt", `${directory} lacks ${repeatedName(build)}, which a build writes.`);
  const files = new Set(shards.map(({ file }) => file));
  const unknown = Object.keys(repeatedIn(directory, build)).find(file => !files.has(file));
  if (unknown !== undefined)
    throw shardProblem(
      "corrupt",
      `${directory}: ${repeatedName(build)} names ${unknown}, which is not a shard of the store.`,
    );
  // Also checks the lists of documents to leave out, which must be in these shards.
  openStore(directory).close();
}

/** @param isReplacing whether an earlier build is in use until the shares are complete */
function lacking(
  directory: string,
  { share, missingShares }: StoreManifest,
  isReplacing: boolean,
): StoreError {
  const until = isReplacing ? " Until they exist, the store that was built before stays in use." : "";
  return new StoreError({
    code: "missing",
    message: `${directory} lacks ${missingShares.length} of ${share.count} shares: ${missingShares.join(", ")}.${until}`,
    remedy: `Build them with --shard I/${share.count}; what already exists is reused.`,
  });
}

/**
 * The folders directly below `folder` that hold a store, or that cannot be read: whoever opens one of these learns why. Throws
 * a `StoreError` if `folder` itself cannot be read.
 */
export function listStores(folder: string): string[] {
  return foldersIn(folder).filter(mayHoldStore).sort();
}

/**
 * A text that differs once a store directly below `folder` was built, changed or removed, whichever process did it. Never
 * throws: what cannot be read is left out.
 */
export function stampOfStores(folder: string): string {
  const folders = orNone(() => foldersIn(folder)).sort();
  const files = folders.flatMap(directory =>
    [...orNone(() => manifestFiles(directory)), TOMBSTONES].map(file => join(directory, file)),
  );
  return files.map(file => `${file} ${stampOf(file)}`).join("\n");
}

function orNone(list: () => string[]): string[] {
  try {
    return list();
  } catch (error) {
    if (error instanceof StoreError) return [];
    throw error;
  }
}

/** These files are replaced by renaming, so another content is another file. */
function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return "";
  }
}

function mayHoldStore(directory: string): boolean {
  try {
    return manifestFiles(directory).length > 0;
  } catch (error) {
    if (error instanceof StoreError) return true;
    throw error;
  }
}

/** The sources of the store in a folder, as the user gave them; empty if there is no readable store. */
export function sourcesOf(directory: string): readonly string[] {
  try {
    return readStore(directory).sources;
  } catch (error) {
    if (error instanceof StoreError) return [];
    throw error;
  }
}

/**
 * Removes a store, or what an ended build has left of one, and nothing else: if the folder holds other files, it stays
 * with them. Throws a `StoreError` if there is no store, or if a build works on it.
 */
export function removeStore(directory: string): void {
  refuseForeign(directory);
  if (manifestFiles(directory).length === 0 && ownFiles(directory).length === 0) throw noStore(directory);
  withoutBuilds(directory, () => {
    // Manifests first: what an interrupted removal leaves is no store.
    for (const file of [...manifestFiles(directory), ...ownFiles(directory)])
      rmSync(join(directory, file), { force: true });
    removeDownloads(join(directory, "downloads"));
  });
  removeEmpty(directory);
}

const ownFiles = (directory: string) => namesIn(directory).filter(isOwnFile);

/** Removes downloads that an ended build has left, which lie by owner, data set and commit. */
function removeDownloads(folder: string): void {
  for (const owner of foldersIn(folder)) {
    for (const dataSet of foldersIn(owner)) {
      for (const commit of foldersIn(dataSet))
        if (/^[0-9a-f]{40}$/.test(basename(commit))) rmSync(commit, { recursive: true, force: true });
      removeEmpty(dataSet);
    }
    removeEmpty(owner);
  }
  removeEmpty(folder);
}

/** The folders in a folder; none if there is no such folder. Throws a `StoreError` if it cannot be read. */
function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => join(folder, name));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw fileError(error, folder);
  }
}

/**
 * Removes documents of an owner or a repository, or with a content id, from every search. Returns how many documents of the
 * store these names match. Throws a `StoreError` while a build is running, which would not know of it.
 */
export function addTombstones(directory: string, denied: readonly string[]): number {
  return withoutBuilds(directory, () => addToTombstones(directory, denied));
}

function addToTombstones(directory: string, denied: readonly string[]): number {
  const before = readTombstones(directory);
  const all = [...new Set([...before.denied, ...denied.map(each => each.toLowerCase())])];
  const added = DenyList.parse(denied.join("\n"), "what is to be removed");
  const list = DenyList.parse(before.denied.join("\n"), "what is to be removed").with(added);
  const documents: Record<string, number[]> = {};
  let count = 0;
  for (const { file } of readStore(directory).shards) {
    const shard = Shard.open(join(directory, file));
    try {
      const found: number[] = [];
      let index = 0;
      for (const document of shard.documents.all()) {
        if (list.matches(document) !== undefined) {
          found.push(index);
          if (added.matches(document) !== undefined) count++;
        }
        index++;
      }
      if (found.length > 0) documents[file] = found;
    } finally {
      shard.close();
    }
  }
  inFolder(directory, () =>
    writeWhole(join(directory, TOMBSTONES), JSON.stringify({ denied: all, documents })),
  );
  return count;
}
