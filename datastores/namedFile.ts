/** Reads files that a user names, which may be pipes that nobody writes to, or devices without an end. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/** Flags to read a file without waiting for the other end of a pipe. Windows does not have the second one. */
export const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file for reading; the caller closes it. Throws the file system's errors, and an error that says what to do about a
 * pipe or a device.
 */
export function openNamed(path: string): number {
  const file = openSync(path, READ_AT_ONCE);
  const status = fstatSync(file);
  // A folder is refused by the file system once it is read.
  if (status.isFile() || status.isDirectory()) return file;
  closeSync(file);
  throw new Error("it is not a regular file; write what it gives to a file, and name that file");
}

/** The content of a file. Throws as `openNamed` does. */
export function readNamed(path: string): Buffer {
  const file = openNamed(path);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}
