/** The folder of a store while it is built. */
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../files/index.ts";
import { codeOf, lock, messageOf, StoreError } from "../index.ts";
import { type InputEntry, manifestFiles, manifestName, readManifest, readStore } from "./manifest.ts";
import { isTemporary, journalKey, shardKey } from "./ownFiles.ts";
import { sketchesFile } from "./sketches.ts";

/** For its owner alone: it will hold users' code. Returns whether there was none before. */
export function makeDirectory(directory: string): boolean {
  const isNew = !existsSync(directory);
  inFolder(directory, () => makeFolder(directory));
  return isNew;
}

/** Removes a folder that nothing was written to. */
export function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Something was.
  }
}

/** Removes what builds that were ended have left half written. */
export function removeTemporaries(directory: string): void {
  inFolder(directory, () => {
    for (const file of readdirSync(directory))
      if (isTemporary(file)) rmSync(join(directory, file), { force: true });
  });
}

/**
 * Removes shards and journals that belong to no manifest, once all shares are there: the shards of an older store may
 * be taken over by one that is not. A file that is open elsewhere may have to stay.
 */
export function removeLeftovers(directory: string, mine: readonly InputEntry[]): void {
  // Listed before the manifests are read: a share that is finished in between has its shards in the list and in its manifest.
  const files = readdirSync(directory);
  const { shards, missingShares } = readStore(directory);
  const finished = new Set(mine.map(({ key }) => key));
  const named = new Set(shards.flatMap(({ file }) => [file, sketchesFile(file)]));
  // What another share's process is about to put into its manifest has a journal.
  const journals = files.flatMap(file => journalKey(file) ?? []);
  const kept = new Set(journals.filter(key => !finished.has(key)));
  for (const file of files) {
    const journal = journalKey(file);
    const key = journal ?? shardKey(file);
    if (key === undefined || named.has(file) || kept.has(key)) continue;
    if (missingShares.length > 0 && !(journal !== undefined && finished.has(key))) continue;
    try {
      rmSync(join(directory, file), { force: true });
    } catch {
      // Removed by the next build.
    }
  }
}

/** Throws a `StoreError` where a manifest in the folder is another program's, of which a store's would take the place. */
export function refuseForeign(directory: string): void {
  for (const name of manifestFiles(directory)) {
    try {
      readManifest(join(directory, name));
    } catch (error) {
      // A damaged store is what a build mends, and may be removed.
      if (!(error instanceof StoreError) || error.problem.code === "foreign") throw error;
    }
  }
}

/** Runs `work` while no build is at work in the folder. Throws a `StoreError` of code `busy` where one is. */
export function withoutBuilds<T>(directory: string, work: () => T): T {
  const names = new Set([manifestName({ index: 0, count: 1 }), ...manifestFiles(directory)]);
  const unlocks: (() => void)[] = [];
  try {
    for (const name of names) unlocks.push(inFolder(directory, () => lock(directory, name)));
    return work();
  } finally {
    for (const unlock of unlocks) unlock();
  }
}

/** Runs what writes into the store's folder; what the disk refuses is reported with the folder's name. */
export function inFolder<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const [code, message] = [codeOf(error), messageOf(error)];
    const full = code === "ENOSPC" || code === "EDQUOT";
    throw new StoreError(
      {
        code: full ? "noSpace" : "unreadable",
        message: full
          ? `There is no space left for ${directory}.`
          : `${directory} cannot be written: ${message}.`,
        remedy: full ? "Free space, or build in another folder." : "Choose a folder that can be written.",
      },
      { cause: error },
    );
  }
}
