/** A time in which nothing is suggested automatically. It ends by itself, and with the window. */

const MINUTE_MS = 60_000;

export class Snooze {
  private startedAt = 0;
  private lengthMs = 0;
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param changed called when it begins and ends, and each minute in between
   * @param now milliseconds
   */
  constructor(
    private readonly changed: () => void,
    private readonly now: () => number = Date.now,
  ) {}

  get isOn(): boolean {
    return this.leftMs > 0;
  }

  /** Minutes that are left, the one begun included; 0 where it is off. */
  get minutesLeft(): number {
    return Math.ceil(this.leftMs / MINUTE_MS);
  }

  /** Begins anew. 0 minutes ends it. */
  start(minutes: number): void {
    this.startedAt = this.now();
    this.lengthMs = minutes * MINUTE_MS;
    this.tick();
  }

  end(): void {
    this.start(0);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }

  private get leftMs(): number {
    const now = this.now();
    // A clock that was set back must not prolong it by more than its own length.
    this.startedAt = Math.min(this.startedAt, now);
    return Math.max(0, this.startedAt + this.lengthMs - now);
  }

  private tick(): void {
    clearTimeout(this.timer);
    const { leftMs } = this;
    if (leftMs > 0) this.timer = setTimeout(() => this.tick(), leftMs % MINUTE_MS || MINUTE_MS);
    this.changed();
  }
}
