/** Folders that only the user may read. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

const mode = 0o700;

/**
 * Makes a folder and its missing parents. Throws the file system's errors. Node's own recursive `mkdir` never ends if
 * a file system refuses a folder within an existing one with the code of a missing folder, as `/proc`
 * does.
 */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (isFolder(folder)) return;
    const parent = dirname(folder);
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT" && !isFolder(parent);
    if (!isMissing || parent === folder) throw error;
    makeFolder(parent);
    // Another process may make it meanwhile.
    makeFolder(folder);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
