/**
 * Construction of the prefix array: the positions of a token stream, sorted by the text before them read
 * backwards. Positions are bucketed on the token just before them, and each bucket is sorted by multikey
 * quicksort (Bentley and Sedgewick, "Fast algorithms for sorting and searching strings", SODA 1997) with the
 * keys of the current depth held beside the positions (Ng and Kakehi's "cache efficient" variant, 2007).
 *
 * Comparison stops after `depth` tokens and at a document's beginning, so a stream that repeats one token, or
 * contains files twice, costs no more than `depth` passes.
 */

/** Separates documents in a stream; never a token. */
export const SEPARATOR = 0xffffffff;
/** Number of tokens before a position that the order considers, and the longest possible match. */
export const DEPTH = 32;

/** Ranges larger than this are partitioned without a cache of keys, which bounds the memory for it. */
const CACHED_ENTRIES = 1 << 19;
const INSERTION_SORT = 12;
const NINTHER = 64;
/** Marks a range whose keys are already in the cache. */
const FILLED = 64;
/** Entries that are sorted before the caller gets a turn. */
const ENTRIES_PER_STEP = 1 << 18;

/**
 * Key of a token in the order: separators, and positions before the stream, sort before every token and end
 * the comparison. Zero means "no token".
 */
export const keyOf = (token: number) => (token + 1) >>> 0;

/** How often each token occurs before a position that has a next token, by token. */
function bucketSizes(tokens: Uint32Array, largest: number): Uint32Array {
  const sizes = new Uint32Array(largest + 2);
  for (let position = 1; position < tokens.length; position++) {
    const before = tokens[position - 1];
    if (before !== SEPARATOR && tokens[position] !== SEPARATOR) sizes[before]++;
  }
  return sizes;
}

/** The largest token that is not a separator; 0 if there is none. */
function largestToken(tokens: Uint32Array): number {
  let largest = 0;
  for (let i = 0; i < tokens.length; i++)
    if (tokens[i] > largest && tokens[i] !== SEPARATOR) largest = tokens[i];
  return largest;
}

/**
 * Sorts in steps, so that a build can show its progress and be cancelled in between.
 *
 * `positions` holds every position that follows a token and has a token: an occurrence at a document's end could not be
 * continued. While `step` returns false, it is not sorted yet.
 */
export class PrefixSorter {
  readonly positions: Uint32Array;
  /** Entries in their final position. */
  sorted = 0;
  private readonly bucketEnds: Uint32Array;
  private bucket = 0;
  /** Keys of the current range at its depth. */
  private readonly keys: Uint32Array;

  /** @param tokens documents joined by `SEPARATOR`: fewer than 2^32, each below 2^24 */
  constructor(
    private readonly tokens: Uint32Array,
    private readonly depth = DEPTH,
  ) {
    const ends = bucketSizes(tokens, largestToken(tokens));
    let total = 0;
    let largest = 0;
    for (let token = 0; token < ends.length; token++) {
      const size = ends[token];
      if (size > largest) largest = size;
      ends[token] = total;
      total += size;
    }
    this.positions = new Uint32Array(total);
    for (let position = 1; position < tokens.length; position++) {
      const before = tokens[position - 1];
      if (before !== SEPARATOR && tokens[position] !== SEPARATOR) this.positions[ends[before]++] = position;
    }
    this.bucketEnds = ends;
    this.keys = new Uint32Array(Math.min(largest, CACHED_ENTRIES));
  }

  /** Sorts some more; true once everything is sorted. */
  step(): boolean {
    const { bucketEnds } = this;
    const until = Math.min(this.positions.length, this.sorted + ENTRIES_PER_STEP);
    while (this.sorted < until) {
      const end = bucketEnds[this.bucket++];
      this.sortLarge(this.sorted, end);
      this.sorted = end;
    }
    return this.sorted === this.positions.length;
  }

  private keyAt(entry: number, depth: number): number {
    const at = this.positions[entry] - 1 - depth;
    return at < 0 ? 0 : keyOf(this.tokens[at]);
  }

  /** Multikey quicksort without the cache, until the parts are small enough for it. */
  private sortLarge(first: number, end: number): void {
    // Three numbers for each part still to sort: its first entry, its end, and the depth up to which its keys are equal.
    const stack = [first, end, 1];
    while (stack.length > 0) {
      const top = stack.length - 3;
      const low = stack[top];
      const high = stack[top + 1];
      const depth = stack[top + 2];
      stack.length = top;
      if (high - low <= this.keys.length) {
        this.sortCached(low, high, depth);
        continue;
      }
      if (depth >= this.depth) continue;
      const pivot = this.pivotOf(low, high, depth);
      const { positions } = this;
      let less = low;
      let more = high;
      for (let i = low; i < more; ) {
        const key = this.keyAt(i, depth);
        const position = positions[i];
        if (key < pivot) {
          positions[i++] = positions[less];
          positions[less++] = position;
        } else if (key > pivot) {
          positions[i] = positions[--more];
          positions[more] = position;
        } else i++;
      }
      stack.push(low, less, depth, more, high, depth);
      if (pivot !== 0) stack.push(less, more, depth + 1);
    }
  }

