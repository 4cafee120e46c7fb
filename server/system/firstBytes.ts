import { closeSync, openSync, readSync } from "node:fs";

/** The first `most` bytes of a file, or all of a shorter one. Throws the file system's errors. */
export function firstBytes(path: string, most: number): Buffer {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(most);
    return head.subarray(0, readSync(file, head, 0, most, 0));
  } finally {
    closeSync(file);
  }
}
