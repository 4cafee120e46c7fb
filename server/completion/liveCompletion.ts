/**
 * One completion while it is computed: its text so far, which requests wait for it, and how long it continues without any.
 * A new request that agrees with the text generated so far joins the same computation.
 */

import { agrees, GrowingText, withoutClosedPair } from "../protocol/index.ts";
import { type Cursor, type DocumentPosition, placeOf, typedSince } from "../text/index.ts";
import type { Completion } from "./complete.ts";
import type { CompletionUsage } from "./tokenUsage.ts";

/** How long a completion whose last request was cancelled waits for the next one, in milliseconds. */
const GRACE_MS = 200;

/** `replaced`: it never began. `modelReplaced`: its model was replaced before there was any text. */
export type LiveEnd =
  | { readonly kind: "completed"; readonly completion: Completion }
  | { readonly kind: "replaced" | "modelReplaced" }
  | { readonly kind: "faulty"; readonly error: unknown };

/** Whether the completion was given up for another one, or for nothing, so that its text is incomplete. */
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

  /** @param usage counts its tokens @param explicit whether the user has requested it explicitly: nothing is held back */
  constructor(
    readonly cursor: Cursor,
    readonly usage: CompletionUsage,
    readonly explicit: boolean,
  ) {
    super();
    this.place = placeOf(cursor);
  }

  /** Aborts the computing. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** A request joins; the returned function removes it again. After a while without requests the computation ends. */
  join(): () => void {
    this.awaited = true;
    this.viewers++;
    clearTimeout(this.grace);
    return () => {
      if (--this.viewers === 0 && !this.end) this.grace = setTimeout(() => this.abort(), GRACE_MS);
    };
  }

  /** The text typed since; undefined if the document otherwise differs from the one it was requested for. */
  typed(cursor: Cursor): string | undefined {
    // While the completion grows, the user may type ahead of it.
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
 * Whether a text may still be of use for a document that has been edited. If the editor has closed a bracket by itself,
 * only the opening one counts as typed.
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
