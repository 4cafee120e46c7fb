/**
 * One live completion. There is one model, so a new request replaces the old one: the old one is aborted, and the new one
 * begins once the old computation has ended.
 */
export class Session {
  private endedAt = performance.now();
  private live: { readonly controller: AbortController; readonly ended: Promise<unknown> } | undefined;

  /** Runs `work` once the previous one has ended; undefined if it was replaced or cancelled before it began. */
  run<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
    const previous = this.live;
    previous?.controller.abort();
    const controller = new AbortController();
    const either = AbortSignal.any([signal, controller.signal]);
    const begin = async () => {
      await previous?.ended;
      return either.aborted ? undefined : work(either);
    };
    const result = begin();
    const ended = result
      .catch(() => undefined)
      .then(() => {
        if (this.live !== live) return;
        this.live = undefined;
        this.endedAt = performance.now();
      });
    const live = { controller, ended };
    this.live = live;
    return result;
  }

  /** Whether nothing is computed. */
  get idle(): boolean {
    return this.live === undefined;
  }

  /** Milliseconds since the last computation ended; 0 while one runs. */
  get idleMs(): number {
    return this.live ? 0 : performance.now() - this.endedAt;
  }

  /** Aborts the live completion and waits until nothing computes any more. */
  async stop(): Promise<void> {
    this.live?.controller.abort();
    await this.live?.ended;
  }
}
