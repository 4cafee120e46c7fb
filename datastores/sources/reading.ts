/** Common parts of all sources: options, and reasons for leaving things out. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { throwIfCancelled } from "../index.ts";
import type { FileRefusal } from "./regularFile.ts";

/** Why a source skipped something; each case is counted, none ends a stream. */
export type SkipReason =
  | "badLine"
  | "badPage"
  | "noContent"
  | FileRefusal
  | "secret"
  | "otherLanguage"
  | "notPermissive"
  | "vendored";

const DAMAGE: ReadonlySet<SkipReason> = new Set(["badLine", "badPage", "notUtf8", "unreadable"]);

/** Whether something was skipped because it is damaged, and not because it is unwanted. */
export const isDamage = (reason: SkipReason): boolean => DAMAGE.has(reason);

export interface ReadOptions {
  /** Ends the stream with a `StoreError` of code `cancelled`. */
  readonly signal?: AbortSignal;
  /** Bytes of the input after the reader, and of the whole input; for a folder, of the files it yields. */
  readonly onProgress?: (readBytes: number, totalBytes: number) => void;
  /** Called for each skipped part; `name` identifies it (a path, or a line's number). */
  readonly onSkipped?: (reason: SkipReason, name: string) => void;
  /**
   * Column or key that holds a file's text, with dots between nested names; if it is a list, its texts are the turns of a
   * conversation. By default `content`, or else a known form of conversations.
   */
  readonly contentColumn?: string;
  /** Rows in another language, as of `languageName`, are skipped. */
  readonly language?: string;
  /** Called with a page's position in its file, in bytes, before it is decoded. */
  readonly onPage?: (offset: number) => void;
  /** Positions of pages that must not be decoded: an earlier attempt to decode them did not end. */
  readonly badPages?: ReadonlySet<number>;
}

export const CONTENT_COLUMN = "content";
/** Longest text taken from any source, in bytes; longer texts are nearly always data. */
export const DOCUMENT_BYTES_LIMIT = 1024 * 1024;
export const isTooLarge = (text: string): boolean => Buffer.byteLength(text) > DOCUMENT_BYTES_LIMIT;
const TURN_MS = 8;

/** When a stream last let other work run; shared, since many short streams would block it as well. */
let turnAt = 0;

/**
 * Lets timers, messages and aborts run during a stream whose work is synchronous. Otherwise a consumer that
 * awaits only the stream would never see its own `AbortSignal` fire.
 */
export class Pace {
  constructor(private readonly signal?: AbortSignal) {}

  /** True if `breathe` should be awaited; separate from it, so that most documents cost no promise. */
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
