import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Shard } from "../../../../datastores/index/shard.ts";
import { keyOf, prefixArray } from "../../../../datastores/index/sort.ts";
import { writeShard } from "../../../../datastores/index/writer.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { continuationAt, corpusOf, metadataOf, shardOf, temporaryFolder, WAYS } from "./corpus.ts";
import { someCorpus } from "./someShard.ts";

for (const way of WAYS)
  test(`${way}, a shard returns its tokens, positions and documents`, async t => {
    const corpus = someCorpus();
    const shard = await shardOf(way, corpus, join(temporaryFolder(t), "contract.fts"));
    const { documents } = shard;
    const { data, keys } = shard.searched;
    const positions = prefixArray(corpus.tokens);
    assert.equal(data.tokens, corpus.tokens.length);
    assert.equal(data.entries, positions.length);
    assert.deepEqual(shard.metadata, corpus.metadata);
    assert.ok(positions.length > 2 * 128, "several blocks");
    assert.deepEqual(
      Array.from(positions, (_, entry) => data.position(entry)),
      [...positions],
    );
    const some = new Uint32Array(200);
    data.readPositions(30, 200, some);
    assert.deepEqual(some, positions.subarray(30, 230));

    const read = new Uint32Array(corpus.tokens.length + 3);
    data.readKeys(0, read.length, read);
    const tokens = [...read].map(key => keys.tokenOf(key) >>> 0);
    assert.deepEqual(tokens.slice(0, -3), [...corpus.tokens]);
    assert.deepEqual([...read.subarray(-3)], [0, 0, 0], "beyond the end there is nothing");

    const following = new Int32Array(9);
    for (let position = 0; position < corpus.tokens.length; position++) {
      data.readFollowing(position, 7, following, 1);
      assert.deepEqual([...following.subarray(1, 8)], continuationAt(corpus.tokens, position, 7));
    }
    assert.equal(documents.count, corpus.documents.length);
    for (const [i, document] of corpus.documents.entries()) assert.deepEqual(documents.get(i), document);
    assert.deepEqual([...documents.all()], corpus.documents);
    for (let position = 0; position < corpus.tokens.length; position++)
      assert.equal(
        documents.indexAt(position),
        corpus.documents.findIndex(({ start, length }) => position >= start && position < start + length),
      );
    assert.throws(() => documents.get(documents.count), RangeError);
    shard.close();
  });

test("thousands of documents are read from a file in order", async t => {
  const corpus = corpusOf(Array.from({ length: 2500 }, (_, i) => [i % 90, 1]));
  const shard = await shardOf("read from a file", corpus, join(temporaryFolder(t), "many.fts"));
  assert.deepEqual([...shard.documents.all()], corpus.documents);
  assert.deepEqual(shard.documents.get(2400), corpus.documents[2400]);
});

for (const way of WAYS)
  test(`${way}, what is before the first document belongs to none`, async t => {
    const { documents, ...corpus } = corpusOf([[], [1, 2]]);
    const later = { ...corpus, documents: documents.slice(1) };
    const shard = await shardOf(way, later, join(temporaryFolder(t), "later.fts"));
    const places = Array.from(corpus.tokens, (_, position) => shard.documents.indexAt(position));
    assert.deepEqual(places, [-1, 0, 0, -1]);
    assert.throws(() => shard.documents.get(-1), RangeError);
  });

for (const way of WAYS)
  test(`${way}, texts are compared backwards and not beyond the start of their document`, async t => {
    const corpus = corpusOf([
      [1, 2, 3, 4],
      [2, 3, 4],
    ]);
    const shard = await shardOf(way, corpus, join(temporaryFolder(t), "compared.fts"));
    const { data, keys } = shard.searched;
    const context = Int32Array.of(3, 2, 1, 4).map(token => keys.keyOf(token));
    assert.equal(data.commonLength(3, context, 0, 4), 3);
    assert.equal(data.differing, 0, "the stream begins");
    assert.equal(data.commonLength(3, context, 2, 3), 3);
    assert.equal(data.commonLength(7, context, 0, 4), 2);
    assert.equal(data.differing, 0, "a document begins");
    assert.equal(data.commonLength(4, context, 0, 4), 0);
    assert.equal(keys.tokenOf(data.differing), 4);
    assert.equal(keyOf(5), 6);
  });

test("a file shard takes less than half a byte per token in memory", async t => {
  const random = seeded(5);
  const path = join(temporaryFolder(t), "resident.fts");
  for (const alphabet of [3000, 70_000]) {
    const tokens = Uint32Array.from({ length: 400_000 }, (_, i) =>
      i < alphabet ? i : below(random, alphabet),
    );
    const { bytes } = await writeShard(path, { tokens, documents: [], metadata: metadataOf(80_000) });
    const shard = Shard.open(path);
    assert.ok(shard.residentBytes / tokens.length < 0.5, `${shard.residentBytes / tokens.length} resident`);
    assert.ok(bytes / tokens.length < 9, `${bytes / tokens.length} on disk`);
    shard.close();
  }
});
