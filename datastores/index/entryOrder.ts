/**
 * Compares an entry of a shard's prefix array with a context: how many tokens they share, counted from the end, and
 * which sorts first. Samples are compared in memory; the text is only read if their keys do not decide.
 */
import type { TokenKeys } from "./dictionary.ts";
import type { Samples } from "./samples.ts";
import type { ShardData } from "./shardData.ts";
import { DEPTH } from "./sort.ts";

export class EntryOrder {
  /** Tokens of the context, counted from its end, that can occur in the shard at all. */
  length = 0;
  /** Sign: whether the last compared entry sorts before the context (negative) or not. */
  order = 0;
  /** Keys of the context's tokens, the last one first. */
  private readonly context = new Int32Array(DEPTH);

  constructor(
    private readonly data: ShardData,
    private readonly samples: Samples,
    private readonly keys: TokenKeys,
  ) {}

  /** Sets the context: later comparisons are with the end of `tokens[0..end)`. */
  set(tokens: Int32Array, end: number): void {
    const { context, keys } = this;
    const most = Math.min(DEPTH, end);
    let length = 0;
    while (length < most) {
      const key = keys.keyOf(tokens[end - 1 - length]);
      if (key === 0) break;
      context[length++] = key;
    }
    this.length = length;
  }

  /** How many of the first `length` tokens an entry shares; the first `known` are known to be equal. Sets `order`. */
  compare(entry: number, known: number, length: number): number {
    const { samples, context, data } = this;
    let from = known;
    let position: number;
    if (entry % samples.interval === 0) {
      const sample = entry / samples.interval;
      const { keyTokens } = samples;
      const most = Math.min(keyTokens, length);
      for (; from < most; from++) {
        const key = samples.keys[sample * keyTokens + from];
        if (key !== context[from]) {
          this.order = key - context[from];
          return from;
        }
      }
      position = samples.positions[sample];
    } else position = data.position(entry);
    this.order = 0;
    if (from >= length) return length;
    const common = data.commonLength(position, context, from, length);
    if (common < length) this.order = data.differing - context[common];
    return common;
  }
}
