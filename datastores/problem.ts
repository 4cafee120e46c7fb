/** Failures described so that the user can act on them. */
import { codeOf, messageOf, StoreError, type StoreProblem } from "./document.ts";

export function storeError(
  code: StoreProblem["code"],
  message: string,
  remedy: string,
  cause?: unknown,
): StoreError {
  return new StoreError({ code, message, remedy }, cause === undefined ? undefined : { cause });
}

/** A failed file system call as a `StoreError`; a `StoreError` is returned unchanged. */
export function fileError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const [code, message] = [codeOf(error), messageOf(error)];
  if (code === "ENOENT") return storeError("missing", `There is no ${path}.`, "Check the path.", error);
  if (code === "ENOSPC" || code === "EDQUOT")
    return storeError(
      "noSpace",
      `There is no space left to write ${path}.`,
      "Free some space, or choose another folder.",
      error,
    );
  return storeError(
    "unreadable",
    `${path} cannot be used: ${message}.`,
    code === "ENOTDIR" ? "Check the path." : "Check that it is readable and not in use by another program.",
    error,
  );
}

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw storeError("cancelled", "Reading was cancelled.", "Start again to go on.", signal.reason);
}
