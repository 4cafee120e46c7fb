/**
 * Which tokens the KV cache holds, and for which sequences. The context so far, the trunk, is sequence 0;
 * each leaf of a tree under verification is a sequence that shares the trunk's cells.
 *
 * Invariant between calls: sequence `s` holds exactly the trunk's first `synced[s]` tokens, and nothing else.
 * Hence a new tree copies to a branch only what the trunk has gained since that branch was last used.
 */
import type { GrowingContext } from "./growingContext.ts";
import type { Library, Memory } from "./libllama.ts";
import type { Run } from "./reuse.ts";

const TRUNK = 0;
const FROM_THE_START = -1;
const TO_THE_END = -1;

export class KvCache {
  /** Tokens of the trunk; the first `length` are in the cache. */
  private readonly tokens: Int32Array;
  private readonly synced: Int32Array;
  length = 0;
  /** The fewest tokens that the trunk can be shortened to, other than none: cells further back may be missing. */
  shortest = 0;
  /**
   * Whether cells were moved and nothing was decoded since: llama.cpp rotates their keys with the next decode, so a copy made
   * before that would have the old keys at the new positions.
   */
  isShifting = false;

  constructor(
    private readonly library: Library,
    private readonly context: Pick<GrowingContext, "memory" | "mostTokens">,
    private readonly branches: number,
    /** The first of the sequences for runs that are set aside. */
    readonly parking: number,
  ) {
    this.tokens = new Int32Array(context.mostTokens);
    this.synced = new Int32Array(branches);
  }

  private get memory(): Memory {
    return this.context.memory;
  }

  /**
   * Sets runs of the trunk aside and shortens it to `length` tokens. Their cells are moved to the positions that `unpark`
   * needs. Each run has its own sequence, so that moving one never affects another.
   */
  park(runs: readonly Run[], length: number): void {
    const { library, memory, parking } = this;
    for (const [i, { from, length }] of runs.entries())
      library.sequenceCopy(memory, TRUNK, parking + i, from, from + length);
    this.truncate(length);
    for (const [i, { from, to, length }] of runs.entries())
      library.sequenceShift(memory, parking + i, from, from + length, to - from);
    this.isShifting = true;
  }

  /** Puts the `index`-th run, whose tokens these are, after the trunk, which must end where the run was moved to. */
  unpark(index: number, tokens: Int32Array): void {
    const { library, memory, parking, length } = this;
    library.sequenceCopy(memory, parking + index, TRUNK, length, length + tokens.length);
    library.sequenceRemove(memory, parking + index, FROM_THE_START, TO_THE_END);
    this.append(tokens);
  }

  /** Drops the first `count` runs, as far as they are still set aside. */
  dropParked(count: number): void {
    for (let i = 0; i < count; i++)
      this.library.sequenceRemove(this.memory, this.parking + i, FROM_THE_START, TO_THE_END);
  }

  /** A view of the trunk's tokens, valid until the next call. */
  trunk(): Int32Array {
    return this.tokens.subarray(0, this.length);
  }

  /** Shortens the trunk to `length` tokens. */
  truncate(length: number): void {
    for (let branch = 0; branch < this.branches; branch++) {
      if (this.synced[branch] <= length) continue;
      this.library.sequenceRemove(this.memory, branch, length, TO_THE_END);
      this.synced[branch] = length;
    }
    this.length = length;
  }

  clear(): void {
    this.library.memoryClear(this.memory, false);
    this.synced.fill(0);
    this.length = 0;
    this.shortest = 0;
    this.isShifting = false;
  }

  /** Notes that `tokens` stand in sequence 0 after the trunk. */
  append(tokens: Int32Array): void {
    this.tokens.set(tokens, this.length);
    this.length += tokens.length;
    this.synced[TRUNK] = this.length;
  }

  /** Lets the first `leaves` sequences see the whole trunk. */
  fork(leaves: number): void {
    for (let branch = 1; branch < leaves; branch++) {
      if (this.synced[branch] === this.length) continue;
      this.library.sequenceCopy(this.memory, TRUNK, branch, this.synced[branch], this.length);
      this.synced[branch] = this.length;
    }
  }

  /**
   * Ends a tree: keeps what sequence `winner` holds up to its first `accepted.length` tokens after the
   * trunk, which are `accepted`, and removes all other cells of the tree.
   */
  commit(leaves: number, winner: number, accepted: readonly number[]): void {
    const { library, memory } = this;
    const start = this.length;
    const end = start + accepted.length;
    for (let branch = 0; branch < leaves; branch++)
      if (branch !== winner) library.sequenceRemove(memory, branch, start, TO_THE_END);
    library.sequenceRemove(memory, winner, end, TO_THE_END);
    if (winner !== TRUNK && end > start) library.sequenceCopy(memory, winner, TRUNK, start, end);
    this.tokens.set(accepted, start);
    this.length = end;
    this.synced[winner] = end;
    this.synced[TRUNK] = end;
  }
}
