import type { InputEntry } from "./manifest.ts";
import type { BuildInput, BuildOptions, BuildProgress } from "./options.ts";

/** Reports the progress of a build and the time it will take. */
export class Clock {
  private readonly start = performance.now();
  private readonly totalBytes: number | undefined;
  private doneBytes = 0;
  private readBytes = 0;
  /** Bytes of inputs that were built already: they do not count for the rate. */
  private skippedBytes = 0;
  private inputsDone = 0;
  private documents = 0;
  private tokens = 0;
  private current = "";
  private now: BuildProgress["phase"] = "read";

  constructor(
    private readonly options: BuildOptions,
    private readonly inputs: readonly BuildInput[],
  ) {
    const known = inputs.every(({ bytes }) => bytes !== undefined);
    this.totalBytes = known ? inputs.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0) : undefined;
  }

  read({ name }: BuildInput, bytes: number): void {
    this.current = name;
    this.readBytes = bytes;
    this.phase("read");
  }

  took(tokens: number): void {
    this.documents++;
    this.tokens += tokens;
    if (this.documents % 256 === 0) this.report();
  }

  phase(phase: BuildProgress["phase"]): void {
    this.now = phase;
    this.report();
  }

  finished(input: BuildInput, { shards }: InputEntry): void {
    if (this.current !== input.name) this.skippedBytes += input.bytes ?? 0;
    this.doneBytes += input.bytes ?? 0;
    this.readBytes = 0;
    this.inputsDone++;
    if (this.current !== input.name) this.tokens += shards.reduce((sum, { tokens }) => sum + tokens, 0);
    this.report();
  }

  private report(): void {
    const { totalBytes } = this;
    const bytes = this.doneBytes + this.readBytes;
    const fresh = bytes - this.skippedBytes;
    const done = totalBytes ? Math.min(1, bytes / totalBytes) : undefined;
    const leftMs =
      totalBytes && fresh > 0
        ? ((performance.now() - this.start) / fresh) * Math.max(0, totalBytes - bytes)
        : undefined;
    this.options.onProgress?.({
      phase: this.now,
      input: this.current,
      inputsDone: this.inputsDone,
      inputs: this.inputs.length,
      documents: this.documents,
      tokens: this.tokens,
      done,
      leftMs,
    });
  }
}
