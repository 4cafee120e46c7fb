/**
 * Places where the end of a text occurred before, and what followed at each: the result of one search. Places
 * that go on alike are followed together; where they part, each token is offered with its share of them.
 *
 * A cursor is a group of places that have gone on alike so far. Groups lie in one array, as ranges of row
 * numbers, and are made anew at each step.
 */
import { Feature, log2Of, NO_CURSOR, type Offers, ROOT_CURSOR } from "./source.ts";
import { TokenKind, type TokenTexts } from "./tokenTexts.ts";

/** What follows the cursor, and the token that ends the text before it. */
export interface Ending {
  readonly token: number;
  /** The first tokens after the cursor. */
  readonly after: Int32Array;
}

/** Tokens that must agree with what follows the cursor for a text to end there. */
const ENDING_TOKENS = 3;
/** Different tokens of one group that are distinguished; more are of no use in a tree. */
const MAX_TOKENS = 12;
/** Groups and row numbers of a step; what is beyond is not followed. */
const MAX_GROUPS = 1024;
const MAX_MEMBERS = 8192;
/** More occurrences say no more, in binary logarithms. */
const MAX_OCCURRENCES = 6;

/** Rows that are offered together. */
interface Group {
  /** Longest match of these rows, and of all rows of the cursor. */
  readonly own: number;
  readonly longest: number;
  /** Tokens the rows have gone on alike. */
  readonly depth: number;
  readonly share: number;
  readonly occurrences: number;
}

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

  private groups = 0;
  private members = 0;
  private readonly groupStart = new Int32Array(MAX_GROUPS);
  private readonly groupSize = new Int32Array(MAX_GROUPS);
  private readonly groupDepth = new Int32Array(MAX_GROUPS);
  private readonly member = new Int32Array(MAX_MEMBERS);
  private readonly seen = new Int32Array(MAX_TOKENS);

  /**
   * @param capacity most rows @param width tokens of a row @param texts distinguishes kinds of tokens; absent: all alike
   * @param ending where a text that runs into what follows the cursor ends; absent: nowhere
   */
  constructor(
    readonly capacity: number,
    readonly width: number,
    private readonly texts?: TokenTexts,
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
    this.groups = 0;
  }

  /**
   * Adds a place: what follows it are `from[start..end)`, up to a negative token. Returns the row, or -1 when
   * there is no room.
   */
  add(from: Int32Array, start: number, end: number, length: number, weight: number): number {
    if (this.rows >= this.capacity) return -1;
    const row = this.rows++;
    const at = row * this.width;
    const limit = Math.min(end - start, this.width);
    let count = 0;
    while (count < limit && from[start + count] >= 0) {
      this.tokens[at + count] = from[start + count];
      count++;
    }
    if (count < this.width) this.tokens[at + count] = -1;
    this.lengths[row] = length;
    this.weights[row] = weight;
    this.recencies[row] = 0;
    this.nearnesses[row] = 0;
    return row;
  }

  /** Ends the adding: the root is the group of all rows. */
  ready(): void {
    this.groups = 1;
    this.members = this.rows;
    for (let row = 0; row < this.rows; row++) this.member[row] = row;
    this.groupStart[ROOT_CURSOR] = 0;
    this.groupSize[ROOT_CURSOR] = this.rows;
    this.groupDepth[ROOT_CURSOR] = 0;
  }

  /** Offers what may follow a group. */
  children(cursor: number, offers: Offers): void {
    if (cursor >= this.groups) return;
    const { groupStart, groupSize, groupDepth, member, tokens, width, seen } = this;
    const depth = groupDepth[cursor];
    const start = groupStart[cursor];
    const end = start + groupSize[cursor];
    if (depth >= width) return;
    let longest = 0;
    for (let at = start; at < end; at++) longest = Math.max(longest, this.lengths[member[at]]);
    let total = 0;
    let different = 0;
    for (let at = start; at < end; at++) {
      const row = member[at];
      total += this.standing(row, longest);
      const token = tokens[row * width + depth];
      // A negative one ends its row.
      let known = token < 0;
      for (let i = 0; i < different && !known; i++) known = seen[i] === token;
      if (!known && different < MAX_TOKENS) seen[different++] = token;
    }
    for (let i = 0; i < different; i++) this.offer(seen[i], start, end, depth, longest, total, offers);
    this.offerEnding(start, end, depth, longest, total, offers);
  }

  /** Offers the rows of a group that go on with `token`, as a group of their own. */
  private offer(
    token: number,
    start: number,
    end: number,
    depth: number,
    longest: number,
    total: number,
    offers: Offers,
  ): void {
    const { member, tokens, width, lengths, weights } = this;
    const cursor =
      this.groups < MAX_GROUPS && this.members + (end - start) <= MAX_MEMBERS ? this.groups++ : NO_CURSOR;
    const first = this.members;
    let [own, standing, occurrences, recency, nearness] = [0, 0, 0, 0, 0];
    for (let at = start; at < end; at++) {
      const row = member[at];
      if (tokens[row * width + depth] !== token) continue;
      own = Math.max(own, lengths[row]);
      standing += this.standing(row, longest);
      occurrences += weights[row];
      recency = Math.max(recency, this.recencies[row]);
      nearness = Math.max(nearness, this.nearnesses[row]);
      if (cursor !== NO_CURSOR) member[this.members++] = row;
    }
    if (cursor !== NO_CURSOR) {
      this.groupStart[cursor] = first;
      this.groupSize[cursor] = this.members - first;
      this.groupDepth[cursor] = depth + 1;
    }
    const at = offers.add(token, cursor);
    if (at < 0) return;
    const { features } = offers;
    this.describe(features, at, { own, longest, depth, share: standing / total, occurrences });
    features[at + Feature.recency] = recency;
    features[at + Feature.nearness] = nearness;
    const kind = this.texts?.kind(token);
    if (kind === TokenKind.punctuation) features[at + Feature.punctuation] = 1;
    else if (kind === TokenKind.lineBreak) features[at + Feature.lineBreak] = 1;
  }

  /** Offers the end of the text where rows go on as the text after the cursor does. */
  private offerEnding(
    start: number,
    end: number,
    depth: number,
    longest: number,
    total: number,
    offers: Offers,
  ): void {
    if (!this.ending) return;
    let [own, standing, occurrences] = [0, 0, 0];
    for (let at = start; at < end; at++) {
      const row = this.member[at];
      if (!this.runsInto(this.ending.after, row, depth)) continue;
      own = Math.max(own, this.lengths[row]);
      standing += this.standing(row, longest);
      occurrences += this.weights[row];
    }
    if (standing === 0) return;
    const at = offers.add(this.ending.token, NO_CURSOR);
    if (at < 0) return;
    this.describe(offers.features, at, { own, longest, depth, share: standing / total, occurrences });
    offers.features[at + Feature.ending] = 1;
  }

  /** Writes the features that every offer of rows has. */
  private describe(features: Float32Array, at: number, group: Group): void {
    const { own, longest, depth, share, occurrences } = group;
    const matched = log2Of(own + depth);
    features[at + Feature.matchLength] = matched;
    features[at + Feature.shorter] = log2Of(longest + depth) - matched;
    features[at + Feature.share] = Math.log2(share);
    features[at + Feature.occurrences] = Math.min(MAX_OCCURRENCES, log2Of(occurrences));
    features[at + Feature.depth] = log2Of(depth);
  }

  /** Whether a row goes on, from `depth`, as the text after the cursor begins. */
  private runsInto(after: Int32Array, row: number, depth: number): boolean {
    const count = Math.min(ENDING_TOKENS, after.length);
    if (count === 0 || depth + count > this.width) return false;
    const at = row * this.width + depth;
    for (let i = 0; i < count; i++) if (this.tokens[at + i] !== after[i]) return false;
    return true;
  }

  /** What a row counts for: each token its match is shorter than the longest halves it. */
  private standing(row: number, longest: number): number {
    return this.weights[row] * 2 ** -Math.min(6, longest - this.lengths[row]);
  }
}
