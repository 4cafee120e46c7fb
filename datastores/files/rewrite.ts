/** Small files that several processes add to: each change is made to what the others have written. */
import { basename, dirname } from "node:path";
import { lock, StoreError } from "../index.ts";
import { contentOf } from "./contentOf.ts";
import { makeFolder } from "./makeFolder.ts";
import { writeWhole } from "./writeWhole.ts";

/** A change takes some milliseconds. */
const PATIENCE_MS = 2_000;
const POLL_MS = 5;

/**
 * Replaces a file by a change of its text, while no other process does. Makes its folder. Throws a `StoreError` of code
 * `busy` if other processes keep it for seconds, and the file system's errors; the file is then as it was.
 * @param change gets undefined where there is no file
 */
export function rewrite(file: string, change: (text: string | undefined) => string): void {
  makeFolder(dirname(file));
  const release = lockSoon(dirname(file), basename(file));
  try {
    writeWhole(file, change(contentOf(file)?.toString()));
  } finally {
    release();
  }
}

/** Does not let other work run meanwhile: the last change is made while the process ends. */
function lockSoon(folder: string, name: string): () => void {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return lock(folder, name, "change");
    } catch (error) {
      const isBusy = error instanceof StoreError && error.problem.code === "busy";
      if (!isBusy || performance.now() > until) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
}
