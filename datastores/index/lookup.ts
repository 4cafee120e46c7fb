/**
 * Finds what followed a context in all shards of a store: the longest suffix that occurs, and a sample of its
 * continuations drawn evenly from all of its occurrences.
 */
import { StoreError } from "../index.ts";
import type { DocumentEntry } from "./documents.ts";
import { Draw } from "./draw.ts";
import { SAMPLE_INTERVAL } from "./format.ts";
import type { Store } from "./store.ts";
import { StoreSearch } from "./storeSearch.ts";

interface LookupOptions {
  /** Most continuations a search returns; 64 by default. */
  readonly samples?: number;
  /** Tokens of a continuation; 16 by default. */
  readonly continuation?: number;
  /** Shortest suffix that counts as a match, in tokens; 1 by default. */
  readonly shortest?: number;
  /** If there are fewer occurrences than this, those of shorter suffixes are added; 8 by default. */
  readonly enough?: number;
}

/** Ranges up to this many entries are read at once: 32 KiB cost less than ten reads of one entry each. */
const WHOLE_ENTRIES = 8192;

/** A search and its result. The next search reuses the arrays, so nothing is allocated in between. */
export class Lookup {
  /** Tokens of the longest suffix found; 0 if none occurs. */
  matchLength = 0;
  /** Occurrences of that suffix in all shards; an estimate if a shard with excluded documents has more than 8,192. */
  occurrences = 0;
  /** Number of samples: rows of `continuations`, the longest matches first. */
  count = 0;
  /** `count` rows of `continuation` tokens each; -1 after the document's end. The first token is never -1. */
  readonly continuations: Int32Array;
  readonly continuation: number;
  /** Tokens that each sample shares with the context. */
  readonly matchLengths: Uint8Array;
  /** Occurrences that each sample represents. */
  readonly weights: Float32Array;
  /** Index of each sample's shard in `store.shards`. */
  readonly shards: Uint32Array;
  /** Where each sample's continuation begins in its shard's stream. */
  readonly positions: Uint32Array;
  private readonly search: StoreSearch;
  private readonly drawn: Draw;
  private readonly shortest: number;
  private readonly enough: number;

  constructor(
    private readonly store: Store,
    { samples = 64, continuation = 16, shortest = 1, enough = 8 }: LookupOptions = {},
  ) {
    this.continuation = continuation;
    this.shortest = shortest;
    this.enough = Math.min(enough, samples);
    this.continuations = new Int32Array(samples * continuation);
    this.matchLengths = new Uint8Array(samples);
    this.weights = new Float32Array(samples);
    // A larger piece has at least as many samples in memory as may be requested.
    const scratch = new Uint32Array(Math.max(WHOLE_ENTRIES, (samples + 1) * SAMPLE_INTERVAL));
    this.search = new StoreSearch(store, scratch);
    this.drawn = new Draw(samples, scratch);
    this.shards = this.drawn.shards;
    this.positions = this.drawn.positions;
  }

  /**
   * Searches the longest suffix of `tokens[0..end)`, of at most 32 tokens, that occurs. If a shard cannot be read any
   * more, it is dropped from the store, which reports its problem, and the others are searched.
   */
  find(tokens: Int32Array, end: number): void {
    for (;;) {
      try {
        this.findInAll(tokens, end);
        return;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.search.drop(error.problem);
      }
    }
  }

  /** The document of a sample. Reads the shard's file. */
  document(sample: number): DocumentEntry | undefined {
    const shard = this.store.shards[this.shards[sample]];
    const index = shard?.documents.indexAt(this.positions[sample]) ?? -1;
    return index < 0 ? undefined : shard.documents.get(index);
  }

  private findInAll(tokens: Int32Array, end: number): void {
    const { search, drawn } = this;
    this.matchLength = 0;
    this.occurrences = 0;
    this.count = 0;
    drawn.begin(tokens, end);
    search.begin(tokens, end);
    for (let total = 0; total === 0 || total < this.enough; ) {
      const length = search.longest();
      if (length < this.shortest || length === 0) return;
      const live = search.widen(length);
      if (live > 0 && this.matchLength === 0) {
        this.matchLength = length;
        this.occurrences = live;
      }
      total += live;
      this.sample(live, length);
    }
  }

  /** Draws from the pieces found at this length, in proportion to their live entries. */
  private sample(live: number, length: number): void {
    const { search, drawn } = this;
    const wanted = Math.min(live, this.weights.length - this.count);
    if (wanted === 0) return;
    let before = 0;
    for (let i = 0; i < search.pieceCount; i++) {
      const piece = search.pieces[i];
      const after = before + piece.live;
      const quota = Math.floor((after * wanted) / live) - Math.floor((before * wanted) / live);
      before = after;
      if (quota === 0) continue;
      const shard = search.enter(piece);
      drawn.from(piece, shard, quota);
      for (; this.count < drawn.count; this.count++) {
        const { count, continuation } = this;
        shard.searched.data.readFollowing(
          this.positions[count],
          continuation,
          this.continuations,
          count * continuation,
        );
        this.matchLengths[count] = length;
        this.weights[count] = live / wanted;
      }
    }
  }
}
