/**
 * The search in one shard. A context has one place in the prefix array; the entries nearest to it share the
 * longest suffixes with it. So the search finds that place and then widens the range around it, one match length
 * after the other, the longest first.
 */
import type { TokenKeys } from "./dictionary.ts";
import { EntryOrder } from "./entryOrder.ts";
import type { Samples } from "./samples.ts";
import type { ShardData } from "./shardData.ts";

export class PrefixSearch {
  /** Entries [low, high) are those that share at least the length of the last `widen`. */
  low = 0;
  high = 0;
  /** Tokens that the entry before `low`, and the entry at `high`, share with the context; 0 at the ends. */
  below = 0;
  above = 0;
  private readonly entries: EntryOrder;
  /** The two indices that enclose the place, exclusive, and what each shares with the context. */
  private left = 0;
  private right = 0;
  private leftCommon = 0;
  private rightCommon = 0;

  constructor(
    private readonly data: ShardData,
    private readonly samples: Samples,
    keys: TokenKeys,
  ) {
    this.entries = new EntryOrder(data, samples, keys);
  }

  /** The longest match not yet in the range. */
  get next(): number {
    return Math.max(this.below, this.above);
  }

  /** Finds the place of `tokens[0..end)`; the range starts empty there. */
  begin(tokens: Int32Array, end: number): void {
    const { samples } = this;
    this.entries.set(tokens, end);
    this.left = -1;
    this.right = samples.count;
    this.leftCommon = 0;
    this.rightCommon = 0;
    if (this.entries.length === 0) this.right = 0;
    this.bisect(samples.interval);
    const { entries } = this.data;
    if (this.left >= 0) {
      this.left *= samples.interval;
      this.right = Math.min(entries, this.right * samples.interval);
      this.bisect(1);
    }
    // If no sample is smaller, the place is before the first entry, which is a sample.
    this.low = this.right;
    this.high = this.right;
    this.below = this.leftCommon;
    this.above = this.rightCommon;
  }

  /** Widens the range to all entries that share `length` tokens; `length` must not exceed that of the previous call. */
  widen(length: number): void {
    if (this.below >= length) {
      this.reach(this.low - 1, -1, length);
      this.low = this.right + 1;
      this.below = this.rightCommon;
    }
    if (this.above >= length) {
      this.reach(this.high, 1, length);
      this.high = this.right;
      this.above = this.rightCommon;
    }
  }

  /** Narrows (left, right), in steps of `stride` entries, until nothing is in between. */
  private bisect(stride: number): void {
    const { entries } = this;
    while (this.right - this.left > 1) {
      const middle = Math.floor((this.left + this.right) / 2);
      // Every entry in between shares what both ends share.
      const known = Math.min(this.leftCommon, this.rightCommon);
      const common = entries.compare(middle * stride, known, entries.length);
      if (entries.order < 0) {
        this.left = middle;
        this.leftCommon = common;
      } else {
        this.right = middle;
        this.rightCommon = common;
      }
    }
  }

  /**
   * Goes from an entry that shares `length` tokens in direction `way` to the first that does not. Leaves it, or
   * the index beyond the last entry, in `right`, and what it shares in `rightCommon`.
   */
  private reach(from: number, way: 1 | -1, length: number): void {
    const { samples, data } = this;
    const { interval } = samples;
    let inside = from;
    this.right = way < 0 ? -1 : data.entries;
    this.rightCommon = 0;
    const last = way < 0 ? 0 : samples.count - 1;
    let sample = way < 0 ? Math.ceil(from / interval) - 1 : Math.floor(from / interval) + 1;
    let stride = 1;
    while ((last - sample) * way >= 0 && this.agrees(sample * interval, length)) {
      inside = sample * interval;
      sample += way * stride;
      stride *= 2;
    }
    // Strides are powers of two, so halving them meets samples, in memory, down to a single block, except
    // possibly in a range that reaches the array's end.
    this.reachEntry(inside, way, length, inside === from);
  }

  /** Narrows (inside, right) until nothing is in between. @param near whether few entries are likely to match */
  private reachEntry(from: number, way: 1 | -1, length: number, near: boolean): void {
    let inside = from;
    let step = near ? 1 : 0;
    while (Math.abs(this.right - inside) > 1) {
      const distance = Math.abs(this.right - inside);
      const probe = inside + way * (step > 0 ? Math.min(step, distance - 1) : Math.floor(distance / 2));
      if (this.agrees(probe, length)) {
        inside = probe;
        step *= 2;
      } else step = 0;
    }
  }

  /** Whether an entry shares `length` tokens; if not, it becomes the nearest known one that does not. */
  private agrees(entry: number, length: number): boolean {
    const common = this.entries.compare(entry, 0, length);
    if (common === length) return true;
    this.right = entry;
    this.rightCommon = common;
    return false;
  }
}
