/**
 * How long a request waits before anything is computed for it. Where the model is fast it does not wait at all;
 * where a first text takes long, most of what is begun at each key would be given up before it says anything, so
 * the slower it is the longer a request waits for the next key.
 */
import { median } from "../system/index.ts";

/** First texts that come within this many milliseconds keep nobody waiting. */
const FAST_MS = 300;
const LONGEST_MS = 500;
/** Completions that are looked back on. */
const REMEMBERED = 15;
/** Completions until the model counts as slow: the prompt of the first ones is computed from nothing. */
const MIN_OBSERVED = 3;

export class AdaptiveDebounce {
  private readonly firstTextsMs: number[] = [];

  /** Records how long a first text took to compute. */
  observe(firstTextMs: number): void {
    this.firstTextsMs.push(firstTextMs);
    if (this.firstTextsMs.length > REMEMBERED) this.firstTextsMs.shift();
  }

  /** Forgets the times: another model has others. */
  clear(): void {
    this.firstTextsMs.length = 0;
  }

  /** By how much the median first text exceeds what is fast, within bounds. */
  get ms(): number {
    if (this.firstTextsMs.length < MIN_OBSERVED) return 0;
    return Math.min(LONGEST_MS, Math.max(0, median(this.firstTextsMs) - FAST_MS));
  }
}
