/** Positions of a log chained by the hash of the tokens up to them. */
import { enlarged, type Segment } from "./tokenLog.ts";

/** No position. */
export const NONE = -1;
/**
 * Number of hash values, however many positions there are: rebuilding the chains for more of them would block the
 * thread for half a second in a large workspace. Unused values take no memory.
 */
const HASHES = 1 << 19;

/** Hash of the `count` tokens before `end`. */
export function hash(tokens: Int32Array, end: number, count: number): number {
  let value = 0;
  for (let i = end - count; i < end; i++) value = Math.imul(value ^ tokens[i], 0x9e3779b1) + 0x7f4a7c15;
  return (value ^ (value >>> 15)) >>> 0;
}

/** Positions with the same hash, each linked to the one added before it. Links are positions plus one; 0 is none. */
export class Chains {
  private readonly heads = new Int32Array(HASHES);
  private links: Int32Array;

  /** @param width number of hashed tokens @param positions initial capacity */
  constructor(
    readonly width: number,
    positions: number,
  ) {
    this.links = new Int32Array(positions);
  }

  latest(key: number): number {
    return this.heads[key & (HASHES - 1)] - 1;
  }

  before(position: number): number {
    return this.links[position] - 1;
  }

  /** Removes a position that is linked from `after`, or is the latest if that is `NONE`. Returns the previous one. */
  unlink(key: number, position: number, after: number): number {
    const link = this.links[position];
    if (after === NONE) this.heads[key & (HASHES - 1)] = link;
    else this.links[after] = link;
    return link - 1;
  }

  /** Adds the positions of a file with enough of its tokens before them; no context contains its separator. */
  add(tokens: Int32Array, { start, end }: Segment): void {
    this.links = enlarged(this.links, end);
    const { heads, links, width } = this;
    for (let position = start + width; position < end; position++) {
      const slot = hash(tokens, position + 1, width) & (HASHES - 1);
      links[position] = heads[slot];
      heads[slot] = position + 1;
    }
  }
}
