/**
 * An index of files that keep changing: a file is added, replaced or removed in time proportional to its length,
 * and what was added is found at once.
 *
 * All files are in a log, one after the other. Each position is chained to the previous one with the same
 * hash of the last four, and of the last two, tokens, as in LZ77 compressors (Deutsch 1996, RFC 1951,
 * section 4); a search follows the chains, most recent first, and compares. The tokens of a replaced file are erased,
 * so that nothing matches there; when there are too many, the log is rewritten, in steps.
 */

import { type Chains, hash, NONE } from "./chains.ts";
import { Generation, LONG, Renewal, SHORT } from "./generation.ts";
import { MatchList } from "./matchList.ts";
import type { Segment } from "./tokenLog.ts";

/** Longer matches add no information. */
const LONGEST_MATCH = 32;
/** Positions examined on each chain. */
const CHAIN_STEPS = 96;
/** Positions skipped on each chain because they are in the excluded file, which is often the latest. */
const PASSED_OVER = 1024;
/** If there are fewer occurrences with the long hash than this, those with the short one are examined as well. */
const ENOUGH = 8;
/** Number of dead positions, and their share of the live ones, above which the log is rewritten. */
const SUFFERED_DEAD = 1 << 18;
const SUFFERED_DEAD_SHARE = 0.25;
/** Positions there is room for, relative to the most live ones: dead ones, and what is added while the log is rewritten. */
const CAPACITY = 1.5;
/** Positions that are rewritten with each file, beside twice its own, so that no file waits longer than milliseconds. */
const RENEWED_AT_ONCE = 1 << 14;

export class LiveIndex {
  /**
   * Result of the last search: occurrences of the longest suffixes, the more recent first among equals. Their text
   * continues at `tokens[nexts[i]]`, up to a negative token.
   */
  readonly matches: MatchList;
  private generation: Generation;
  /** The generation that will replace this one, while it is made. */
  private renewal: Renewal | undefined;

  /**
   * @param mostTokens limit of all files' tokens @param mostMatches most occurrences that a search returns
   */
  constructor(
    readonly mostTokens: number,
    mostMatches = 32,
  ) {
    // Room for all at once: an array that is enlarged is copied as a whole, which takes tens of milliseconds. Unused
    // positions take no memory.
    this.generation = new Generation(Math.ceil(CAPACITY * mostTokens) + SUFFERED_DEAD);
    this.matches = new MatchList(mostMatches);
  }

  /** The log; the first `size` elements are in use. May be replaced by another array when a file is added. */
  get tokens(): Int32Array {
    return this.generation.log.tokens;
  }

  get size(): number {
    return this.generation.log.size;
  }

  /** Number of files. */
  get fileCount(): number {
    return this.generation.files.size;
  }

  /** Names of the files. */
  get names(): readonly string[] {
    return [...this.generation.files.keys()];
  }

  /** Number of tokens of all files. */
  get liveTokens(): number {
    return this.generation.live;
  }

  has(name: string): boolean {
    return this.generation.files.has(name);
  }

  /** Adds a file, or replaces its content. False if there is no room for it. */
  put(name: string, tokens: Int32Array): boolean {
    this.remove(name);
    if (this.liveTokens + tokens.length + 1 > this.mostTokens) return false;
    this.generation.add(name, tokens);
    this.renew(tokens.length);
    return true;
  }

  /** Removes a file; false if it is not in the index. */
  remove(name: string): boolean {
    this.renewal?.copy.remove(name);
    return this.generation.remove(name);
  }

  /** The file a position of the log belongs to, or belonged to. */
  fileAt(position: number): string | undefined {
    return this.generation.log.nameAt(position);
  }

  /**
   * Fills `matches` with occurrences of the longest suffixes of `context[0..end)`, each at least two tokens.
   * @param except a file whose occurrences do not count, such as the edited one
   */
  find(context: Int32Array, end: number, except?: string): void {
    this.matches.clear();
    const skipped = except === undefined ? undefined : this.generation.files.get(except);
    if (end >= LONG) this.collect(this.generation.long, context, end, skipped);
    if (end >= SHORT && this.matches.count < ENOUGH)
      this.collect(this.generation.short, context, end, skipped);
  }

  private collect(chains: Chains, context: Int32Array, end: number, skipped: Segment | undefined): void {
    const { tokens, size } = this.generation.log;
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

  /** Rewrites the log if too much of it is dead, a step with each file that is added. @param added its tokens */
  private renew(added: number): void {
    const { log, live } = this.generation;
    if (log.dead > SUFFERED_DEAD && log.dead > SUFFERED_DEAD_SHARE * live)
      this.renewal ??= new Renewal(this.generation);
    if (!this.renewal?.advance(RENEWED_AT_ONCE + 2 * added)) return;
    this.generation = this.renewal.copy;
    this.renewal = undefined;
  }
}
