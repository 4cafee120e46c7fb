/** The folder of a store during a build. */
import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../files/index.ts";
import { StoreError } from "../index.ts";
import { isAlone } from "./claims.ts";
import { inFolder } from "./inFolder.ts";
import { type InputEntry, manifestFiles, readManifest } from "./manifest.ts";
import {
  isTemporary,
  journalKey,
  journalName,
  manifestName,
  repeatedBuild,
  repeatedName,
  shardKey,
} from "./ownFiles.ts";
import { sketchesFile } from "./sketches.ts";
import { buildsOf, isWholeBuild, readManifests, type StoreManifest } from "./storeManifest.ts";

/** Makes the folder, private to its owner since it will hold users' code. Returns whether it is new. */
export function makeDirectory(directory: string): boolean {
  const isNew = !existsSync(directory);
  inFolder(directory, () => makeFolder(directory));
  return isNew;
}

/** Removes a folder that is still empty. */
export function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // It is not empty.
  }
}

/** Removes half-written files of builds that were ended, unless another process works in the folder. */
export function removeTemporaries(directory: string, claim: string): void {
  inFolder(directory, () => {
    // Listed first: files that are begun after the check for other processes are not in the list.
    const temporaries = readdirSync(directory).filter(isTemporary);
    if (!isAlone(directory, claim)) return;
    for (const file of temporaries) rmSync(join(directory, file), { force: true });
  });
}

/**
 * Removes what belongs to no build any more. While shares of this build are missing, these are the journals of its finished
 * inputs; once it is complete, also all earlier builds, and shards and journals of no build. A file that is open elsewhere may
 * remain.
 * @param mine inputs that this process has finished @param claim claim of this process
 */
export function removeLeftovers(
  directory: string,
  { mine, build, claim }: { mine: readonly InputEntry[]; build: string; claim: string },
): void {
  // Listed before the manifests are read: the shards of a share that is finished in between are in both.
  const files = readdirSync(directory);
  const isOnlyOne = isAlone(directory, claim);
  const finished = new Set(mine.map(({ key }) => key));
  for (const key of finished) removeQuietly(directory, journalName(key));
  const { manifests, damaged } = readManifests(directory);
  const builds = buildsOf(manifests);
  const own = builds.findIndex(each => each.build === build);
  if (!builds[own] || !isWholeBuild(builds[own])) return;
  // An incomplete build may be another process's.
  const old = builds.slice(0, own).filter(each => isOnlyOne || isWholeBuild(each));
  for (const { build: id, share } of manifests)
    if (old.some(each => each.build === id)) removeQuietly(directory, manifestName(id, share));
  for (const name of damaged.keys()) removeQuietly(directory, name);
  const kept = keptFiles(builds.filter(each => !old.includes(each)));
  // Shards that another process is about to add to its manifest have a journal; without such processes, journals are of
  // abandoned builds.
  const begun = new Set(isOnlyOne ? [] : files.flatMap(file => journalKey(file) ?? []));
  for (const file of files) {
    const key = journalKey(file) ?? shardKey(file);
    const isPart = key !== undefined || repeatedBuild(file) !== undefined;
    if (isPart && !kept.has(file) && !(key !== undefined && begun.has(key) && !finished.has(key)))
      removeQuietly(directory, file);
  }
}

/** Shards, sketches and lists of repeated documents of these builds. */
function keptFiles(builds: readonly StoreManifest[]): Set<string> {
  const kept = new Set<string>();
  for (const { build, shards } of builds) {
    kept.add(repeatedName(build));
    for (const { file } of shards) kept.add(file).add(sketchesFile(file));
  }
  return kept;
}

/** The next build removes what cannot be removed now. */
function removeQuietly(directory: string, file: string): void {
  try {
    rmSync(join(directory, file), { force: true });
  } catch {
    // The file is open elsewhere.
  }
}

/** Throws a `StoreError` if a manifest in the folder is another program's, which a store's manifest would overwrite. */
export function refuseForeign(directory: string): void {
  for (const name of manifestFiles(directory)) {
    try {
      readManifest(join(directory, name));
    } catch (error) {
      // A build repairs a damaged store, which may also be removed.
      if (!(error instanceof StoreError) || error.problem.code === "foreign") throw error;
    }
  }
}
