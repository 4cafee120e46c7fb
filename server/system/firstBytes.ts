import { closeSync, readSync } from "node:fs";
import { openNamed } from "../../datastores/index.ts";

/** The first `most` bytes of a file, or all of a shorter one. Throws as `openNamed` does. */
export function firstBytes(path: string, most: number): Buffer {
  const file = openNamed(path);
  try {
    const head = Buffer.alloc(most);
    return head.subarray(0, readSync(file, head, 0, most, 0));
  } finally {
    closeSync(file);
  }
}
