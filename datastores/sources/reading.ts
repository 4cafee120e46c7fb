/** What all sources share: options, what was left out and why. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { throwIfCancelled } from "../index.ts";
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

const DAMAGE: ReadonlySet<SkipReason> = new Set(["badLine", "badPage", "notUtf8", "unreadable"]);

/** Whether something was passed over because it is damaged, and not because nobody wants it. */
export const isDamage = (reason: SkipReason): boolean => DAMAGE.has(reason);

export interface ReadOptions {
  /** Ends the stream with a `StoreError` of code `cancelled`. */
  readonly signal?: AbortSignal;
  /** Bytes of the input after the reader, and of the whole input; for a folder, of the files it yields. */
  readonly onProgress?: (readBytes: number, totalBytes: number) => void;
  /** Called for each thing passed over; `name` says which (a path, or a line's number). */
  readonly onSkipped?: (reason: SkipReason, name: string) => void;
  /**
   * Column or key that holds a file's text, with dots between names that lie in each other; where it is a list, its
   * texts are the turns of a conversation. `content` unless given, or else a known form of conversations.
   */
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
