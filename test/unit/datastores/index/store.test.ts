import assert from "node:assert/strict";
import { test } from "node:test";
import { Lookup } from "../../../../datastores/index/lookup.ts";
import { Shard } from "../../../../datastores/index/shard.ts";
import { Store } from "../../../../datastores/index/store.ts";
import { corpusOf } from "./corpus.ts";
import { problemOf, writtenShard } from "./someShard.ts";

test("a store that cannot open one of its files reports that file", async t => {
  const path = await writtenShard(t);
  const missing = `${path}.missing`;
  assert.equal(problemOf(() => Store.open([path, missing]), missing, "one missing").code, "missing");
});

test("a shard is searched once it is added to a store, and no longer once it is removed", () => {
  const shards = [
    [1, 2, 3],
    [1, 2, 4],
  ].map(text => {
    const { tokens, documents, metadata } = corpusOf([text]);
    return Shard.fromTokens(tokens, documents, metadata);
  }) as [Shard, Shard];
  const store = new Store([shards[0]]);
  const lookup = new Lookup(store);
  const found = () => {
    lookup.find(Int32Array.of(1, 2), 2);
    return lookup.occurrences;
  };
  assert.equal(found(), 1);
  store.add(shards[1]);
  assert.equal(found(), 2);
  assert.equal(store.tokenCount, 8);
  assert.equal(store.documentCount, 2);
  assert.ok(store.remove(shards[0]));
  assert.ok(!store.remove(shards[0]));
  assert.equal(found(), 1);
  assert.equal(lookup.continuations[0], 4);
  store.close();
  assert.equal(found(), 0);
});
