/** Rate of a download over the last seconds, and the time left at that rate. */

/** Long enough that a short network pause does not make the time left jump. */
const WINDOW_MS = 5_000;
/** No rate is given before this time has passed. */
const MIN_SPAN_MS = 500;

export class TransferRate {
  private readonly samples: { readonly at: number; readonly bytes: number }[] = [];

  /** @param bytes bytes that have arrived @param now milliseconds of any monotonic clock */
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
