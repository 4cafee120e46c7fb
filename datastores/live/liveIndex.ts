/**
 * An index of files that keep changing: a file is added, replaced or removed in time proportional to its length,
 * and what was added is found at once.
 *
 * All files are in a log, one after the other. Each position is chained to the previous one with the same
 * hash of the last four, and of the last two, tokens, as in LZ77 compressors (Deutsch 1996, RFC 1951,
 * section 4); a search follows the chains, most recent first, and compares. The tokens of a replaced file are erased,
 * so that nothing matches there; when there are too many, the log is rewritten.
 */

import { MatchList } from "./matchList.ts";
import { enlarged, type Segment, TokenLog } from "./tokenLog.ts";

const NONE = -1;
/** Numbers of tokens that the two kinds of chains hash. */
const LONG = 4;
const SHORT = 2;
/** Initial capacity in positions. */
const FIRST_CAPACITY = 1 << 16;
/**
 * Number of hash values, however many positions there are: rebuilding the chains for more of them would block the
 * thread for half a second in a large workspace. Unused values take no memory.
 */
const HASHES = 1 << 19;
/** Longer matches add no information. */
const LONGEST_MATCH = 32;
/** Positions examined on each chain. */
const CHAIN_STEPS = 96;
/** Positions skipped on each chain because they are in the excluded file, which is often the latest. */
const PASSED_OVER = 1024;
/** If there are fewer occurrences with the long hash than this, those with the short one are examined as well. */
const ENOUGH = 8;
/** Number of dead positions above which the log is rewritten. */
const SUFFERED_DEAD = 1 << 18;

export class LiveIndex {
  /**
   * Result of the last search: occurrences of the longest suffixes, the more recent first among equals. Their text
   * continues at `tokens[nexts[i]]`, up to a negative token.
   */
  readonly matches: MatchList;
  private readonly log: TokenLog;
  private readonly files = new Map<string, Segment>();
  private long: Chains;
  private short: Chains;

  /**
   * @param mostTokens limit of all files' tokens @param mostMatches most occurrences that a search returns
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

  /** The log; the first `size` elements are in use. Replaced by another array when a file is added. */
  get tokens(): Int32Array {
    return this.log.tokens;
  }

  get size(): number {
    return this.log.size;
  }

  /** Number of files. */
  get fileCount(): number {
    return this.files.size;
  }

  /** Names of the files. */
  get names(): readonly string[] {
    return [...this.files.keys()];
  }

  /** Number of tokens of all files. */
  get liveTokens(): number {
    return this.log.size - this.log.dead;
  }

  has(name: string): boolean {
    return this.files.has(name);
  }

  /** Adds a file, or replaces its content. False if there is no room for it. */
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

  /** Removes a file; false if it is not in the index. */
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
   * @param except a file whose occurrences do not count, such as the edited one
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
    // Longer matches than this were already found through the long hash.
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
        // The match is shorter than the hash's width if two contexts have the same hash.
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
    // Same capacity as the log, since a file is added next.
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

/** Positions with the same hash, each linked to the one added before it. Links are positions plus one; 0 is none. */
class Chains {
  private readonly heads = new Int32Array(HASHES);
  private links: Int32Array;

  /** @param width number of hashed tokens @param positions initial capacity */
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

  /** Removes a position that is linked from `after`, or is the latest if that is `NONE`. Returns the previous one. */
  unlink(key: number, position: number, after: number): number {
    const link = this.links[position];
    if (after === NONE) this.heads[key & (HASHES - 1)] = link;
    else this.links[after] = link;
    return link - 1;
  }

  /** Adds the positions of a file with enough of its tokens before them; no context contains its separator. */
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
