/** The folder of a store while it is built. */
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

/** Removes what builds that were ended have left half written, unless another process is at work in the folder. */
export function removeTemporaries(directory: string, claim: string): void {
  inFolder(directory, () => {
    // Listed first: what is begun after the look for other processes is not in the list.
    const temporaries = readdirSync(directory).filter(isTemporary);
    if (!isAlone(directory, claim)) return;
    for (const file of temporaries) rmSync(join(directory, file), { force: true });
  });
}

/**
 * Removes what belongs to no build any more. While shares of this build are missing, that is the journals of its finished inputs; once
 * they are all there, it is also all earlier builds, and shards and journals of no build. A file that is open elsewhere may have to stay.
 * @param mine inputs that this process has finished @param claim of this process
 */
export function removeLeftovers(
  directory: string,
  { mine, build, claim }: { mine: readonly InputEntry[]; build: string; claim: string },
): void {
  // Listed before the manifests are read: a share that is finished in between has its shards in the list and in its manifest.
  const files = readdirSync(directory);
  const isOnlyOne = isAlone(directory, claim);
  const finished = new Set(mine.map(({ key }) => key));
  for (const key of finished) removeQuietly(directory, journalName(key));
  const { manifests, damaged } = readManifests(directory);
  const builds = buildsOf(manifests);
  const own = builds.findIndex(each => each.build === build);
  if (!builds[own] || !isWholeBuild(builds[own])) return;
  // One that is not whole may be another process's.
  const old = builds.slice(0, own).filter(each => isOnlyOne || isWholeBuild(each));
  for (const { build: id, share } of manifests)
    if (old.some(each => each.build === id)) removeQuietly(directory, manifestName(id, share));
  for (const name of damaged.keys()) removeQuietly(directory, name);
  const kept = keptFiles(builds.filter(each => !old.includes(each)));
  // What another process is about to put into its manifest has a journal; without such processes journals are of builds that were given up.
  const begun = new Set(isOnlyOne ? [] : files.flatMap(file => journalKey(file) ?? []));
  for (const file of files) {
    const key = journalKey(file) ?? shardKey(file);
    const isPart = key !== undefined || repeatedBuild(file) !== undefined;
    if (isPart && !kept.has(file) && !(key !== undefined && begun.has(key) && !finished.has(key)))
      removeQuietly(directory, file);
  }
}

/** Shards, their sketches and lists of repeated documents of these builds. */
function keptFiles(builds: readonly StoreManifest[]): Set<string> {
  const kept = new Set<string>();
  for (const { build, shards } of builds) {
    kept.add(repeatedName(build));
    for (const { file } of shards) kept.add(file).add(sketchesFile(file));
  }
  return kept;
}

/** What cannot be removed is removed by the next build. */
function removeQuietly(directory: string, file: string): void {
  try {
    rmSync(join(directory, file), { force: true });
  } catch {
    // It is open elsewhere.
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
