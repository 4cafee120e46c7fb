/**
 * How long a request waits before anything is computed for it. With a fast model it does not wait at all. With a slow
 * one, most completions begun at a key would be given up before their first text, so the slower the model, the longer
 * a request waits for the next key.
 */
import { median } from "../system/index.ts";

/** First texts that come within this many milliseconds count as immediate. */
const FAST_MS = 300;
const LONGEST_MS = 500;
/** Number of recent completions that are considered. */
const REMEMBERED = 15;
/** Completions before the model may count as slow: the first ones compute their whole prompt. */
const MIN_OBSERVED = 3;

export class AdaptiveDebounce {
  private readonly firstTextsMs: number[] = [];

  /** Records how long a first text took to compute. */
  observe(firstTextMs: number): void {
    this.firstTextsMs.push(firstTextMs);
    if (this.firstTextsMs.length > REMEMBERED) this.firstTextsMs.shift();
  }

  /** Forgets the times, as for another model. */
  clear(): void {
    this.firstTextsMs.length = 0;
  }

  /** By how much the median first text exceeds what is fast, within bounds. */
  get ms(): number {
    if (this.firstTextsMs.length < MIN_OBSERVED) return 0;
    return Math.min(LONGEST_MS, Math.max(0, median(this.firstTextsMs) - FAST_MS));
  }
}
