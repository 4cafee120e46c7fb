import assert from "node:assert/strict";
import { test } from "node:test";
import { Shard } from "../../../../datastores/index/shard.ts";
import { SEPARATOR } from "../../../../datastores/index/sort.ts";
import { Store } from "../../../../datastores/index/store.ts";
import { tokenStream } from "../../../../datastores/index/tokenStream.ts";
import { corpusOf } from "./corpus.ts";

function storeOf(...shards: number[][][]): Store {
  return new Store(
    shards.map(texts => {
      const { tokens, documents, metadata } = corpusOf(texts);
      return Shard.fromTokens(tokens, documents, metadata);
    }),
  );
}

test("all documents of all shards make one stream, with a separator between them", () => {
  const store = storeOf([[1, 2], [], [3]], [[4, 5, 6]]);
  assert.deepEqual([...tokenStream(store, 100)], [1, 2, SEPARATOR, 3, SEPARATOR, 4, 5, 6]);
  assert.deepEqual([...tokenStream(storeOf(), 100)], []);
});

test("whole documents spread over the store are taken where there is no room for all", () => {
  const store = storeOf(Array.from({ length: 100 }, (_, i) => [i, i, i]));
  const stream = tokenStream(store, 40);
  assert.ok(stream.length <= 40 && stream.length > 30, `${stream.length} tokens`);
  const documents = stream.filter((token, i) => token !== SEPARATOR && stream[i - 1] !== token);
  assert.equal(stream.length, 4 * documents.length - 1, "whole");
  const [first, last] = [documents[0]!, documents.at(-1)!];
  assert.ok(first < 10 && last >= 80, `${first} to ${last}`);
});

test("a stream that has exactly the room holds all documents, of shards without a separator at their end", () => {
  const shards = [[[1, 2], [3]], [[4, 5, 6]]].map(texts => {
    const { tokens, documents, metadata } = corpusOf(texts);
    return Shard.fromTokens(tokens.subarray(0, -1), documents, metadata);
  });
  const all = [1, 2, SEPARATOR, 3, SEPARATOR, 4, 5, 6];
  for (const most of [8, 9, 100]) assert.deepEqual([...tokenStream(new Store(shards), most)], all);
  assert.deepEqual([...tokenStream(storeOf([[1, 2, 3]]), 3)], [1, 2, 3]);
  assert.deepEqual([...tokenStream(storeOf([[1, 2, 3]]), 2)], []);
});

test("excluded documents are left out", () => {
  const store = storeOf([[1, 2], [3], [4, 5]]);
  store.shards[0]!.exclude([1]);
  assert.deepEqual([...tokenStream(store, 100)], [1, 2, SEPARATOR, 4, 5]);
});
