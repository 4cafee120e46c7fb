/** Finds pipes and devices in place of files that git reads: it would wait at them forever. */
import { lstatSync, type Stats, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { gitFolders } from "./gitFolder.ts";

/** Most folders that are searched. */
const MOST_FOLDERS = 200_000;
/** Files in a repository's own folder that git reads before it lists anything. */
const READ_FIRST = ["HEAD", "config", "config.worktree", "commondir", "index", "packed-refs", "shallow"];
const READ_IN_COMMON = [...READ_FIRST, join("info", "exclude"), join("objects", "info", "alternates")];

/** Whether git would wait at a file that it reads for every query of a repository. @param top the repository's folder */
export function hasObstacle(top: string, ignoreFiles: readonly string[]): boolean {
  const { own, shared } = gitFolders(top);
  const files = [
    join(top, ".git"),
    ...READ_FIRST.map(name => join(own, name)),
    ...READ_IN_COMMON.map(name => join(shared, name)),
    ...ignoreFiles,
  ];
  // Git follows links to these files.
  return files.some(file => isObstacle(file, statSync));
}

/**
 * Whether git would wait at the ignore file of a folder at or below `root`. Git does not follow links to ignore files.
 * @param isIgnored whether git skips a folder, given below the root with forward slashes
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
    return []; // It was removed, or may not be read, which git cannot either.
  }
}

function isObstacle(file: string, status: (path: string) => Stats): boolean {
  try {
    const found = status(file);
    return found.isFIFO() || found.isCharacterDevice() || found.isBlockDevice();
  } catch {
    return false; // The file does not exist.
  }
}
