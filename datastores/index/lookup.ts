/**
 * What followed a context in all shards of a store: the longest suffix that occurs, and a sample of its
 * continuations drawn evenly from all of its occurrences.
 */
import { StoreError, type StoreProblem } from "../document.ts";
import type { DocumentEntry } from "./documents.ts";
import { SAMPLE_INTERVAL } from "./format.ts";
import { PrefixSearch } from "./prefixSearch.ts";
import type { Shard } from "./shard.ts";
import type { Store } from "./store.ts";

interface LookupOptions {
  /** Most continuations a search returns; 64 by default. */
  readonly samples?: number;
  /** Tokens of a continuation; 16 by default. */
  readonly continuation?: number;
  /** Shortest suffix that counts as a match, in tokens; 1 by default. */
  readonly shortest?: number;
  /** With fewer occurrences than this, those of shorter suffixes are added; 8 by default. */
  readonly enough?: number;
}

/** Ranges up to this many entries are read at once: 32 KiB cost less than ten reads of one entry each. */
const WHOLE_ENTRIES = 8192;
/** Fewer samples than this are read one by one from a range. */
const FEW_SAMPLES = 4;

/** Part of a shard's prefix array whose entries share equally many tokens with the context. */
interface Piece {
  shard: number;
  first: number;
  /** Entries. */
  size: number;
  /** Entries not excluded; not known of a piece too large to be read, and taken to be all. */
  live: number;
}

/** A search and its result. The arrays are used again by the next search; nothing is allocated in between. */
export class Lookup {
  /** Tokens of the longest suffix found; 0 where none occurs. */
  matchLength = 0;
  /** Occurrences of that suffix in all shards. Counts excluded ones where there are more than 8,192. */
  occurrences = 0;
  /** Samples found: rows of `continuations`, the longest matches first. */
  count = 0;
  /** `count` rows of `continuation` tokens each, -1 from the document's end on. The first token never is. */
  readonly continuations: Int32Array;
  /** Tokens that each sample shares with the context. */
  readonly matchLengths: Uint8Array;
  /** Occurrences each sample stands for. */
  readonly weights: Float32Array;
  /** Index of each sample's shard in `store.shards`. */
  readonly shards: Uint32Array;
  /** Where each sample's continuation begins in its shard's stream. */
  readonly positions: Uint32Array;
  readonly continuation: number;
  private readonly samples: number;
  private readonly shortest: number;
  private readonly enough: number;
  private readonly scratch: Uint32Array;
  private searches: PrefixSearch[] = [];
  private pieces: Piece[] = [];
  private pieceCount = 0;
  private version = -1;
  /** The shard at work, which a failure is the failure of. */
  private current = 0;
  private random = 0;

  constructor(
    private readonly store: Store,
    options: LookupOptions = {},
  ) {
    this.samples = options.samples ?? 64;
    this.continuation = options.continuation ?? 16;
    this.shortest = options.shortest ?? 1;
    this.enough = Math.min(options.enough ?? 8, this.samples);
    this.continuations = new Int32Array(this.samples * this.continuation);
    this.matchLengths = new Uint8Array(this.samples);
    this.weights = new Float32Array(this.samples);
    this.shards = new Uint32Array(this.samples);
    this.positions = new Uint32Array(this.samples);
    // A larger piece has at least as many samples in memory as may be asked for.
    this.scratch = new Uint32Array(Math.max(WHOLE_ENTRIES, (this.samples + 1) * SAMPLE_INTERVAL));
  }

  /**
   * Searches the longest suffix of `tokens[0..end)`, of at most 32 tokens, that occurs. A shard that cannot be
   * read any more is dropped from the store, which reports its problem, and the others are searched.
   */
  find(tokens: Int32Array, end: number): void {
    for (;;) {
      try {
        this.findInAll(tokens, end);
        return;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        this.drop(error.problem);
      }
    }
  }

  /** The document a sample came from. Reads the shard's file. */
  document(sample: number): DocumentEntry | undefined {
    const shard = this.store.shards[this.shards[sample]];
    const index = shard?.documents.indexAt(this.positions[sample]) ?? -1;
    return index < 0 ? undefined : shard.documents.get(index);
  }

  private drop(problem: StoreProblem): void {
    this.count = 0;
    this.store.drop(this.store.shards[this.current], problem);
  }

