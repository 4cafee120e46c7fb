/**
 * Every 128th entry of a prefix array, kept in memory with its first key tokens: a search narrows down to one
 * block of entries before it has to read anything.
 */
import { SAMPLE_INTERVAL, SAMPLE_KEY_TOKENS } from "./format.ts";

export interface Samples {
  /** Entries from one sample to the next; the first entry is a sample. */
  readonly interval: number;
  readonly keyTokens: number;
  readonly count: number;
  /** `count` rows of `keyTokens` keys, the nearest token first. */
  readonly keys: Uint16Array | Uint32Array;
  /** `count` positions. */
  readonly positions: Uint32Array;
}

/** @param keyAt key of the token at an index of the stream; 0 for a separator */
export function takeSamples(
  positions: Uint32Array,
  keyAt: (index: number) => number,
  short: boolean,
): Samples {
  const count = Math.ceil(positions.length / SAMPLE_INTERVAL);
  const keys = short
    ? new Uint16Array(count * SAMPLE_KEY_TOKENS)
    : new Uint32Array(count * SAMPLE_KEY_TOKENS);
  const sampled = new Uint32Array(count);
  for (let sample = 0; sample < count; sample++) {
    const position = positions[sample * SAMPLE_INTERVAL];
    sampled[sample] = position;
    for (let i = 0; i < SAMPLE_KEY_TOKENS && i < position; i++) {
      const key = keyAt(position - 1 - i);
      if (key === 0) break;
      keys[sample * SAMPLE_KEY_TOKENS + i] = key;
    }
  }
  return { interval: SAMPLE_INTERVAL, keyTokens: SAMPLE_KEY_TOKENS, count, keys, positions: sampled };
}

export const sampleBytes = ({ keys, positions }: Samples) => keys.byteLength + positions.byteLength;
