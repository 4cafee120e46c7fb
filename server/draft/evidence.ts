/**
 * Places where the end of a text occurred before, and what followed at each: the result of one search. Places with
 * the same continuation are followed together; where they diverge, each token is offered with its share of them.
 * A cursor is a group of places with the same continuation so far.
 */
import { copyContinuation } from "./continuation.ts";
import { RowGroups } from "./rowGroups.ts";
import { Feature, log2Of, NO_CURSOR, type Offers } from "./source.ts";

/** What follows the cursor, and the token that ends the text before it. */
export interface Ending {
  readonly token: number;
  /** The first tokens after the cursor. */
  readonly after: Int32Array;
}

/** Tokens that must agree with what follows the cursor for a text to end there. */
const ENDING_TOKENS = 3;
/** Most different tokens that are offered after one group; more are useless in a tree. */
const MAX_TOKENS = 12;
/** Cap on occurrences, as a binary logarithm: more carry no further information. */
const MAX_OCCURRENCES = 6;

/** A match's weight is halved for each token by which it is shorter than the longest, at most this many times. */
const MAX_HALVINGS = 6;

export class Evidence {
  /** Places found. */
  rows = 0;
  /** Tokens that followed each place, `width` a row; negative from where a text ends. */
  readonly tokens: Int32Array;
  /** Tokens each place shares with the end of the text. */
  readonly lengths: Int32Array;
  /** Occurrences each place stands for. */
  readonly weights: Float32Array;
  /** As the features of the same names. */
  readonly recencies: Float32Array;
  readonly nearnesses: Float32Array;

  private readonly groups = new RowGroups();
  /** Of the rows of the current group: the longest match, and the sum of their weights. */
  private longest = 0;
  private total = 0;
  private readonly seen = new Int32Array(MAX_TOKENS);

  /**
   * @param capacity most rows @param width tokens of a row
   * @param ending how a text ends that reaches the text after the cursor; absent: it does not
   */
  constructor(
    private readonly capacity: number,
    readonly width: number,
    private readonly ending?: Ending,
  ) {
    this.tokens = new Int32Array(capacity * width);
    this.lengths = new Int32Array(capacity);
    this.weights = new Float32Array(capacity);
    this.recencies = new Float32Array(capacity);
    this.nearnesses = new Float32Array(capacity);
  }

  clear(): void {
    this.rows = 0;
  }

  /**
   * Adds a place that is followed by `from[start..end)`, up to a negative token. Returns the row, or -1 when there
   * is no room.
   */
  add(from: Int32Array, start: number, end: number, length: number, weight: number): number {
    if (this.rows >= this.capacity) return -1;
    const row = this.rows++;
    copyContinuation(from, start, end, this.tokens, row * this.width, this.width);
    this.lengths[row] = length;
    this.weights[row] = weight;
    this.recencies[row] = 0;
    this.nearnesses[row] = 0;
    return row;
  }

  /** To be called after the last `add`, before any `children`: the root is the group of all rows. */
  ready(): void {
    this.groups.begin(this.rows);
  }

  /** Offers what may follow a group: each next token of its rows, and the end of the text. */
  children(cursor: number, offers: Offers): void {
    const { groups, tokens, width, seen, lengths, weights } = this;
    if (cursor >= groups.count) return;
    const { members } = groups;
    const depth = groups.depth[cursor];
    const start = groups.start[cursor];
    const end = groups.end[cursor];
    if (depth >= width) return;
    let longest = 0;
    for (let at = start; at < end; at++) longest = Math.max(longest, lengths[members[at]]);
    let total = 0;
    let different = 0;
    for (let at = start; at < end; at++) {
      const row = members[at];
      total += standing(weights[row], longest - lengths[row]);
      const token = tokens[row * width + depth];
      // A negative one ends its row.
      let known = token < 0;
      for (let i = 0; i < different && !known; i++) known = seen[i] === token;
      if (!known && different < MAX_TOKENS) seen[different++] = token;
    }
    this.longest = longest;
    this.total = total;
    for (let i = 0; i < different; i++) this.offer(cursor, seen[i], false, offers);
    if (this.ending) this.offer(cursor, this.ending.token, true, offers);
  }

  /**
   * Offers a token after the rows of a group that continue with it; these rows become a new group.
   * @param isEnding whether the token ends the text: it follows rows that continue like the text after the cursor
   */
  private offer(group: number, token: number, isEnding: boolean, offers: Offers): void {
    const { groups, longest, tokens, width, lengths, weights, recencies, nearnesses } = this;
    const depth = groups.depth[group];
    const start = groups.start[group];
    const end = groups.end[group];
    const ending = isEnding ? this.ending : undefined;
    const cursor = ending ? NO_CURSOR : groups.open(depth + 1, end - start);
    const { members } = groups;
    let own = 0;
    let sum = 0;
    let occurrences = 0;
    let recency = 0;
    let nearness = 0;
    let filled = cursor === NO_CURSOR ? 0 : groups.start[cursor];
    for (let at = start; at < end; at++) {
      const row = members[at];
      const next = row * width + depth;
      if (ending ? !runsInto(ending, tokens, next, (row + 1) * width) : tokens[next] !== token) continue;
      own = Math.max(own, lengths[row]);
      sum += standing(weights[row], longest - lengths[row]);
      occurrences += weights[row];
      recency = Math.max(recency, recencies[row]);
      nearness = Math.max(nearness, nearnesses[row]);
      if (cursor !== NO_CURSOR) members[filled++] = row;
    }
    if (cursor !== NO_CURSOR) groups.end[cursor] = filled;
    if (sum === 0) return;
    const at = offers.add(token, cursor);
    if (at < 0) return;
    const { features } = offers;
    const matched = log2Of(own + depth);
    features[at + Feature.matchLength] = matched;
    features[at + Feature.shorter] = log2Of(longest + depth) - matched;
    features[at + Feature.share] = Math.log2(sum / this.total);
    features[at + Feature.occurrences] = Math.min(MAX_OCCURRENCES, log2Of(occurrences));
    features[at + Feature.depth] = log2Of(depth);
    if (ending) {
      features[at + Feature.ending] = 1;
      return;
    }
    features[at + Feature.recency] = recency;
    features[at + Feature.nearness] = nearness;
  }
}

/** Whether a row, whose next tokens are `tokens[at..end)`, continues like the text after the cursor. */
function runsInto({ after }: Ending, tokens: Int32Array, at: number, end: number): boolean {
  const count = Math.min(ENDING_TOKENS, after.length);
  if (count === 0 || at + count > end) return false;
  for (let i = 0; i < count; i++) if (tokens[at + i] !== after[i]) return false;
  return true;
}

/** The weight of a row. @param shorter tokens by which its match is shorter than the longest */
const standing = (weight: number, shorter: number) => weight * 2 ** -Math.min(MAX_HALVINGS, shorter);
