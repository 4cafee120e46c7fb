import { readFileSync } from "node:fs";
import { fileError, isAbsence } from "../index.ts";

/** The content of a file; undefined if it does not exist. Throws a `StoreError` if it cannot be read. */
export function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw fileError(error, path);
  }
}
