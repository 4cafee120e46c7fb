/** Stores on disk: opened, checked, listed, removed, and what is not to be found in them any more. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../files/index.ts";
import { DenyList } from "../filters/index.ts";
import { type Residence, Shard, Store, shardProblem } from "../index/index.ts";
import { isLocked, StoreError } from "../index.ts";
import { manifestFiles, manifestName, readStore, type TokenizerEntry } from "./manifest.ts";

const TOMBSTONES = "tombstones.json";

/** What was removed from a store whose shards still have it. */
interface Tombstones {
  /** Owners, repositories as `owner/name`, and content ids, in lower case. */
  readonly denied: readonly string[];
  /** Indices of the documents concerned, by shard file. */
  readonly documents: Readonly<Record<string, readonly number[]>>;
}

function readTombstones(directory: string): Tombstones {
  const path = join(directory, TOMBSTONES);
  if (!existsSync(path)) return { denied: [], documents: {} };
  try {
    const { denied, documents } = JSON.parse(readFileSync(path, "utf8"));
    const isIndices = (value: unknown) => Array.isArray(value) && value.every(Number.isSafeInteger);
    if (Array.isArray(denied) && denied.every(each => typeof each === "string"))
      if (typeof documents === "object" && documents !== null && Object.values(documents).every(isIndices))
        return { denied, documents };
  } catch {
    // Reported below, as for one of the wrong shape.
  }
  // To go on without it would show what was to be removed.
  throw new StoreError({
    code: "corrupt",
    message: `${path} is damaged.`,
    remedy: "Delete it and remove again what was removed.",
  });
}

/** Owners, repositories and content ids that were removed from a store, for the next build to leave out. */
export const removedFrom = (directory: string): readonly string[] => readTombstones(directory).denied;

/** Opens all shards of a store, without what was removed from it. Throws a `StoreError`. */
export function openStore(directory: string, residence: Residence = "file"): Store {
  const { documents } = readTombstones(directory);
  const { shards, tokenizer } = readStore(directory);
  const files = shards.map(({ file }) => file);
  const store = Store.open(
    files.map(file => join(directory, file)),
    residence,
  );
  try {
    for (const [index, shard] of store.shards.entries()) {
      checkTokenizer(shard.metadata, tokenizer, shard.name);
      shard.exclude(documents[files[index]] ?? []);
    }
    return store;
  } catch (error) {
    store.close();
    // What is to be removed names documents that the shard does not have.
    throw error instanceof RangeError
      ? shardProblem("corrupt", `${directory}: ${error.message}`, error)
      : error;
  }
}

/** Checks every shard of a store, and that all belong to it. Throws a `StoreError` that names the damaged file. */
export function verifyStore(directory: string): void {
  const { shards, tokenizer } = readStore(directory);
  readTombstones(directory);
  for (const { file, tokens, documents, bytes } of shards) {
    const path = join(directory, file);
    const found = Shard.verify(path);
    checkTokenizer(found.metadata, tokenizer, path);
    if (found.tokens !== tokens || found.documents !== documents || statSync(path).size !== bytes)
      throw shardProblem("corrupt", `${path} is not the shard that the manifest names.`);
  }
}

function checkTokenizer(
  found: { readonly tokenizer: string; readonly vocabularySize: number },
  { fingerprint, vocabularySize }: TokenizerEntry,
  path: string,
): void {
  if (found.tokenizer !== fingerprint || found.vocabularySize !== vocabularySize)
    throw shardProblem("tokenizer", `${path} is of another tokenizer than its store.`);
}

/** Whether a process builds a store in the folder, of a single share. */
export const isBuilding = (directory: string): boolean =>
  isLocked(directory, manifestName({ index: 0, count: 1 }));

/** The folders directly below `folder` that hold a store. */
export function listStores(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .filter(directory => manifestFiles(directory).length > 0)
    .sort();
}

/** Removes a store and nothing else: a folder that holds other files stays, with them in it. */
export function removeStore(directory: string): void {
  if (manifestFiles(directory).length === 0)
    throw new StoreError({
      code: "missing",
      message: `There is no datastore in ${directory}.`,
      remedy: "Give the folder of a store; foretoken datastore list shows them.",
    });
  // Manifests first: what is left of a removal that was cut off is no store.
  const files = readdirSync(directory);
  const ours = files.filter(file =>
    /^(shard-|journal-|manifest.*\.tmp$|tombstones\.json|downloads$)/.test(file),
  );
  for (const file of [...manifestFiles(directory), ...ours])
    rmSync(join(directory, file), { recursive: true, force: true });
  if (readdirSync(directory).length === 0) rmSync(directory, { recursive: true });
}

/**
 * Removes from every search what is from an owner or a repository or has a content id. Returns the number of
 * documents that are left out from now on.
 */
export function addTombstones(directory: string, denied: readonly string[]): number {
  const before = readTombstones(directory);
  const all = [...new Set([...before.denied, ...denied.map(each => each.toLowerCase())])];
  const list = DenyList.parse(all.join("\n"), "what is to be removed");
  const documents: Record<string, number[]> = {};
  let count = 0;
  for (const { file } of readStore(directory).shards) {
    const shard = Shard.open(join(directory, file));
    try {
      const found: number[] = [];
      let index = 0;
      for (const document of shard.documents.all()) {
        if (list.matches(document) !== undefined) found.push(index);
        index++;
      }
      if (found.length > 0) documents[file] = found;
      count += found.length;
    } finally {
      shard.close();
    }
  }
  writeWhole(join(directory, TOMBSTONES), JSON.stringify({ denied: all, documents }));
  return count;
}
