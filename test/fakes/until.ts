/** Waiting for what happens in its own time. */
import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 2;

/**
 * Polls until `probe` returns something truthy, and returns that. What it throws counts as not yet: what it looks at may be
 * replaced meanwhile.
 * @param what it is that is waited for, for the error after `msMax`, which reports the last value
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T> | T,
  msMax = 30_000,
  pollMs = POLL_MS,
): Promise<Exclude<T, undefined | null | false | "" | 0>> {
  const deadline = Date.now() + msMax;
  for (;;) {
    let last: unknown;
    try {
      const value = await probe();
      if (value) return value as Exclude<T, undefined | null | false | "" | 0>;
      last = value;
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    if (Date.now() > deadline)
      throw new Error(`Waited ${msMax} ms for ${what}; last seen: ${JSON.stringify(last)}`);
    await pause(pollMs);
  }
}
