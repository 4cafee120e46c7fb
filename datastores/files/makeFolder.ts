/** Folders that only the user may read. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

const mode = 0o700;

/**
 * Makes a folder and those it lies in, as far as they are missing. Throws what the file system does. Node's own recursive
 * `mkdir` never ends where a file system refuses with the code of a missing folder what lies in one that is there, as `/proc`
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
    // Somebody else may make it meanwhile.
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
