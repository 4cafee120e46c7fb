/** How fast a download has been in the last seconds, and how long the rest takes at that rate. */

/** Long enough that a pause of the network does not make the time left jump. */
const WINDOW_MS = 5_000;
/** Before so long has passed nothing is said. */
const MIN_SPAN_MS = 500;

export class TransferRate {
  private readonly samples: { readonly at: number; readonly bytes: number }[] = [];

  /** @param bytes that have arrived. @param now milliseconds, of any clock that only goes forward */
  at(
    bytes: number,
    totalBytes: number,
    now = performance.now(),
  ): { bytesPerSecond: number; leftMs?: number } {
    this.samples.push({ at: now, bytes });
    while (this.samples.length > 2 && now - (this.samples[1]?.at ?? now) > WINDOW_MS) this.samples.shift();
    const [first] = this.samples;
    const spanMs = now - (first?.at ?? now);
    if (!first || spanMs < MIN_SPAN_MS) return { bytesPerSecond: 0 };
    const bytesPerSecond = ((bytes - first.bytes) / spanMs) * 1000;
    if (bytesPerSecond <= 0) return { bytesPerSecond: 0 };
    return { bytesPerSecond, leftMs: ((totalBytes - bytes) / bytesPerSecond) * 1000 };
  }
}
