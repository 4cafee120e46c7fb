/** The files of an index in a log with its chains, and how a log with many dead positions is replaced in small steps. */
import { Chains } from "./chains.ts";
import { type Segment, TokenLog } from "./tokenLog.ts";

/** Numbers of tokens that the two kinds of chains hash. */
export const LONG = 4;
export const SHORT = 2;
/** Capacity of a copy relative to the size of the original, which grows while it is copied. */
const ROOM = 1.25;

export class Generation {
  readonly log: TokenLog;
  readonly files = new Map<string, Segment>();
  readonly long: Chains;
  readonly short: Chains;

  /** @param capacity initial, in positions */
  constructor(capacity: number) {
    this.log = new TokenLog(capacity);
    this.long = new Chains(LONG, capacity);
    this.short = new Chains(SHORT, capacity);
  }

  /** Number of positions of all files that are not removed. */
  get live(): number {
    return this.log.size - this.log.dead;
  }

  add(name: string, tokens: Int32Array): void {
    const segment = this.log.append(name, tokens);
    this.files.set(name, segment);
    this.short.add(this.log.tokens, segment);
    this.long.add(this.log.tokens, segment);
  }

  /** False if there is no such file. */
  remove(name: string): boolean {
    const segment = this.files.get(name);
    if (!segment) return false;
    this.files.delete(name);
    this.log.bury(segment);
    return true;
  }
}

/** A copy of a generation without its dead positions, made in steps while the original changes. */
export class Renewal {
  readonly copy: Generation;
  /** Segments of the original's log that have been copied or left out. */
  private done = 0;

  constructor(private readonly original: Generation) {
    // It will hold as many dead positions in turn: an array that is enlarged then would be copied as a whole. Unused
    // positions take no memory.
    this.copy = new Generation(Math.ceil(ROOM * original.log.size));
  }

  /** Copies files of about so many positions, in the log's order, so that the most recent stays first. True if none is left. */
  advance(positions: number): boolean {
    const { log, files } = this.original;
    let left = positions;
    for (; this.done < log.segments.length; this.done++) {
      if (left <= 0) return false;
      const { name, start } = log.segments[this.done];
      const segment = files.get(name);
      // A file that was replaced is in a later segment.
      if (segment?.start !== start) continue;
      this.copy.add(name, log.tokens.subarray(start + 1, segment.end));
      left -= segment.end - start;
    }
    return true;
  }
}
