/** The tokens of a store as one stream, for callers that build their own index. */
import type { Shard } from "./shard.ts";
import { SEPARATOR } from "./sort.ts";
import type { Store } from "./store.ts";

/**
 * Documents joined by `SEPARATOR`, at most `most` tokens together, separators included. If there are more, whole
 * documents spread evenly over the store; excluded ones are left out. Throws a `StoreError` for data that cannot be
 * read.
 */
export function tokenStream(store: Store, most: number): Uint32Array {
  const share = Math.min(1, most / Math.max(1, store.tokenCount));
  const stream = new Uint32Array(Math.min(most, store.tokenCount + store.shards.length));
  let size = 0;
  let seen = 0;
  for (const shard of store.shards) {
    let index = 0;
    for (const document of shard.documents.all()) {
      const { length } = document;
      const excluded = shard.excluded?.has(index++) ?? false;
      const due = size <= share * seen;
      seen += length + 1;
      const start = size > 0 ? size + 1 : 0;
      if (excluded || !due || length === 0 || start + length > stream.length) continue;
      if (size > 0) stream[size] = SEPARATOR;
      size = start + length;
      copyTokens(shard, document.start, stream.subarray(start, size));
    }
  }
  return stream.subarray(0, size);
}

/** Fills `into` with the shard's tokens from `start` on. */
function copyTokens({ searched: { data, keys } }: Shard, start: number, into: Uint32Array): void {
  data.readKeys(start, into.length, into);
  for (let i = 0; i < into.length; i++) into[i] = keys.tokenOf(into[i]);
}
