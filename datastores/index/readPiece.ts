import type { Shard } from "./shard.ts";

/** Most positions taken from memory for a piece that is too large to be read. */
const MOST_SAMPLED = 2048;

/**
 * Copies the positions of the entries [first, first + size) of a shard's prefix array to `into`: all of them if they fit,
 * else an even selection of those in memory. Returns their number.
 */
export function readPiece({ searched }: Shard, first: number, size: number, into: Uint32Array): number {
  const { data, samples } = searched;
  if (size <= into.length) {
    data.readPositions(first, size, into);
    return size;
  }
  const begin = Math.ceil(first / samples.interval);
  const inMemory = Math.ceil((first + size) / samples.interval) - begin;
  const count = Math.min(inMemory, MOST_SAMPLED, into.length);
  for (let i = 0; i < count; i++) into[i] = samples.positions[begin + Math.floor((i * inMemory) / count)];
  return count;
}
