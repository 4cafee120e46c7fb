/** The searches of one step in all sources: which source was asked, how long it took, and what it yielded. */
import { sourceIndex } from "./calibration.ts";
import type { TokenHistory } from "./history.ts";
import type { AheadBounds, DraftSource } from "./source.ts";
import type { Throttle } from "./sourceThrottle.ts";
import type { DraftStatistics } from "./statistics.ts";
import type { VerifiedTree } from "./tree.ts";

/** A source, and whether asking it pays; without a throttle it is asked at every step. */
export interface ThrottledSource {
  readonly source: DraftSource;
  readonly throttle?: Throttle;
}

/** Costs and gains of the nodes of a tree that one source drafted. */
interface Yield {
  readonly proposed: number;
  readonly accepted: number;
  /** Milliseconds that its nodes added to the decode, and those that the accepted ones saved. */
  readonly costMs: number;
  readonly savedMs: number;
  /** Milliseconds of a decode of a single node. */
  readonly decodeMs: number;
}

export class SourceSearches {
  readonly count: number;
  /** By source: its place in `SOURCE_NAMES`. */
  readonly kinds: readonly number[];
  /** By source: whether it was asked at this step, and how many milliseconds it took. */
  private readonly asked: Uint8Array;
  private readonly ms: Float64Array;

  constructor(
    private readonly sources: readonly ThrottledSource[],
    private readonly statistics: DraftStatistics | undefined,
  ) {
    this.count = sources.length;
    this.kinds = sources.map(({ source }) => sourceIndex(source.name));
    this.asked = new Uint8Array(sources.length);
    this.ms = new Float64Array(sources.length);
  }

  /** Lets all sources read the history and the model's prompt. Undefined if there is nothing to wait for. */
  prepare(
    history: TokenHistory,
    prompt: Int32Array,
    filled: Promise<unknown>,
    signal: AbortSignal,
  ): Promise<void> | undefined {
    for (const { source } of this.sources) source.prepare?.(history);
    const begun = this.sources.flatMap(({ source }) => source.begin?.(prompt, filled, signal) ?? []);
    return begun.length === 0 ? undefined : Promise.all(begun).then(() => {});
  }

  /** Records a token the model has decided. */
  push(token: number): void {
    for (const { source } of this.sources) source.push?.(token);
  }

  /** Begins a step: decides which sources are due. Returns whether one of them searches ahead. */
  decide(): boolean {
    let isAhead = false;
    for (const [i, { source, throttle }] of this.sources.entries()) {
      this.asked[i] = throttle === undefined || throttle.isDue() ? 1 : 0;
      this.ms[i] = 0;
      isAhead ||= this.asked[i] === 1 && source.searchAhead !== undefined;
    }
    return isAhead;
  }

  /** Lets the sources that search ahead compute, one after the other. Resolves to whether they found anything. */
  async searchAhead(bounds: AheadBounds, signal: AbortSignal): Promise<boolean> {
    let hasFound = false;
    for (const [i, { source }] of this.sources.entries()) {
      if (this.asked[i] === 0 || !source.searchAhead) continue;
      const start = performance.now();
      if (await source.searchAhead(bounds, signal)) hasFound = true;
      this.ms[i] += performance.now() - start;
    }
    return hasFound;
  }

  /** Asks the sources that are due for evidence after the end of the history. */
  search(history: TokenHistory): void {
    for (const [i, { source }] of this.sources.entries()) {
      if (this.asked[i] === 0) continue;
      const start = performance.now();
      source.search(history);
      this.ms[i] += performance.now() - start;
    }
  }

  /** A source, if it was asked at this step. */
  askedAt(source: number): DraftSource | undefined {
    return this.asked[source] === 1 ? this.sources[source].source : undefined;
  }

  /** Lets a source that was asked learn from the tree, and records what its share of the tree was worth. */
  settle(source: number, verified: VerifiedTree, yielded: Yield): void {
    const { source: evidence, throttle } = this.sources[source];
    if (evidence.learn) {
      const start = performance.now();
      evidence.learn(verified);
      this.ms[source] += performance.now() - start;
    }
    throttle?.record(this.ms[source] + yielded.costMs, yielded.savedMs, yielded.decodeMs);
    this.statistics?.step(this.kinds[source], yielded.proposed, yielded.accepted, this.ms[source]);
  }
}
