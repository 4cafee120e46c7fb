import type { Shard } from "./shard.ts";

/** Of a piece too large to be read, at most so many positions are taken from memory. */
const MOST_SAMPLED = 2048;

/**
 * Copies the positions of the entries [first, first + size) of a shard's prefix array to `into`: all of them where they fit, else an even
 * selection of those in memory. Returns how many.
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
