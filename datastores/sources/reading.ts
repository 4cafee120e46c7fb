/** What all sources share: options, what was left out and why, and failures in words a person can act on. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { codeOf, messageOf, StoreError, type StoreProblem } from "../document.ts";
import type { FileRefusal } from "./regularFile.ts";

/** Why a source passed over something it met; each is counted, none ends a stream. */
export type SkipReason =
  | "badLine"
  | "badPage"
  | "noContent"
  | FileRefusal
  | "otherLanguage"
  | "notPermissive"
  | "vendored";

export interface ReadOptions {
  /** Ends the stream with a `StoreError` of code `cancelled`. */
  readonly signal?: AbortSignal;
  /** Bytes of the input after the reader, and of the whole input; for a folder, of the files it yields. */
  readonly onProgress?: (readBytes: number, totalBytes: number) => void;
  /** Called for each thing passed over; `name` says which (a path, or a line's number). */
  readonly onSkipped?: (reason: SkipReason, name: string) => void;
  /** Column or key that holds a file's text; `content` unless given. */
  readonly contentColumn?: string;
  /** Called with a page's place in its file, in bytes, before it is decoded. */
  readonly onPage?: (offset: number) => void;
  /** Places of pages that are not to be decoded, which has not come to an end before. */
  readonly badPages?: ReadonlySet<number>;
}

export const CONTENT_COLUMN = "content";
/** Longest text taken from any source, in bytes; what is longer is data nearly always. */
export const DOCUMENT_BYTES_LIMIT = 1024 * 1024;
const TURN_MS = 20;

export function storeError(
  code: StoreProblem["code"],
  message: string,
  remedy: string,
  cause?: unknown,
): StoreError {
  return new StoreError({ code, message, remedy }, cause === undefined ? undefined : { cause });
}

/** A failed call on the file system as a `StoreError`; a `StoreError` is handed through. */
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
    "Check that it is readable and not in use by another program.",
    error,
  );
}

export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw storeError("cancelled", "Reading was cancelled.", "Start again to go on.", signal.reason);
}

/** When a stream last let others have their turn; shared, since many short streams starve them as well. */
let turnAt = 0;

/**
 * Lets timers, messages and aborts through a stream whose work is synchronous. Without it a consumer that
 * awaits only the stream would never see its own `AbortSignal` fire.
 */
export class Pace {
  constructor(private readonly signal?: AbortSignal) {}

  /** True when `breathe` should be awaited; apart from it, so that most documents cost no promise. */
  get isDue(): boolean {
    return performance.now() - turnAt > TURN_MS;
  }

  async breathe(): Promise<void> {
    throwIfCancelled(this.signal);
    await nextTurn();
    turnAt = performance.now();
    throwIfCancelled(this.signal);
  }
}
