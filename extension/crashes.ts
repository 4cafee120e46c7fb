/** How often the server has ended by itself, and how long to wait before it is started again. */

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A server that has run this long counts as healthy: the next crash starts with the first pause. */
const HEALTHY_MS = 120_000;
/** Crashes in a row after which the server is started again only when a person asks for it. */
const MAX_CRASHES = 5;

export class Crashes {
  /** Crashes in a row. */
  count = 0;
  private pauseMs = FIRST_PAUSE_MS;
  private startedAt = 0;

  /** Forgets all crashes: a person has asked for a new start. */
  reset(): void {
    this.count = 0;
    this.pauseMs = FIRST_PAUSE_MS;
  }

  /** The server is started. @param now milliseconds of a clock that is never set, here and below */
  started(now: number): void {
    this.startedAt = now;
  }

  /** The server has crashed. Returns the milliseconds to wait for; undefined where it is to stay ended. */
  crashed(now: number): number | undefined {
    if (now - this.startedAt > HEALTHY_MS) this.reset();
    if (++this.count >= MAX_CRASHES) return undefined;
    const { pauseMs } = this;
    this.pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    return pauseMs;
  }
}
