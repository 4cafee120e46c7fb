/**
 * Contexts that were computed before and may be needed again: for another open document, or for the text before an accepted
 * suggestion was undone. Each is a copy of the KV cache of one sequence in ordinary memory, and equal to the last bit when it
 * is copied back. When the budget is exceeded, the least recently used are dropped first.
 */

import { freeStateBytes, newStateBytes } from "./stateMemory.ts";

export interface SavedState {
  readonly tokens: Int32Array;
  readonly bytes: Uint8Array;
}

export function commonPrefix(a: Int32Array, b: Int32Array): number {
  const limit = Math.min(a.length, b.length);
  let i = 0;
  while (i < limit && a[i] === b[i]) i++;
  return i;
}

/** With a small model many more would fit, but most would be for places that the user does not return to. */
const MOST_STATES = 8;
/** Reused memory is at most this many times as large as the state put there. */
const MOST_SLACK = 1.5;

const memoryOf = ({ bytes }: SavedState) => bytes.buffer.byteLength;

export class SavedStates {
  /** Least recently used first. */
  private states: SavedState[] = [];

  /**
   * @param budgetBytes most memory of all states together; 0 keeps none
   * @param spareTokens a new state replaces an old one if it lacks fewer than this many of its tokens, such as a text
   * generated at the same place and not accepted; 0 if a state cannot be shortened
   */
  constructor(
    private readonly budgetBytes: number,
    private readonly spareTokens = 0,
  ) {}

  /** Whether a state of so many bytes would be kept. */
  fits(bytes: number): boolean {
    return bytes > 0 && bytes <= this.budgetBytes;
  }

  /**
   * Makes room for a state, whose bytes the caller then writes and keeps: drops the states that it replaces, and the least
   * recently used ones beyond the budget. Returns the memory of a dropped state if it fits, since the system takes longer to
   * provide new memory.
   */
  makeRoom(tokens: Int32Array, bytes: number): Uint8Array {
    const isOther = (state: SavedState) =>
      commonPrefix(state.tokens, tokens) < Math.max(1, state.tokens.length - this.spareTokens);
    const kept: SavedState[] = [];
    const dropped: SavedState[] = [];
    for (const state of this.states) (isOther(state) ? kept : dropped).push(state);
    this.states = kept;
    while (this.usedBytes + bytes > this.budgetBytes || this.states.length >= MOST_STATES) {
      const oldest = this.states.shift();
      if (!oldest) break;
      dropped.push(oldest);
    }
    // Whatever was dropped still fits the budget beside the others, as it did before.
    const most = bytes * MOST_SLACK;
    const reused = dropped
      .filter(state => memoryOf(state) >= bytes && memoryOf(state) <= most)
      .sort((a, b) => memoryOf(a) - memoryOf(b))[0];
    for (const state of dropped) if (state !== reused) freeStateBytes(state.bytes);
    return reused ? new Uint8Array(reused.bytes.buffer, 0, bytes) : newStateBytes(bytes);
  }

  /** Keeps a state for whose bytes room was made. */
  keep(state: SavedState): void {
    this.states.push(state);
  }

  private get usedBytes(): number {
    return this.states.reduce((sum, state) => sum + memoryOf(state), 0);
  }

  /** Whether a state holds `tokens` and perhaps more. */
  holds(tokens: Int32Array): boolean {
    return this.states.some(state => commonPrefix(state.tokens, tokens) === tokens.length);
  }

  /**
   * The state that shares the longest beginning with `tokens`, if that is at least `least` tokens.
   * @param whole whether only states that `tokens` continue count, since a state cannot be shortened
   */
  find(tokens: Int32Array, least: number, whole: boolean): SavedState | undefined {
    let best: SavedState | undefined;
    let longest = least - 1;
    for (const state of this.states) {
      const common = commonPrefix(state.tokens, tokens);
      if (common <= longest || (whole && common < state.tokens.length)) continue;
      best = state;
      longest = common;
    }
    if (best) this.states = [...this.states.filter(state => state !== best), best];
    return best;
  }

  clear(): void {
    for (const { bytes } of this.states) freeStateBytes(bytes);
    this.states = [];
  }
}
