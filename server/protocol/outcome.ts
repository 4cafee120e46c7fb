/** How a request for a completion ended, and what it cost: the server's report of the last request. */

import type { FinishReason } from "./finishReason.ts";

/** Why nothing was computed for a request. */
export type Suppression =
  | "notOpen"
  | "otherVersion"
  | "noPosition"
  | "off"
  | "languageOff"
  | "manual"
  | "selection"
  | "wordAfter"
  | "textAfter";

/**
 * `shown`: computed for this request, or still being computed when it joined. `cached`: computed before for the
 * same place. `typedThrough`: the rest of a text that was computed for an earlier place. `reindented`: computed
 * for the same line with another indentation.
 */
export type Outcome =
  | { readonly kind: "shown" | "cached" | "typedThrough" | "reindented" | "aborted" }
  | { readonly kind: "suppressed"; readonly why: Suppression }
  /**
   * `why`: how the completion ended. `confidence`: for `lowConfidence`, the mean
   * probability of the first line's tokens.
   */
  | { readonly kind: "empty"; readonly why: FinishReason; readonly confidence?: number }
  | { readonly kind: "failed"; readonly message: string; readonly remedy: string };

/** Milliseconds since the request arrived; undefined for stages that were not reached. */
export interface Timeline {
  /** Until computing began, after the delay, loading the model, and earlier computation. */
  readonly queuedMs: number | undefined;
  readonly promptMs: number | undefined;
  readonly prefilledMs: number | undefined;
  readonly firstTextMs: number | undefined;
  readonly endMs: number;
  /** Whether the request joined the computation of an earlier one; absent if nothing was computed. */
  readonly joined?: boolean | undefined;
}

/** Tokens for which a source of drafts gave the highest probability, and how many of them the model generated. */
export interface SourceFigures {
  readonly name: string;
  readonly proposed: number;
  readonly accepted: number;
}

/** What was computed for a request. */
export interface ComputedFigures {
  readonly finishReason: FinishReason;
  readonly promptTokens: number;
  /** Prompt tokens that were found in the KV cache; the others were computed. */
  readonly reusedTokens: number;
  readonly tokens: number;
  readonly steps: number;
  readonly drafted: number;
  readonly accepted: number;
  /** Milliseconds of drafting, decoding and verifying. */
  readonly decodeMs: number;
  /** What as many tokens would have taken one at a time; absent if that has not been measured. */
  readonly plainMs?: number | undefined;
  readonly sources: readonly SourceFigures[];
}

/** Tokens since the server started. */
export interface DecodedTotals {
  readonly tokens: number;
  /** Tokens of completions that answered no request: cancelled before their first text, or never requested. */
  readonly unused: number;
}

export interface RequestRecord {
  readonly uri: string;
  /** Both counted from 0, as in the protocol. */
  readonly line: number;
  readonly character: number;
  readonly explicit: boolean;
  readonly outcome: Outcome;
  readonly timeline: Timeline;
  /** Absent if nothing was computed for the request. */
  readonly computed?: ComputedFigures | undefined;
  readonly decoded: DecodedTotals;
  /** The generated text, even if it is not shown; if the request was cancelled, as far as it came. */
  readonly text: string;
}

/** A request for which nothing is shown. */
export interface NothingShown {
  readonly uri: string;
  /** Both counted from 0, as in the protocol. */
  readonly line: number;
  readonly character: number;
  /** A sentence. */
  readonly why: string;
}

/** The last request, as data and in words. */
export interface Explanation {
  readonly last: RequestRecord | undefined;
  /** Markdown. */
  readonly markdown: string;
}
