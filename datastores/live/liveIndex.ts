/**
 * An index of files that change under one's hands: a file is put in, replaced or taken out in time
 * proportional to its length, and what is put in is found at once.
 *
 * All files lie one after the other in a log. Each position is chained to the one before it with the same
 * hash of the last four, and of the last two, tokens, as LZ77 compressors do (Deutsch 1996, RFC 1951,
 * section 4); a search walks the chains, most recent first, and compares. The tokens of a replaced file are erased,
 * so that nothing matches there; when they are too many, the log is written anew.
 */

import { MatchList } from "./matchList.ts";
import { enlarged, type Segment, TokenLog } from "./tokenLog.ts";

const NONE = -1;
/** Tokens that the two kinds of chains hash. */
const LONG = 4;
const SHORT = 2;
/** Positions there is room for at first. */
const FIRST_CAPACITY = 1 << 16;
/**
 * Hashes that are told apart, however many positions there are: chains that had to be made anew for more of them would
 * block the thread for half a second in a large workspace. Those that are never met take no memory.
 */
const HASHES = 1 << 19;
/** Longer matches say no more. */
const LONGEST_MATCH = 32;
/** Positions looked at on each chain. */
const CHAIN_STEPS = 96;
/** Positions passed over on each chain that are in the file whose occurrences do not count: it is often the latest. */
const PASSED_OVER = 1024;
/** Below this many occurrences with the long hash, those with the short one are looked at as well. */
const ENOUGH = 8;
/** Dead positions that are suffered before the log is written anew. */
const SUFFERED_DEAD = 1 << 18;

export class LiveIndex {
  /**
   * What the last search found: occurrences of the longest suffixes, the more recent first among equals. Their text
   * goes on at `tokens[nexts[i]]`, up to a negative token.
   */
  readonly matches: MatchList;
  private readonly log: TokenLog;
  private readonly files = new Map<string, Segment>();
  private long: Chains;
  private short: Chains;

  /**
   * @param mostTokens files beyond this are refused @param mostMatches occurrences a search returns at most
   */
  constructor(
    readonly mostTokens: number,
    mostMatches = 32,
  ) {
    const capacity = Math.min(FIRST_CAPACITY, mostTokens);
    this.log = new TokenLog(capacity);
    this.long = new Chains(LONG, capacity);
    this.short = new Chains(SHORT, capacity);
    this.matches = new MatchList(mostMatches);
  }

  /** The log; the first `size` are in use. Another array after a file was put in. */
  get tokens(): Int32Array {
    return this.log.tokens;
  }

  get size(): number {
    return this.log.size;
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
    return this.log.size - this.log.dead;
  }

  has(name: string): boolean {
    return this.files.has(name);
  }

  /** Puts a file in, in place of what it held before. False when there is no room for it. */
  put(name: string, tokens: Int32Array): boolean {
    const { log, files } = this;
    this.remove(name);
    if (this.liveTokens + tokens.length + 1 > this.mostTokens) return false;
    if (log.dead > SUFFERED_DEAD && log.dead > this.liveTokens) {
      log.compact(files);
      this.chainAll();
    }
    const segment = log.append(name, tokens);
    files.set(name, segment);
    this.chain(segment);
    return true;
  }

  /** Takes a file out; false when it is not there. */
  remove(name: string): boolean {
    const segment = this.files.get(name);
    if (!segment) return false;
    this.files.delete(name);
    this.log.bury(segment);
    return true;
  }

  /** The file a position of the log belongs to, or belonged to. */
  fileAt(position: number): string | undefined {
    return this.log.nameAt(position);
  }

  /**
   * Fills `matches` with occurrences of the longest suffixes of `context[0..end)`, each at least two tokens.
   * @param except a file whose occurrences do not count, as the one under edit
   */
  find(context: Int32Array, end: number, except?: string): void {
    this.matches.clear();
    const skipped = except === undefined ? undefined : this.files.get(except);
    if (end >= LONG) this.collect(this.long, context, end, skipped);
    if (end >= SHORT && this.matches.count < ENOUGH) this.collect(this.short, context, end, skipped);
  }

  private collect(chains: Chains, context: Int32Array, end: number, skipped: Segment | undefined): void {
    const { tokens, size } = this.log;
    const { matches } = this;
    // What the short hash finds beyond its reach, the long one has found.
    const longest = chains.width === SHORT ? LONG - 1 : LONGEST_MATCH;
    const key = hash(context, end, chains.width);
    let [looked, passed, after] = [0, 0, NONE];
    let position = chains.latest(key);
    while (position !== NONE && looked < CHAIN_STEPS && passed < PASSED_OVER) {
      if (tokens[position] < 0) {
        position = chains.unlink(key, position, after);
        continue;
      }
      const isSkipped = skipped !== undefined && position >= skipped.start && position < skipped.end;
      if (isSkipped) passed++;
      else looked++;
      if (!isSkipped && position + 1 < size && tokens[position + 1] >= 0) {
        let length = 0;
        while (
          length < LONGEST_MATCH &&
          length < end &&
          tokens[position - length] === context[end - 1 - length]
        )
          length++;
        // Shorter than the hash's reach where two contexts have the same hash.
        if (length >= chains.width && length <= longest) matches.insert(length, position + 1);
      }
      after = position;
      position = chains.before(position);
    }
  }

  private chain(segment: Segment): void {
    this.short.add(this.log.tokens, segment);
    this.long.add(this.log.tokens, segment);
  }

  private chainAll(): void {
    // As much room as the log has: a file is put in next.
    this.long = new Chains(LONG, this.log.tokens.length);
    this.short = new Chains(SHORT, this.log.tokens.length);
    // In the log's order, so that the most recent stays first.
    for (const segment of [...this.files.values()].sort((a, b) => a.start - b.start)) this.chain(segment);
  }
}

/** Hash of the `count` tokens before `end`. */
function hash(tokens: Int32Array, end: number, count: number): number {
  let value = 0;
  for (let i = end - count; i < end; i++) value = Math.imul(value ^ tokens[i], 0x9e3779b1) + 0x7f4a7c15;
  return (value ^ (value >>> 15)) >>> 0;
}

/** Positions with the same hash, each linked to the one added before it. A number is a position and one, 0 is none. */
class Chains {
  private readonly heads = new Int32Array(HASHES);
  private links: Int32Array;

  /** @param width tokens that are hashed @param positions there is room for at first */
  constructor(
    readonly width: number,
    positions: number,
  ) {
    this.links = new Int32Array(positions);
  }

  latest(key: number): number {
    return this.heads[key & (HASHES - 1)] - 1;
  }

  before(position: number): number {
    return this.links[position] - 1;
  }

  /** Takes a position out that is linked from `after`, or is the latest where that is none. Returns the one before it. */
  unlink(key: number, position: number, after: number): number {
    const link = this.links[position];
    if (after === NONE) this.heads[key & (HASHES - 1)] = link;
    else this.links[after] = link;
    return link - 1;
  }

  /** Adds the positions of a file that have enough of its tokens before them; its separator is part of no context. */
  add(tokens: Int32Array, { start, end }: Segment): void {
    this.links = enlarged(this.links, end);
    const { heads, links, width } = this;
    for (let position = start + width; position < end; position++) {
      const slot = hash(tokens, position + 1, width) & (HASHES - 1);
      links[position] = heads[slot];
      heads[slot] = position + 1;
    }
  }
}
