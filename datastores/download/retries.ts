/** Tries again after failures that may be temporary. */
import { setTimeout as sleep } from "node:timers/promises";
import { type StoreError, throwIfCancelled } from "../index.ts";

/** When something is tried again, and who is told. */
export interface RetryOptions {
  readonly signal?: AbortSignal;
  /** Tries in a row without progress before giving up; 6 by default. */
  readonly attempts?: number;
  /** Wait after the first failure, doubled with each further one, in milliseconds; 1000 by default. */
  readonly backOffMs?: number;
  /** Called for each failure that is tried again: the problem as a sentence, and the time until then. */
  readonly onRetry?: (problem: string, waitMs: number) => void;
}

const ATTEMPTS = 6;
const BACK_OFF_MS = 1000;
const LONGEST_BACK_OFF_MS = 60_000;
/** If a server asks for a longer pause, that is reported to the user instead of waiting. */
const LONGEST_WAIT_MS = 5 * 60_000;
/** Remedy where nothing else can be done. */
export const LATER = "Try again later; what has arrived is kept.";

/** A failure that may be temporary; `final` is the error to report if it is not. */
export class Temporary extends Error {
  constructor(
    readonly final: StoreError,
    readonly waitMs?: number,
  ) {
    super(final.message);
  }
}

/**
 * Calls `attempt` until it does not throw `Temporary`, waiting longer each time, and at least as long as the server asks.
 * `hasProgressed` is called after a failure; while it returns true, tries do not count.
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  options: RetryOptions,
  hasProgressed: () => boolean = () => false,
): Promise<T> {
  const limit = options.attempts ?? ATTEMPTS;
  for (let failures = 0; ; ) {
    throwIfCancelled(options.signal);
    try {
      return await attempt();
    } catch (error) {
      throwIfCancelled(options.signal);
      if (!(error instanceof Temporary)) throw error;
      failures = hasProgressed() ? 1 : failures + 1;
      if (failures >= limit || (error.waitMs ?? 0) > LONGEST_WAIT_MS) throw error.final;
      const longest = Math.min((options.backOffMs ?? BACK_OFF_MS) * 2 ** (failures - 1), LONGEST_BACK_OFF_MS);
      // Randomised, so that the shards of a build do not all retry at once.
      const backOff = longest * (0.5 + Math.random() / 2);
      // A server whose pause ends within the second asks for 0 seconds: all tries could fail before that.
      const waitMs = Math.max(error.waitMs ?? 0, backOff);
      options.onRetry?.(error.final.problem.message, waitMs);
      await sleep(waitMs, undefined, options.signal ? { signal: options.signal } : {}).catch(() => {});
    }
  }
}
