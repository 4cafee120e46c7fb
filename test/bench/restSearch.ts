/**
 * The search of REST (He et al., "REST: Retrieval-Based Speculative Decoding", NAACL 2024; `DraftRetriever` in
 * its repository) over the same tokens, to compare ours with: a suffix array, and for spans of 16 down to 2 tokens a
 * binary search over all of it for the first occurrence of the context's last tokens and, once there is one, another for
 * the last. REST holds all of it in memory; read from a file, each comparison reads twice.
 */
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { prefixArray, SEPARATOR } from "../../datastores/index/index.ts";

export const LONGEST_SPAN = 16;
export const SHORTEST_SPAN = 2;

/** Tokens and suffix array, in memory or in a file. */
export interface SuffixData {
  /** Suffixes. */
  readonly count: number;
  /** Where the suffix at an index of the array begins. */
  suffix(index: number): number;
  /** Tokens from a place on, valid until the next call; fewer than `count` at the stream's end. */
  read(start: number, count: number): Uint32Array;
  close(): void;
}

/**
 * The suffix array of a stream, sorted to a depth of 32 tokens: a prefix array of the stream read backwards.
 * Separators are tokens like any other, as in REST.
 */
export function suffixArray(tokens: Uint32Array): Uint32Array {
  let separator = 0;
  for (const token of tokens) if (token !== SEPARATOR && token >= separator) separator = token + 1;
  // One token more, so that the first suffix is "followed" by a token too.
  const backwards = new Uint32Array(tokens.length + 1);
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[tokens.length - 1 - i] as number;
    backwards[i] = token === SEPARATOR ? separator : token;
  }
  const suffixes = prefixArray(backwards);
  for (let i = 0; i < suffixes.length; i++) suffixes[i] = tokens.length - (suffixes[i] as number);
  return suffixes;
}

export class SuffixMemory implements SuffixData {
  constructor(
    private readonly tokens: Uint32Array,
    private readonly suffixes: Uint32Array,
  ) {}

  get count(): number {
    return this.suffixes.length;
  }

  suffix(index: number): number {
    return this.suffixes[index] as number;
  }

  read(start: number, count: number): Uint32Array {
    return this.tokens.subarray(start, start + count);
  }

  close(): void {}
}

const CHUNK = 1 << 20;

export class SuffixFile implements SuffixData {
  private readonly file: number;
  private readonly number = new Uint32Array(1);
  private readonly numberBytes = new Uint8Array(this.number.buffer);
  private readonly buffer = new Uint32Array(64);
  private readonly bufferBytes = new Uint8Array(this.buffer.buffer);

  private constructor(
    path: string,
    private readonly tokens: number,
    readonly count: number,
  ) {
    this.file = openSync(path, "r");
  }

  static write(path: string, tokens: Uint32Array, suffixes: Uint32Array): SuffixFile {
    const file = openSync(path, "w");
    for (const array of [tokens, suffixes])
      for (let from = 0; from < array.length; from += CHUNK)
        writeSync(file, array.subarray(from, from + CHUNK));
    closeSync(file);
    return new SuffixFile(path, tokens.length, suffixes.length);
  }

  suffix(index: number): number {
    readSync(this.file, this.numberBytes, 0, 4, 4 * (this.tokens + index));
    return this.number[0] as number;
  }

  read(start: number, count: number): Uint32Array {
    const there = Math.min(count, this.tokens - start);
    readSync(this.file, this.bufferBytes, 0, 4 * there, 4 * start);
    return this.buffer.subarray(0, there);
  }

  close(): void {
    closeSync(this.file);
  }
}

export class RestSearch {
  /** Tokens of the longest span found; 0 for none. */
  matchLength = 0;
  /** The suffixes that begin with it: indices [low, high) of the array. */
  low = 0;
  high = 0;
  /** Whether a suffix that begins with the span was found. */
  private seen = false;

  constructor(readonly data: SuffixData) {}

  /** Searches the last 16, 15 ... 2 tokens of a context until some occur. */
  find(context: Int32Array, end: number): void {
    this.matchLength = 0;
    this.low = 0;
    this.high = 0;
    for (let span = Math.min(LONGEST_SPAN, end); span >= SHORTEST_SPAN; span--) {
      this.seen = false;
      const low = this.boundary(context, end, span, 0, 0);
      if (!this.seen) continue;
      this.matchLength = span;
      this.low = low;
      this.high = this.boundary(context, end, span, low, 1);
      return;
    }
  }

  /** Reads the tokens after `most` occurrences spread evenly; returns the number of occurrences. */
  continuations(most: number, length: number, into: Int32Array): number {
    const found = this.high - this.low;
    const count = Math.min(most, found);
    for (let i = 0; i < count; i++) {
      const start = this.data.suffix(this.low + Math.floor((i * found) / count)) + this.matchLength;
      into.set(this.data.read(start, length), i * length);
    }
    return count;
  }

  /** First index from `from` on whose suffix's beginning compares with the span as `least` or more. */
  private boundary(context: Int32Array, end: number, span: number, from: number, least: 0 | 1): number {
    let low = from;
    let high = this.data.count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const order = this.compare(this.data.suffix(middle), context, end, span);
      if (order === 0) this.seen = true;
      if (order >= least) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Negative, zero or positive as the text at `start` is before, equal to or after the span. */
  private compare(start: number, context: Int32Array, end: number, span: number): number {
    const text = this.data.read(start, span);
    for (let i = 0; i < span; i++) {
      const token = text[i];
      if (token === undefined) return -1;
      // A separator is the largest number here, and was made the largest token when the suffixes were sorted.
      if (token !== context[end - span + i]) return token < (context[end - span + i] as number) ? -1 : 1;
    }
    return 0;
  }
}