  private findInAll(tokens: Int32Array, end: number): void {
    if (this.version !== this.store.version) this.adopt();
    this.matchLength = 0;
    this.occurrences = 0;
    this.count = 0;
    this.random = seedOf(tokens, end);
    const { searches } = this;
    for (this.current = 0; this.current < searches.length; this.current++)
      searches[this.current].begin(tokens, end);
    let total = 0;
    for (;;) {
      let length = 0;
      for (let shard = 0; shard < searches.length; shard++) length = Math.max(length, searches[shard].next);
      if (length < this.shortest || length === 0) return;
      const live = this.widen(length);
      if (live > 0 && this.matchLength === 0) {
        this.matchLength = length;
        this.occurrences = live;
      }
      total += live;
      this.sample(live, length);
      if (total > 0 && total >= this.enough) return;
    }
  }

  /** Makes searches for shards that were added, and forgets those that were removed. */
  private adopt(): void {
    const { shards } = this.store;
    this.version = this.store.version;
    this.searches = shards.map(({ data, samples, keys }) => new PrefixSearch(data, samples, keys));
    this.pieces = Array.from({ length: 2 * shards.length }, () => ({ shard: 0, first: 0, size: 0, live: 0 }));
  }

  /** Widens every shard's range; notes the entries that were added as pieces. Returns how many are live. */
  private widen(length: number): number {
    const { searches } = this;
    this.pieceCount = 0;
    let live = 0;
    for (this.current = 0; this.current < searches.length; this.current++) {
      const search = searches[this.current];
      if (search.next < length) continue;
      const { low, high } = search;
      search.widen(length);
      live += this.note(search.low, low - search.low) + this.note(high, search.high - high);
    }
    return live;
  }

  private note(first: number, size: number): number {
    if (size === 0) return 0;
    const piece = this.pieces[this.pieceCount++];
    piece.shard = this.current;
    piece.first = first;
    piece.size = size;
    piece.live = size;
    const shard = this.store.shards[this.current];
    if (shard.excluded && size <= this.scratch.length) {
      shard.data.readPositions(first, size, this.scratch);
      piece.live = shard.excluded.sift(this.scratch, size);
    }
    return piece.live;
  }

  /** Draws from the pieces, from each in proportion to its live entries. */
  private sample(live: number, length: number): void {
    const wanted = Math.min(live, this.samples - this.count);
    if (wanted === 0) return;
    const weight = live / wanted;
    let before = 0;
    for (let i = 0; i < this.pieceCount; i++) {
      const piece = this.pieces[i];
      this.current = piece.shard;
      const after = before + piece.live;
      const quota = Math.floor((after * wanted) / live) - Math.floor((before * wanted) / live);
      const from = this.count;
      if (quota > 0) this.draw(piece, quota);
      for (let row = from; row < this.count; row++) {
        this.matchLengths[row] = length;
        this.weights[row] = weight;
      }
      before = after;
    }
  }

  /** Cuts a piece into equal strata and takes one entry at random from each. */
  private draw(piece: Piece, quota: number): void {
    const shard = this.store.shards[piece.shard];
    const { data, samples, excluded } = shard;
    const { scratch } = this;
    if (piece.size > scratch.length) {
      // Entries in memory lie evenly over a piece that large.
      const first = Math.ceil(piece.first / samples.interval);
      const count = Math.ceil((piece.first + piece.size) / samples.interval) - first;
      for (let i = 0; i < quota; i++)
        this.take(shard, samples.positions[first + this.stratum(i, count, quota)]);
    } else if (quota < FEW_SAMPLES && !excluded) {
      for (let i = 0; i < quota; i++)
        this.take(shard, data.position(piece.first + this.stratum(i, piece.size, quota)));
    } else {
      data.readPositions(piece.first, piece.size, scratch);
      const live = excluded ? excluded.sift(scratch, piece.size) : piece.size;
      const rows = Math.min(quota, live);
      for (let i = 0; i < rows; i++) this.take(shard, scratch[this.stratum(i, live, rows)]);
    }
  }

  /** An index below `size` in the stratum `i` of `strata`, at random but the same for the same context. */
  private stratum(i: number, size: number, strata: number): number {
    this.random = (Math.imul(this.random, 0x915f77f5) + 0x3c6ef372) | 0;
    const jitter = (this.random >>> 8) / 0x1000000;
    const first = Math.floor((i * size) / strata);
    return first + Math.floor(jitter * (Math.floor(((i + 1) * size) / strata) - first));
  }

  private take(shard: Shard, position: number): void {
    if (shard.excluded?.covers(position)) return;
    const row = this.count;
    shard.data.readFollowing(position, this.continuation, this.continuations, row * this.continuation);
    this.shards[row] = this.current;
    this.positions[row] = position;
    this.count++;
  }
}

/** A number that depends on the last tokens of a context. */
function seedOf(tokens: Int32Array, end: number): number {
  let seed = 0x2545f491;
  for (let i = Math.max(0, end - 8); i < end; i++)
    seed = Math.imul(seed ^ tokens[i], 0x5bd1e995) ^ (seed >>> 13);
  return seed;
}
