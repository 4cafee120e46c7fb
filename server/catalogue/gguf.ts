/** Recognises model files by their first bytes. */
import { firstBytes } from "../system/index.ts";

const MAGIC = "GGUF";

/** Whether a file is a GGUF file by its first bytes; false for one that cannot be read. */
export function isGguf(path: string): boolean {
  try {
    return firstBytes(path, MAGIC.length).toString("latin1") === MAGIC;
  } catch {
    return false;
  }
}
