/**
 * An index of files that change under one's hands: a file is put in, replaced or taken out in time
 * proportional to its length, and what is put in is found at once.
 *
 * All files lie one after the other in a log. Each position is chained to the one before it with the same
 * hash of the last four, and of the last two, tokens, as LZ77 compressors do (Deutsch 1996, RFC 1951,
 * section 4); a search walks the chains, most recent first, and compares. A replaced file's positions are
 * marked dead and skipped; when they are too many, the log is written anew.
 */

const SEPARATOR = -1;
const NONE = -1;
const LONG = 4;
const SHORT = 2;
/** Longer matches say no more. */
const LONGEST_MATCH = 32;
/** Positions looked at on each chain. */
const CHAIN_STEPS = 96;
/** Below this many occurrences with the long hash, those with the short one are looked at as well. */
const ENOUGH = 8;
/** Dead positions that are suffered before the log is written anew. */
const SUFFERED_DEAD = 1 << 18;

interface Segment {
  readonly start: number;
  readonly end: number;
}

/** What followed occurrences of a context; longest match first, the more recent first among equals. */
interface LiveMatches {
  readonly count: number;
  /** Length of the match, in tokens. */
  readonly lengths: Uint8Array;
  /** Where the continuation begins, for `LiveIndex.tokens`; it ends at a negative token. */
  readonly nexts: Int32Array;
}

export class LiveIndex {
  /** The log; the first `size` are in use. */
  tokens: Int32Array;
  size = 0;
  readonly matches: LiveMatches & { count: number };
  private alive: Uint8Array;
  private readonly files = new Map<string, Segment>();
  /** All segments of the log in its order, those of files replaced since among them. */
  private segments: { readonly name: string; readonly start: number }[] = [];
  private deadTokens = 0;
  private long: Chains;
  private short: Chains;

  /**
   * @param mostTokens files beyond this are refused @param mostMatches occurrences a search returns at most
   */
  constructor(
    readonly mostTokens: number,
    private readonly mostMatches = 32,
  ) {
    const capacity = Math.min(1 << 16, mostTokens);
    this.tokens = new Int32Array(capacity);
    this.alive = new Uint8Array(capacity);
    this.long = new Chains(capacity);
    this.short = new Chains(capacity);
    this.matches = { count: 0, lengths: new Uint8Array(mostMatches), nexts: new Int32Array(mostMatches) };
  }

  /** Files there are. */
  get fileCount(): number {
    return this.files.size;
  }

  /** Names of the files there are. */
  get names(): readonly string[] {
    return [...this.files.keys()];
  }

  /** Tokens of the files there are. */
  get liveTokens(): number {
    return this.size - this.deadTokens;
  }

  has(name: string): boolean {
    return this.files.has(name);
  }

  /** Puts a file in, in place of what it held before. False when there is no room for it. */
  put(name: string, tokens: Int32Array): boolean {
    this.remove(name);
    const length = tokens.length + 1;
    if (this.liveTokens + length > this.mostTokens) return false;
    if (this.deadTokens > SUFFERED_DEAD && this.deadTokens > this.liveTokens) this.rewrite();
    const start = this.size;
    this.reserve(start + length);
    this.tokens[start] = SEPARATOR;
    this.tokens.set(tokens, start + 1);
    this.alive.fill(1, start, start + length);
    this.size += length;
    this.files.set(name, { start, end: this.size });
    this.segments.push({ name, start });
    this.chain(start, this.size);
    return true;
  }

  /** Takes a file out; false when it is not there. */
  remove(name: string): boolean {
    const segment = this.files.get(name);
    if (!segment) return false;
    this.files.delete(name);
    this.alive.fill(0, segment.start, segment.end);
    this.deadTokens += segment.end - segment.start;
    return true;
  }

