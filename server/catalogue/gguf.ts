/** Recognises model files by their first bytes. */
import { closeSync, openSync, readSync } from "node:fs";

const MAGIC = "GGUF";

/** Whether a file is a GGUF file by its first bytes; false for one that cannot be read. */
export function isGguf(path: string): boolean {
  try {
    const file = openSync(path, "r");
    try {
      const head = Buffer.alloc(MAGIC.length);
      readSync(file, head, 0, head.length, 0);
      return head.toString("latin1") === MAGIC;
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}
