import { readFileSync } from "node:fs";
import { codeOf, fileError } from "../index.ts";

/** The content of a file; undefined if it does not exist. Throws a `StoreError` if it cannot be read. */
export function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw fileError(error, path);
  }
}
