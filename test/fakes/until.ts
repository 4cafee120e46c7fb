/** Waiting for what happens in its own time. */
import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 2;

/**
 * Resolves once the condition holds.
 * @param what it is that is waited for, for the error after `msMax`
 */
export async function until(what: string, holds: () => boolean, msMax = 30_000): Promise<void> {
  for (const end = Date.now() + msMax; !holds(); await pause(POLL_MS))
    if (Date.now() > end) throw new Error(`Waited ${msMax} ms for ${what}.`);
}
