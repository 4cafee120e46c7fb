/** The searches in all shards of a store, which begin and widen together. */
import type { StoreProblem } from "../index.ts";
import { PrefixSearch } from "./prefixSearch.ts";
import { readPiece } from "./readPiece.ts";
import type { Shard } from "./shard.ts";
import type { Store } from "./store.ts";

/** Part of a shard's prefix array whose entries share the same number of tokens with the context. */
export interface Piece {
  /** Index in `store.shards`. */
  shard: number;
  /** Index of its first entry. */
  first: number;
  /** Number of entries. */
  size: number;
  /** Entries that are not excluded; an estimate for a piece too large to be read. */
  live: number;
}

export class StoreSearch {
  /** What the last `widen` added to the ranges: the first `pieceCount` elements. */
  pieces: Piece[] = [];
  pieceCount = 0;
  /** Index of the shard being searched: a failed read is a failure of this shard. */
  current = 0;
  private searches: PrefixSearch[] = [];
  /** The store's version that `searches` belong to; shards may be added and removed in between. */
  private version = -1;

  /** @param scratch buffer for the positions of a piece; in larger pieces, live entries are estimated */
  constructor(
    private readonly store: Store,
    private readonly scratch: Uint32Array,
  ) {}

  /** Finds the place of `tokens[0..end)` in every shard. */
  begin(tokens: Int32Array, end: number): void {
    if (this.version !== this.store.version) this.adopt();
    const { searches } = this;
    for (this.current = 0; this.current < searches.length; this.current++)
      searches[this.current].begin(tokens, end);
  }

  /** The longest match in any shard that is not yet in its range; 0 if there is none. */
  longest(): number {
    const { searches } = this;
    let length = 0;
    for (let shard = 0; shard < searches.length; shard++) length = Math.max(length, searches[shard].next);
    return length;
  }

  /**
   * Widens every shard's range to the entries that share `length` tokens; the added ones become the pieces. Returns
   * the number of live ones among them.
   */
  widen(length: number): number {
    const { searches } = this;
    this.pieceCount = 0;
    let live = 0;
    for (this.current = 0; this.current < searches.length; this.current++) {
      const search = searches[this.current];
      if (search.next < length) continue;
      const { low, high } = search;
      search.widen(length);
      live += this.add(search.low, low - search.low) + this.add(high, search.high - high);
    }
    return live;
  }

  /** The shard of a piece, which becomes the current one. */
  enter({ shard }: Piece): Shard {
    this.current = shard;
    return this.store.shards[shard];
  }

  /** Removes the current shard from the store, which reports the problem. */
  drop(problem: StoreProblem): void {
    this.store.drop(this.store.shards[this.current], problem);
  }

  /** Creates searches for added shards, and drops those of removed ones. */
  private adopt(): void {
    const { shards } = this.store;
    this.version = this.store.version;
    this.searches = shards.map(
      ({ searched: { data, samples, keys } }) => new PrefixSearch(data, samples, keys),
    );
    // A range grows at both ends.
    this.pieces = Array.from({ length: 2 * shards.length }, () => ({ shard: 0, first: 0, size: 0, live: 0 }));
  }

  private add(first: number, size: number): number {
    if (size === 0) return 0;
    const piece = this.pieces[this.pieceCount++];
    const shard = this.store.shards[this.current];
    piece.shard = this.current;
    piece.first = first;
    piece.size = size;
    piece.live = size;
    if (shard.excluded) {
      const read = readPiece(shard, first, size, this.scratch);
      piece.live = Math.round((size * shard.excluded.sift(this.scratch, read)) / read);
    }
    return piece.live;
  }
}
