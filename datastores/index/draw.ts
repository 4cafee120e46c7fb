/**
 * Draws entries from pieces of prefix arrays: a piece is cut into equal strata, and one entry of each is drawn at
 * random, so that the sample is spread evenly over the whole piece. The same context always draws the same entries.
 */
import { readPiece } from "./readPiece.ts";
import type { Shard } from "./shard.ts";
import type { Piece } from "./storeSearch.ts";

/** Fewer samples than this are read one by one. */
const FEW_SAMPLES = 4;

export class Draw {
  /** Number of drawn places: the first `count` elements of `shards` and `positions`. */
  count = 0;
  /** Index of each place's shard in the store. */
  readonly shards: Uint32Array;
  /** Each place as a position in its shard's stream. */
  readonly positions: Uint32Array;
  private random = 0;

  /** @param most most places @param scratch buffer for the positions of a piece that is read completely */
  constructor(
    most: number,
    private readonly scratch: Uint32Array,
  ) {
    this.shards = new Uint32Array(most);
    this.positions = new Uint32Array(most);
  }

  /** Discards what was drawn. The last tokens of `tokens[0..end)` are the seed of the next draws. */
  begin(tokens: Int32Array, end: number): void {
    this.count = 0;
    this.random = seedOf(tokens, end);
  }

  /** Draws `quota` live entries of a piece, or fewer if it has fewer. */
  from(piece: Piece, shard: Shard, quota: number): void {
    const { excluded } = shard;
    const { data, samples } = shard.searched;
    const { scratch } = this;
    if (!excluded && piece.size > scratch.length) {
      // Entries in memory are spread evenly over a piece that large.
      const first = Math.ceil(piece.first / samples.interval);
      const count = Math.ceil((piece.first + piece.size) / samples.interval) - first;
      for (let i = 0; i < quota; i++)
        this.take(piece, samples.positions[first + this.stratum(i, count, quota)]);
    } else if (!excluded && quota < FEW_SAMPLES) {
      for (let i = 0; i < quota; i++)
        this.take(piece, data.position(piece.first + this.stratum(i, piece.size, quota)));
    } else {
      const read = readPiece(shard, piece.first, piece.size, scratch);
      const live = excluded ? excluded.sift(scratch, read) : read;
      const rows = Math.min(quota, live);
      for (let i = 0; i < rows; i++) this.take(piece, scratch[this.stratum(i, live, rows)]);
    }
  }

  /** An index below `size` in the stratum `i` of `strata`. */
  private stratum(i: number, size: number, strata: number): number {
    this.random = (Math.imul(this.random, 0x915f77f5) + 0x3c6ef372) | 0;
    const jitter = (this.random >>> 8) / 0x1000000;
    const first = Math.floor((i * size) / strata);
    return first + Math.floor(jitter * (Math.floor(((i + 1) * size) / strata) - first));
  }

  private take({ shard }: Piece, position: number): void {
    this.shards[this.count] = shard;
    this.positions[this.count] = position;
    this.count++;
  }
}

/** A seed from the last tokens of a context. */
function seedOf(tokens: Int32Array, end: number): number {
  let seed = 0x2545f491;
  for (let i = Math.max(0, end - 8); i < end; i++)
    seed = Math.imul(seed ^ tokens[i], 0x5bd1e995) ^ (seed >>> 13);
  return seed;
}
