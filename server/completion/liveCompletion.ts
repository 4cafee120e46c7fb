/**
 * One completion while it is computed: its text so far, who waits for it, and how long it goes on without anybody.
 * Requests come and go; a new one that agrees with what is generated joins the same computing.
 */

import { agrees, GrowingText, withoutClosedPair } from "../protocol/index.ts";
import { type Cursor, type DocumentPosition, placeOf, typedSince } from "../text/index.ts";
import type { Completion } from "./complete.ts";
import type { CompletionUsage } from "./tokenUsage.ts";

/** How long a completion whose last request was cancelled waits for the next one, in milliseconds. */
const GRACE_MS = 200;

/** `replaced`: it never began. `modelReplaced`: another model took the place of its own before there was any text. */
export type LiveEnd =
  | { readonly kind: "completed"; readonly completion: Completion }
  | { readonly kind: "replaced" | "modelReplaced" }
  | { readonly kind: "faulty"; readonly error: unknown };

/** Whether something else was to be computed, or nothing: the text is not whole for that. */
export const isGivenUp = (end: LiveEnd): boolean =>
  end.kind === "replaced" ||
  end.kind === "modelReplaced" ||
  (end.kind === "completed" && end.completion.finishReason === "aborted");

export class LiveCompletion extends GrowingText {
  end: LiveEnd | undefined;
  /** By `performance.now()`; undefined before computing began. */
  startedMs: number | undefined;
  readonly place: DocumentPosition;
  /** Whether a request has ever asked for it. */
  awaited = false;
  private viewers = 0;
  private grace: NodeJS.Timeout | undefined;
  private readonly controller = new AbortController();

  /** @param usage its tokens in the books @param asked whether the user has asked for it: nothing is held back */
  constructor(
    readonly cursor: Cursor,
    readonly usage: CompletionUsage,
    readonly asked: boolean,
  ) {
    super();
    this.place = placeOf(cursor);
  }

  /** Aborts the computing. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** A request joins; the returned function takes it away again. Nobody there for a while ends the computing. */
  join(): () => void {
    this.awaited = true;
    this.viewers++;
    clearTimeout(this.grace);
    return () => {
      if (--this.viewers === 0 && !this.end) this.grace = setTimeout(() => this.abort(), GRACE_MS);
    };
  }

  /** What was typed since its place; undefined where the document differs from what it was asked for. */
  typed(cursor: Cursor): string | undefined {
    // While it grows, what is typed may be ahead of it.
    return typedSince(this.place, cursor, this.text.length + AHEAD);
  }

  /** Whether it may still be of use for a document that has been edited, whatever was typed at its place. */
  outlives(cursor: Cursor): boolean {
    return survives(this.place, this.text, this.done, cursor);
  }

  finish(end: LiveEnd): void {
    clearTimeout(this.grace);
    this.end = end;
    this.close();
  }

  abort(): void {
    clearTimeout(this.grace);
    this.controller.abort();
  }
}

/** Characters that may have been typed beyond what is generated so far. */
const AHEAD = 200;

/**
 * Whether a text may still be of use for a document that has been edited. A bracket that the editor has closed by
 * itself counts as typed alone.
 * @param done whether the text is whole @param cursor the document; where its cursor is does not matter
 */
export function survives(
  place: DocumentPosition,
  text: string,
  done: boolean,
  { snapshot, hash }: Cursor,
): boolean {
  const offset = snapshot.text.length - place.tail;
  if (offset < place.offset) return false;
  const typed = typedSince(place, { snapshot: { ...snapshot, offset }, hash }, text.length + AHEAD);
  if (typed === undefined) return false;
  return agrees(text, done, typed) || agrees(text, done, withoutClosedPair(typed));
}
