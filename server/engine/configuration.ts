/** How an engine computes: set when a model is loaded, then by tuning. */
import type { SavedCosts } from "./costModel.ts";
import { EXACT_ROWS } from "./treeLimits.ts";

/** Rows of a decode: 1 any number, 2 at least two, 4 a multiple of four. */
export type RowPadding = 1 | 2 | 4;

export interface EngineConfiguration {
  /** Threads that compute. */
  readonly threads: number;
  /** How decodes are filled up with dummy rows. 1 is none: a single row is decoded alone. */
  readonly rowPadding: RowPadding;
  /** Most rows of a decode whose logits equal those of single rows bit for bit; 1 leaves no room for drafts. */
  readonly exactRows: number;
  /**
   * Prompt tokens of one decode, one of `CHUNK_SIZES`. Not to be changed from prompt to prompt: chunks of other
   * sizes change the last bits of the KV cache.
   */
  readonly chunkTokens: number;
  /** Milliseconds of prefill per token; undefined until it has been measured. */
  readonly prefillMsPerToken?: number | undefined;
  /** What decodes of each size cost with `threads`; absent: nothing is known. */
  readonly costs?: SavedCosts | undefined;
}

/**
 * Sizes of the chunks of a prompt, in tokens, smallest first. An aborted chunk is lost, so slow models use small chunks;
 * fast models use large ones, which cost less per token.
 */
export const CHUNK_SIZES = [64, 128, 256] as const;
export const LARGEST_CHUNK = CHUNK_SIZES[2];
/** The largest `RowPadding`. */
export const LARGEST_PADDING = 4;

/** Before tuning: nothing is drafted, so that the first completions have the same text as all later ones. */
export const untuned = (threads: number): EngineConfiguration => ({
  threads,
  rowPadding: 1,
  exactRows: 1,
  chunkTokens: CHUNK_SIZES[0],
});

/** Whether a value read from a file is a configuration that an engine can run with. */
export function isConfiguration(
  value: Partial<EngineConfiguration> | undefined,
): value is EngineConfiguration {
  return (
    value !== undefined &&
    [1, 2, 4].includes(value.rowPadding ?? 0) &&
    isWhole(value.exactRows, EXACT_ROWS) &&
    isWhole(value.threads, 1024) &&
    CHUNK_SIZES.some(size => size === value.chunkTokens) &&
    (value.prefillMsPerToken === undefined || isTime(value.prefillMsPerToken)) &&
    Array.isArray(value.costs?.ms) &&
    value.costs.ms.every(row => Array.isArray(row) && row.every(ms => ms === 0 || isTime(ms))) &&
    Array.isArray(value.costs.slowdown) &&
    value.costs.slowdown.every(share => share === 0 || isTime(share))
  );
}

/** Milliseconds; in a damaged file the number may be anything. */
const isTime = (value: unknown) => typeof value === "number" && value > 0 && value < Infinity;

const isWhole = (value: number | undefined, most: number) =>
  value !== undefined && Number.isInteger(value) && value >= 1 && value <= most;
