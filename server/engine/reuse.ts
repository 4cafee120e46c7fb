/**
 * Which parts of the KV cache a new prompt can reuse although text before them has changed: text was typed in
 * front of the part after the cursor, or the window over a long file has moved. This only plans; the engine moves
 * the cells (llama.cpp's server does the same for text that was removed, `--cache-reuse`).
 *
 * Keys and values that are moved were computed after the old text. That saves computing them and may change
 * a close choice of the model, which is why moving is the user's choice.
 */

import { commonPrefix } from "./savedStates.ts";

/** Tokens of the old context that also occur in the new one, perhaps at another position. */
export interface Run {
  /** Where they stand in the old context, and in the new. */
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** Shorter runs are computed again: moving cells costs a pass over the keys. */
export const MIN_RUN = 32;
/** A prompt has two parts that move: the text before the cursor, and the text after it. */
export const MAX_RUNS = 2;
/** Equal tokens by which a run is found. */
const SEED = 8;

/**
 * The runs after the first `common` tokens, in order, none overlapping another in either context.
 * @param before the old context @param after the new one @param common length of their common prefix
 */
export function planReuse(before: Int32Array, after: Int32Array, common: number): Run[] {
  const runs: Run[] = [];
  const seeds = new Map<number, number>();
  for (let at = before.length - SEED; at >= common; at--) seeds.set(seedAt(before, at), at);
  let earliest = common;
  for (let to = common; to + MIN_RUN <= after.length && runs.length < MAX_RUNS; ) {
    const from = seeds.get(seedAt(after, to));
    const usable = from !== undefined && from >= earliest;
    const length = usable ? commonPrefix(before.subarray(from), after.subarray(to)) : 0;
    if (from === undefined || length < MIN_RUN) {
      to++;
      continue;
    }
    runs.push({ from, to, length });
    earliest = from + length;
    to += length;
  }
  return runs;
}

/** A hash of the tokens at `at`; the comparison that follows forgives collisions. */
function seedAt(tokens: Int32Array, at: number): number {
  let hash = 0;
  for (let i = 0; i < SEED; i++) hash = (Math.imul(hash, 0x01000193) ^ tokens[at + i]) >>> 0;
  return hash;
}
