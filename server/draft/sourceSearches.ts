/** The searches of one step in all sources: which source was asked, what that took, and what came of it. */
import { sourceIndex } from "./calibration.ts";
import type { VerifiedTree } from "./drafter.ts";
import type { TokenHistory } from "./history.ts";
import type { DraftSource } from "./source.ts";
import type { SourceThrottle } from "./sourceThrottle.ts";
import type { DraftStatistics } from "./statistics.ts";

/** A source, and whether asking it pays; without a throttle it is asked at every step. */
export interface ThrottledSource {
  readonly source: DraftSource;
  readonly throttle?: SourceThrottle;
}

/** What the nodes of a tree that one source drafted have cost and brought. */
interface Yield {
  readonly proposed: number;
  readonly accepted: number;
  /** Milliseconds of the decode that its nodes have cost, and those that the accepted ones have saved. */
  readonly costMs: number;
  readonly savedMs: number;
}

export class SourceSearches {
  readonly count: number;
  /** By source: its place in `SOURCE_NAMES`. */
  readonly kinds: readonly number[];
  /** By source: whether it was asked at this step, and how many milliseconds it took. */
  private readonly asked: Uint8Array;
  private readonly ms: Float64Array;

  constructor(
    readonly sources: readonly ThrottledSource[],
    private readonly statistics: DraftStatistics | undefined,
  ) {
    this.count = sources.length;
    this.kinds = sources.map(({ source }) => sourceIndex(source.name));
    this.asked = new Uint8Array(sources.length);
    this.ms = new Float64Array(sources.length);
  }

  /** Lets all sources take the history in. */
  prepare(history: TokenHistory): void {
    for (const { source } of this.sources) source.prepare?.(history);
  }

  /** Asks the sources that are due for evidence after the end of the history. */
  search(history: TokenHistory): void {
    for (const [i, { source, throttle }] of this.sources.entries()) {
      this.asked[i] = throttle === undefined || throttle.isDue() ? 1 : 0;
      if (this.asked[i] === 0) continue;
      const start = performance.now();
      source.search(history);
      this.ms[i] = performance.now() - start;
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
    throttle?.record(this.ms[source] + yielded.costMs, yielded.savedMs);
    this.statistics?.step(this.kinds[source], yielded.proposed, yielded.accepted, this.ms[source]);
  }
}