  /** Median of nine keys spread over a large range. */
  private pivotOf(low: number, high: number, depth: number): number {
    const step = (high - low) >>> 3;
    const at = (i: number) => this.keyAt(Math.min(high - 1, low + i * step), depth);
    return median(median(at(0), at(1), at(2)), median(at(3), at(4), at(5)), median(at(6), at(7), at(8)));
  }

  /** Multikey quicksort of a range whose keys of the current depth fit the cache. */
  private sortCached(base: number, end: number, firstDepth: number): void {
    const { keys } = this;
    const positions = this.positions.subarray(base, end);
    const stack = [0, end - base, firstDepth];
    while (stack.length > 0) {
      const top = stack.length - 3;
      const low = stack[top];
      const high = stack[top + 1];
      const mark = stack[top + 2];
      stack.length = top;
      const depth = mark & (FILLED - 1);
      if (high - low < 2 || depth >= this.depth) continue;
      if (mark < FILLED) this.fill(positions, low, high, depth);
      if (high - low <= INSERTION_SORT) {
        this.sortFew(positions, low, high, depth);
        continue;
      }
      const pivot = cachedPivot(keys, low, high);
      let less = low;
      let more = high;
      for (let i = low; i < more; ) {
        const key = keys[i];
        if (key === pivot) {
          i++;
          continue;
        }
        const position = positions[i];
        if (key < pivot) {
          keys[i] = pivot;
          positions[i++] = positions[less];
          keys[less] = key;
          positions[less++] = position;
        } else {
          keys[i] = keys[--more];
          positions[i] = positions[more];
          keys[more] = key;
          positions[more] = position;
        }
      }
      stack.push(low, less, depth | FILLED, more, high, depth | FILLED);
      if (pivot !== 0) stack.push(less, more, depth + 1);
    }
  }

  private fill(positions: Uint32Array, low: number, high: number, depth: number): void {
    const { keys, tokens } = this;
    for (let i = low; i < high; i++) {
      const at = positions[i] - 1 - depth;
      keys[i] = at < 0 ? 0 : keyOf(tokens[at]);
    }
  }

  /** Insertion sort by everything that is left to compare. */
  private sortFew(positions: Uint32Array, low: number, high: number, depth: number): void {
    const { keys } = this;
    for (let i = low + 1; i < high; i++) {
      const key = keys[i];
      const position = positions[i];
      let at = i;
      while (at > low) {
        const other = keys[at - 1];
        if (other < key || (other === key && !this.isAfter(positions[at - 1], position, depth, key))) break;
        keys[at] = other;
        positions[at] = positions[at - 1];
        at--;
      }
      keys[at] = key;
      positions[at] = position;
    }
  }

  /** Whether the text before `a` sorts after that before `b`, both having `key` at `depth`. */
  private isAfter(a: number, b: number, depth: number, key: number): boolean {
    const { tokens } = this;
    let common = key;
    for (let at = depth + 1; at < this.depth && common !== 0; at++) {
      const keyOfA = a > at ? keyOf(tokens[a - 1 - at]) : 0;
      const keyOfB = b > at ? keyOf(tokens[b - 1 - at]) : 0;
      if (keyOfA !== keyOfB) return keyOfA > keyOfB;
      common = keyOfA;
    }
    return false;
  }
}

/** The whole prefix array at once. */
export function prefixArray(tokens: Uint32Array, depth = DEPTH): Uint32Array {
  const sorter = new PrefixSorter(tokens, depth);
  while (!sorter.step());
  return sorter.positions;
}

function median(a: number, b: number, c: number): number {
  if (a < b) return b < c ? b : Math.max(a, c);
  return a < c ? a : Math.max(b, c);
}

function cachedPivot(keys: Uint32Array, low: number, high: number): number {
  const middle = (low + high) >>> 1;
  if (high - low < NINTHER) return median(keys[low], keys[middle], keys[high - 1]);
  const step = (high - low) >>> 3;
  return median(
    median(keys[low], keys[low + step], keys[low + 2 * step]),
    median(keys[middle - step], keys[middle], keys[middle + step]),
    median(keys[high - 1 - 2 * step], keys[high - 1 - step], keys[high - 1]),
  );
}
