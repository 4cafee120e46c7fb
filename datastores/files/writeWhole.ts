/** Files that other processes may read while they are written. */
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeFolder } from "./makeFolder.ts";

interface WriteOptions {
  /** Permissions; by default only the user may read the file. */
  readonly mode?: number;
}

/**
 * Writes a file completely or not at all: to a temporary file beside it, which then replaces it. Makes its folder. Throws
 * the file system's errors, after removing what was written.
 */
export function writeWhole(
  file: string,
  data: string | Uint8Array,
  { mode = 0o600 }: WriteOptions = {},
): void {
  const temporary = `${file}.${process.pid}.tmp`;
  makeFolder(dirname(file));
  try {
    writeFileSync(temporary, data, { mode });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