  /** The file a position of the log belongs to, or belonged to. */
  fileAt(position: number): string | undefined {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.segments[middle].start <= position) low = middle + 1;
      else high = middle;
    }
    return this.segments[low - 1]?.name;
  }

  /**
   * Fills `matches` with occurrences of the longest suffixes of `context[0..end)`, each at least two tokens.
   * @param except a file whose occurrences do not count, as the one under edit
   */
  find(context: Int32Array, end: number, except?: string): void {
    const { matches } = this;
    matches.count = 0;
    const skipped = except === undefined ? undefined : this.files.get(except);
    if (end >= LONG) this.collect(this.long, hash(context, end, LONG), context, end, LONG, skipped);
    if (end >= SHORT && matches.count < ENOUGH)
      this.collect(this.short, hash(context, end, SHORT), context, end, SHORT, skipped);
  }

  private collect(
    chains: Chains,
    key: number,
    context: Int32Array,
    end: number,
    least: number,
    skipped: Segment | undefined,
  ): void {
    const { tokens, alive } = this;
    const most = least === SHORT ? LONG - 1 : LONGEST_MATCH;
    let position = chains.latest(key);
    for (let step = 0; step < CHAIN_STEPS && position !== NONE; step++) {
      const usable =
        alive[position] === 1 && !(skipped && position >= skipped.start && position < skipped.end);
      if (usable && position + 1 < this.size && tokens[position + 1] >= 0) {
        let length = 0;
        while (
          length < LONGEST_MATCH &&
          length < end &&
          tokens[position - length] === context[end - 1 - length]
        )
          length++;
        // What the short hash finds beyond its reach, the long one has found.
        if (length >= least && length <= most) this.insert(length, position + 1);
      }
      position = chains.before(position);
    }
  }

  /** Keeps the matches sorted by length; of equal ones the first that came, the most recent, stays first. */
  private insert(length: number, next: number): void {
    const { matches } = this;
    const { lengths, nexts } = matches;
    let at = matches.count;
    while (at > 0 && lengths[at - 1] < length) at--;
    if (at >= this.mostMatches) return;
    const last = Math.min(matches.count, this.mostMatches - 1);
    lengths.copyWithin(at + 1, at, last);
    nexts.copyWithin(at + 1, at, last);
    lengths[at] = length;
    nexts[at] = next;
    matches.count = last + 1;
  }

  private chain(start: number, end: number): void {
    const { tokens } = this;
    for (let position = start; position < end; position++) {
      const inFile = position - start;
      // The separator is the file's first token and part of no context.
      if (inFile >= SHORT) this.short.add(hash(tokens, position + 1, SHORT), position);
      if (inFile >= LONG) this.long.add(hash(tokens, position + 1, LONG), position);
    }
  }

  private rewrite(): void {
    const kept = [...this.files].sort(([, a], [, b]) => a.start - b.start);
    let size = 0;
    for (const [name, { start, end }] of kept) {
      this.tokens.copyWithin(size, start, end);
      this.files.set(name, { start: size, end: size + end - start });
      size += end - start;
    }
    this.segments = kept.map(([name]) => ({ name, start: this.files.get(name)?.start ?? 0 }));
    this.size = size;
    this.deadTokens = 0;
    this.alive.fill(1, 0, size);
    this.chainAll();
  }

  private chainAll(): void {
    this.long = new Chains(this.tokens.length);
    this.short = new Chains(this.tokens.length);
    // In the log's order, so that the most recent stays first.
    for (const { start, end } of [...this.files.values()].sort((a, b) => a.start - b.start))
      this.chain(start, end);
  }

  /** Makes room in all arrays; the chains grow along, which takes time in proportion, each time half as often. */
  private reserve(needed: number): void {
    if (needed <= this.tokens.length) return;
    const capacity = Math.max(needed, 2 * this.tokens.length);
    const tokens = new Int32Array(capacity);
    tokens.set(this.tokens.subarray(0, this.size));
    this.tokens = tokens;
    const alive = new Uint8Array(capacity);
    alive.set(this.alive.subarray(0, this.size));
    this.alive = alive;
    this.chainAll();
  }
}

/** Hash of the `count` tokens before `end`. */
function hash(tokens: Int32Array, end: number, count: number): number {
  let value = 0;
  for (let i = end - count; i < end; i++) value = Math.imul(value ^ tokens[i], 0x9e3779b1) + 0x7f4a7c15;
  return (value ^ (value >>> 15)) >>> 0;
}

/** Positions with the same hash, each linked to the one added before it. */
class Chains {
  private readonly heads: Int32Array;
  private readonly links: Int32Array;

  /** @param positions most positions; there are as many heads, so that few hashes share one */
  constructor(positions: number) {
    this.heads = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(2, positions)))).fill(NONE);
    this.links = new Int32Array(positions);
  }

  latest(key: number): number {
    return this.heads[key & (this.heads.length - 1)];
  }

  before(position: number): number {
    return this.links[position];
  }

  add(key: number, position: number): void {
    const slot = key & (this.heads.length - 1);
    this.links[position] = this.heads[slot];
    this.heads[slot] = position;
  }
}
