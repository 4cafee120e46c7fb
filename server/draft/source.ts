/**
 * A source of drafts: a cursor over evidence of how the text may continue. The tree builder (`draft.ts`) asks it what may
 * follow the root, and then what may follow each node that it has added to the tree. A source offers tokens with features;
 * `calibration.ts` estimates how likely the model is to generate them.
 */

import type { TokenHistory } from "./history.ts";
import { TokenKind, type TokenTexts } from "./tokenTexts.ts";
import type { VerifiedTree } from "./tree.ts";

export type SourceName =
  | "document"
  | "ahead"
  | "recent"
  | "accepted"
  | "workspace"
  | "datastore"
  | "recycling"
  | "draft model";

export const SOURCE_NAMES: readonly SourceName[] = [
  "document",
  "ahead",
  "recent",
  "accepted",
  "workspace",
  "datastore",
  "recycling",
  "draft model",
];

/** The features of an offer, by their place in its row. All are of the order of one. */
export const Feature = {
  /** Always 1: its weight says how far the source can be trusted at all. */
  bias: 0,
  /** Binary logarithm of the tokens that the evidence shares with the text, the path in the tree included. */
  matchLength: 1,
  /** How much shorter, in binary logarithms, than the longest match the source has there. */
  shorter: 2,
  /** Binary logarithm of the share among the source's continuations there; 0 for the only one. */
  share: 3,
  /** Binary logarithm of the number of occurrences that continue with the token. */
  occurrences: 4,
  /** 1 for evidence from just now, falling to 0. */
  recency: 5,
  /** 1 for evidence from the same folder, falling to 0 with the distance. */
  nearness: 6,
  /** Binary logarithm of the depth in the tree. */
  depth: 7,
  /** 1 where the token is punctuation, 0 otherwise. */
  punctuation: 8,
  /** 1 where the token begins a line or is an indentation, 0 otherwise. */
  lineBreak: 9,
  /** 1 where the token ends the text, since what would come next follows the cursor already. */
  ending: 10,
  /** 1 where the token continues a name or a number, 0 otherwise. */
  withinName: 11,
} as const;
export const FEATURE_COUNT = 12;

/** Evidence at the root of the tree. */
export const ROOT_CURSOR = 0;
export const NO_CURSOR = -1;

/** The tokens that one source offers after a node. Refilled for each node; typed arrays throughout. */
export class Offers {
  count = 0;
  readonly tokens: Int32Array;
  /** Where the source finds what follows the token, or `NO_CURSOR`. */
  readonly cursors: Int32Array;
  /** Rows of `FEATURE_COUNT`. */
  readonly features: Float32Array;

  constructor(readonly capacity = 64) {
    this.tokens = new Int32Array(capacity);
    this.cursors = new Int32Array(capacity);
    this.features = new Float32Array(capacity * FEATURE_COUNT);
  }

  clear(): void {
    this.count = 0;
  }

  /** Adds a token and returns where its features begin, all 0 but for the bias; -1 when there is no room. */
  add(token: number, cursor: number): number {
    if (this.count >= this.capacity) return -1;
    const at = this.count++;
    this.tokens[at] = token;
    this.cursors[at] = cursor;
    const row = at * FEATURE_COUNT;
    this.features.fill(0, row, row + FEATURE_COUNT);
    this.features[row + Feature.bias] = 1;
    return row;
  }
}

/** Sets the features that depend on the text of offered tokens. @param before the token that they may follow */
export function describeTokens({ count, tokens, features }: Offers, before: number, texts: TokenTexts): void {
  for (let at = 0; at < count; at++) {
    const row = at * FEATURE_COUNT;
    const kind = texts.kind(tokens[at]);
    if (kind === TokenKind.punctuation) features[row + Feature.punctuation] = 1;
    else if (kind === TokenKind.lineBreak) features[row + Feature.lineBreak] = 1;
    if (texts.isWithinName(before, tokens[at])) features[row + Feature.withinName] = 1;
  }
}

/** What a source that searches ahead must know about the tree. */
export interface AheadBounds {
  /** Most nodes of the tree, root included. */
  readonly room: number;
  /** Milliseconds of a decode of so many nodes. */
  cost(nodes: number): number;
  /** Expected tokens per millisecond of the tree without this source. */
  readonly rate: number;
}

/** Evidence of how a text continues. */
export interface DraftSource {
  readonly name: SourceName;
  /** Reads the history, if that takes a while; `search` does the rest. */
  prepare?(history: TokenHistory): void;
  /**
   * Reads the model's own prompt. Work that needs the processors that compute it waits for `filled`. Rejects only with a
   * fault.
   */
  begin?(prompt: Int32Array, filled: Promise<unknown>, signal: AbortSignal): Promise<void>;
  /** Records a token that the model has decided. */
  push?(token: number): void;
  /**
   * Computes what `search` will find, if that takes a while, as with another model. Resolves to whether there is anything.
   * An abort is no fault.
   */
  searchAhead?(bounds: AheadBounds, signal: AbortSignal): Promise<boolean>;
  /** Looks for evidence after the end of the history. Called at a step before any `children`, or not at all. */
  search(history: TokenHistory): void;
  /**
   * Offers what may follow a cursor: `ROOT_CURSOR`, or one that was offered at this step. The caller sets the features that
   * depend on the tokens' text.
   * @param path the token of the node itself
   */
  children(cursor: number, path: number, offers: Offers): void;
  /** Receives the tree just verified, before its tokens are pushed, if the source was asked at this step. */
  learn?(verified: VerifiedTree): void;
}

/** Binary logarithm of 1 + x. */
export const log2Of = (x: number): number => Math.log2(1 + x);
