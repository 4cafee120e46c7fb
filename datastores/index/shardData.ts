import type { TokenKeys } from "./dictionary.ts";

/**
 * Tokens and prefix array of one shard, in a file or in memory. Nothing here allocates or is asynchronous: a
 * positioned read of a cached page takes 2 us, a promise for it 30.
 */
export interface ShardData {
  /** Tokens in the stream, separators included. */
  readonly tokens: number;
  /** Positions in the prefix array. */
  readonly entries: number;
  /** Bytes held in memory. */
  readonly residentBytes: number;
  /** Key at which `commonLength` stopped; 0 if the document begins there. */
  readonly differing: number;
  /** The position at an entry of the prefix array. */
  position(entry: number): number;
  /** Copies the positions of `count` entries. */
  readPositions(first: number, count: number, into: Uint32Array): void;
  /** Copies keys of the stream from `start` on; those beyond its end are 0. */
  readKeys(start: number, count: number, into: Uint32Array): void;
  /**
   * How many of `keys[0..length)`, the nearest token first, equal the text before a position.
   * @param from number of keys that are known to be equal
   */
  commonLength(position: number, keys: Int32Array, from: number, length: number): number;
  /** Writes `count` tokens from a position on to `into[at...]`; -1 after the document's end. */
  readFollowing(position: number, count: number, into: Int32Array, at: number): void;
}

/** A shard in memory. */
export class MemoryData implements ShardData {
  readonly tokens: number;
  readonly entries: number;
  differing = 0;
  /** Adding one and masking with this turns a stored token into its key, and the separator into 0. */
  private readonly mask: number;

  /**
   * @param stream tokens, all bits set for a separator: dictionary numbers in two bytes, or ids in four
   * @param positions the prefix array
   */
  constructor(
    private readonly stream: Uint16Array | Uint32Array,
    private readonly positions: Uint32Array,
    private readonly keys: TokenKeys,
  ) {
    this.tokens = stream.length;
    this.entries = positions.length;
    this.mask = stream.BYTES_PER_ELEMENT === 2 ? 0xffff : -1;
  }

  get residentBytes(): number {
    return this.stream.byteLength + this.positions.byteLength;
  }

  position(entry: number): number {
    return this.positions[entry];
  }

  readPositions(first: number, count: number, into: Uint32Array): void {
    const { positions } = this;
    for (let i = 0; i < count; i++) into[i] = positions[first + i];
  }

  readKeys(start: number, count: number, into: Uint32Array): void {
    for (let i = 0; i < count; i++) into[i] = (this.stream[start + i] + 1) & this.mask;
  }

  commonLength(position: number, keys: Int32Array, from: number, length: number): number {
    const { stream, mask } = this;
    for (let i = from; i < length; i++) {
      // Outside the stream the value is undefined, which becomes 0, as intended.
      const key = (stream[position - 1 - i] + 1) & mask;
      if (key !== keys[i]) {
        this.differing = key;
        return i;
      }
    }
    return length;
  }

  readFollowing(position: number, count: number, into: Int32Array, at: number): void {
    const { stream, mask } = this;
    let i = 0;
    while (i < count) {
      const token = this.keys.tokenOf((stream[position + i] + 1) & mask);
      if (token < 0) break;
      into[at + i++] = token;
    }
    into.fill(-1, at + i, at + count);
  }
}
