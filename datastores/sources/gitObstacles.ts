/** Pipes and devices in place of files that git reads: it would wait at them for ever. */
import { lstatSync, type Stats, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { gitFolders } from "./gitFolder.ts";

/** Folders that are looked into. */
const MOST_FOLDERS = 200_000;
/** Below a repository's own folder, what git reads before it lists anything. */
const READ_FIRST = ["HEAD", "config", "config.worktree", "commondir", "index", "packed-refs", "shallow"];
const READ_IN_COMMON = [...READ_FIRST, join("info", "exclude"), join("objects", "info", "alternates")];

/** Whether git would wait at one of the files that it reads of a repository wherever it is asked. @param top its folder */
export function hasObstacle(top: string, ignoreFiles: readonly string[]): boolean {
  const { own, shared } = gitFolders(top);
  const files = [
    join(top, ".git"),
    ...READ_FIRST.map(name => join(own, name)),
    ...READ_IN_COMMON.map(name => join(shared, name)),
    ...ignoreFiles,
  ];
  // Git follows links to these.
  return files.some(file => isObstacle(file, statSync));
}

/**
 * Whether git would wait at the ignore file of a folder at or below `root`. Links to ignore files it does not follow.
 * @param isIgnored whether git does not look into a folder, given below the root with forward slashes
 * @param signal ends the search
 */
export async function hasObstacleBelow(
  root: string,
  isIgnored: (folder: string) => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const pending = [""];
  for (let looked = 0; looked < MOST_FOLDERS && !signal.aborted; looked++) {
    const folder = pending.pop();
    if (folder === undefined) return false;
    if (isObstacle(join(root, folder, ".gitignore"), lstatSync)) return true;
    for (const name of await foldersIn(join(root, folder))) {
      const path = folder === "" ? name : `${folder}/${name}`;
      // A folder whose ignore file cannot be used counts as ignored.
      if (!isIgnored(path) || isObstacle(join(root, path, ".gitignore"), lstatSync)) pending.push(path);
    }
  }
  return false;
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter(each => each.isDirectory() && each.name !== ".git").map(({ name }) => name);
  } catch {
    return []; // It is gone, or may not be read: git cannot either.
  }
}

function isObstacle(file: string, status: (path: string) => Stats): boolean {
  try {
    const found = status(file);
    return found.isFIFO() || found.isCharacterDevice() || found.isBlockDevice();
  } catch {
    return false; // There is none.
  }
}
