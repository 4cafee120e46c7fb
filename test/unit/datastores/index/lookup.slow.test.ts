import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { Lookup } from "../../../../datastores/index/lookup.ts";
import { Shard } from "../../../../datastores/index/shard.ts";
import { DEPTH } from "../../../../datastores/index/sort.ts";
import { Store } from "../../../../datastores/index/store.ts";
import { below, seeded } from "../../../fakes/random.ts";
import {
  type Corpus,
  continuationAt,
  corpusOf,
  occurrencesOf,
  randomTexts,
  shardOf,
  temporaryFolder,
  WAYS,
} from "./corpus.ts";

const CONTINUATION = 5;

interface Sample {
  readonly shard: number;
  readonly position: number;
  readonly length: number;
  readonly weight: number;
  readonly continuation: number[];
}

function samplesOf(lookup: Lookup): Sample[] {
  return Array.from({ length: lookup.count }, (_, row) => ({
    shard: lookup.shards[row] as number,
    position: lookup.positions[row] as number,
    length: lookup.matchLengths[row] as number,
    weight: lookup.weights[row] as number,
    continuation: [
      ...lookup.continuations.subarray(row * lookup.continuation, (row + 1) * lookup.continuation),
    ],
  }));
}

/** Contexts as a program would have them: taken from the corpora with some tokens changed. */
function contextsOf(random: () => number, corpora: readonly Corpus[], alphabet: number, spacing: number) {
  return Array.from({ length: 40 }, () => {
    const { tokens } = corpora[below(random, corpora.length)] as Corpus;
    const end = below(random, tokens.length + 1);
    const context = [...tokens.subarray(Math.max(0, end - 1 - below(random, 50)), end)].map(token =>
      token === 0xffffffff ? -1 : token,
    );
    while (below(random, 3) === 0) context.push(spacing * below(random, alphabet + 1));
    return context;
  });
}

/** Asserts that a search found what an exhaustive search finds. */
function assertTrue(
  lookup: Lookup,
  corpora: readonly Corpus[],
  context: readonly number[],
  skipped: (shard: number, position: number) => boolean,
  what: string,
) {
  const all = corpora.flatMap(({ tokens }, shard) =>
    occurrencesOf(tokens, context, position => skipped(shard, position)).map(occurrence => ({
      ...occurrence,
      shard,
    })),
  );
  const longest = Math.max(0, ...all.map(({ length }) => length));
  assert.equal(lookup.matchLength, longest, `${what}: length`);
  assert.equal(
    lookup.occurrences,
    all.filter(({ length }) => length === longest).length,
    `${what}: occurrences`,
  );
  const lengths = [...new Set(all.map(({ length }) => length))].sort((a, b) => b - a);
  const samples = samplesOf(lookup);
  const seen = new Set(samples.map(({ shard, position }) => `${shard}:${position}`));
  assert.equal(seen.size, samples.length, `${what}: no occurrence is drawn twice`);
  let before = 0;
  for (const length of lengths) {
    const there = all.filter(occurrence => occurrence.length === length);
    const drawn = samples.filter(sample => sample.length === length);
    if (before >= 8) {
      assert.equal(drawn.length, 0, `${what}: no shorter suffixes when there are enough`);
      continue;
    }
    assert.equal(drawn.length, Math.min(there.length, 64 - before), `${what}: samples of ${length}`);
    const weight = drawn.reduce((sum, sample) => sum + sample.weight, 0);
    assert.ok(Math.abs(weight - there.length) < 1e-3, `${what}: they stand for all ${there.length}`);
    before += there.length;
  }
  for (const { shard, position, length, continuation } of samples) {
    assert.ok(
      all.some(found => found.shard === shard && found.position === position && found.length === length),
      `${what}: a sample is a true occurrence of its length`,
    );
    const { tokens } = corpora[shard] as Corpus;
    assert.deepEqual(continuation, continuationAt(tokens, position, CONTINUATION), `${what}: continuation`);
  }
}

for (const way of WAYS) {
  test(`${way}, a search finds what an exhaustive search finds`, async t => {
    const folder = temporaryFolder(t);
    for (let seed = 0; seed < 25; seed++) {
      const random = seeded(seed);
      const alphabet = 1 + below(random, 6);
      const spacing = 1 + below(random, 7);
      const corpora = Array.from({ length: 1 + below(random, 3) }, () =>
        corpusOf(randomTexts(random, below(random, 25), alphabet, spacing)),
      );
      const shards: Shard[] = [];
      for (const [i, corpus] of corpora.entries())
        shards.push(await shardOf(way, corpus, join(folder, `${seed}-${i}.fts`)));
      const store = new Store(shards);
      const lookup = new Lookup(store, { continuation: CONTINUATION });
      const skip = seed % 2 === 1;
      const excluded = shards.map(
        ({ documents }) =>
          new Set(
            Array.from({ length: documents.count }, (_, i) => i).filter(() => skip && below(random, 3) === 0),
          ),
      );
      for (const [i, shard] of shards.entries()) shard.exclude(excluded[i] as Set<number>);
      const gone = corpora.map(({ tokens, documents }, shard) => {
        const positions = new Uint8Array(tokens.length);
        for (const [i, { start, length }] of documents.entries())
          if (excluded[shard]?.has(i)) positions.fill(1, start, start + length);
        return positions;
      });
      const skipped = (shard: number, position: number) => gone[shard]?.[position] === 1;
      for (const context of contextsOf(random, corpora, alphabet, spacing)) {
        lookup.find(Int32Array.from(context), context.length);
        assertTrue(lookup, corpora, context, skipped, `seed ${seed}, context ${context.join()}`);
      }
      store.close();
    }
  });

  test(`${way}, a large corpus of few tokens is searched across its samples`, async t => {
    const folder = temporaryFolder(t);
    const random = seeded(77);
    for (const alphabet of [2, 40]) {
      const corpus = corpusOf(
        Array.from({ length: 6 }, () => Array.from({ length: 900 }, () => below(random, alphabet))),
      );
      const store = new Store([await shardOf(way, corpus, join(folder, `${alphabet}.fts`))]);
      const lookup = new Lookup(store, { continuation: CONTINUATION });
      for (const context of contextsOf(random, [corpus], alphabet, 1)) {
        lookup.find(Int32Array.from(context), context.length);
        assertTrue(lookup, [corpus], context, () => false, `alphabet ${alphabet}: ${context.join()}`);
      }
      store.close();
    }
  });
}

test("a shard with more than 65,535 different tokens is searched like any other", async t => {
  const random = seeded(3);
  const corpus = corpusOf(
    [
      Array.from({ length: 70_000 }, (_, i) => i),
      Array.from({ length: 3000 }, () => 65_000 + below(random, 9000)),
    ],
    80_000,
  );
  const shard = await shardOf("read from a file", corpus, join(temporaryFolder(t), "large.fts"));
  const lookup = new Lookup(new Store([shard]), { continuation: CONTINUATION });
  for (const context of contextsOf(random, [corpus], 80_000, 1).slice(0, 20)) {
    lookup.find(Int32Array.from(context), context.length);
    assertTrue(lookup, [corpus], context, () => false, context.join());
  }
});

test("a match is at most 32 tokens long", () => {
  const text = Array.from({ length: 100 }, (_, i) => i);
  const { tokens, documents, metadata } = corpusOf([text]);
  const lookup = new Lookup(new Store([Shard.fromTokens(tokens, documents, metadata)]));
  lookup.find(Int32Array.from(text.slice(0, 60)), 60);
  assert.equal(lookup.matchLength, DEPTH);
  assert.equal(lookup.continuations[0], 60);
});

test("a context that is empty or outside any vocabulary matches nothing", () => {
  const { tokens, documents, metadata } = corpusOf([[1, 2, 3]]);
  const lookup = new Lookup(new Store([Shard.fromTokens(tokens, documents, metadata)]));
  for (const context of [[], [1, -1], [2 ** 31 - 1], [1, 999], [-5]]) {
    lookup.find(Int32Array.from(context), context.length);
    assert.deepEqual([lookup.matchLength, lookup.occurrences, lookup.count], [0, 0, 0], `[${context}]`);
  }
});

test("an empty store, an empty shard and a shard of one token match nothing", async t => {
  const folder = temporaryFolder(t);
  for (const texts of [[], [[]], [[7]]])
    for (const way of WAYS) {
      const store = new Store([await shardOf(way, corpusOf(texts), join(folder, "small.fts"))]);
      const lookup = new Lookup(store);
      lookup.find(Int32Array.of(7), 1);
      assert.equal(lookup.matchLength, 0, `${way}, ${JSON.stringify(texts)}`);
      store.close();
    }
  const lookup = new Lookup(new Store());
  lookup.find(Int32Array.of(7), 1);
  assert.equal(lookup.matchLength, 0);
});

/** Ten thousand times each, what follows token 1 depends on what was two tokens before. */
function skewedCorpus(): Corpus {
  const random = seeded(9);
  const text: number[] = [];
  for (let i = 0; i < 60_000; i++) text.push(10 + below(random, 500), 1, random() < 0.7 ? 2 : 3);
  return corpusOf([text]);
}

for (const way of WAYS)
  test(`${way}, continuations are drawn evenly from all occurrences`, async t => {
    const store = new Store([await shardOf(way, skewedCorpus(), join(temporaryFolder(t), "skewed.fts"))]);
    const lookup = new Lookup(store, { samples: 64, continuation: 1 });
    lookup.find(Int32Array.of(999, 1), 2);
    assert.equal(lookup.matchLength, 1);
    assert.equal(lookup.occurrences, 60_000);
    assert.equal(lookup.count, 64);
    const twos = lookup.continuations.filter(token => token === 2).length;
    assert.ok(twos > 34 && twos < 56, `0.7 of 64 are 45, drawn were ${twos}`);
    // The token before the match orders the occurrences: every tenth of them must be among those drawn.
    const tenths = new Set<number>();
    const { data, keys } = (store.shards[0] as Shard).searched;
    const before = new Uint32Array(1);
    for (let row = 0; row < lookup.count; row++) {
      data.readKeys((lookup.positions[row] as number) - 2, 1, before);
      const key = before[0] as number;
      const token = keys.tokenOf(key);
      tenths.add(Math.floor((token - 10) / 50));
    }
    assert.equal(tenths.size, 10);
    const weights = lookup.weights.reduce((sum, weight) => sum + weight, 0);
    assert.ok(Math.abs(weights - 60_000) < 1);
    store.close();
  });

for (const way of WAYS)
  test(`${way}, more samples than usual are drawn from a middling range without drawing one twice`, async t => {
    const text = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? 1 : 5 + (i % 90)));
    const shard = await shardOf(way, corpusOf([text]), join(temporaryFolder(t), "middling.fts"));
    const lookup = new Lookup(new Store([shard]), { samples: 200, continuation: 1 });
    lookup.find(Int32Array.of(1), 1);
    assert.deepEqual([lookup.occurrences, lookup.count], [10_000, 200]);
    assert.equal(new Set(lookup.positions).size, 200);
    shard.close();
  });

test("a fault of the program is not taken for a shard that cannot be read", t => {
  const { tokens, documents, metadata } = corpusOf([[1, 2, 3]]);
  const store = new Store([Shard.fromTokens(tokens, documents, metadata)]);
  const lookup = new Lookup(store);
  t.mock.method(store.shards[0]!.searched.data, "readFollowing", () => {
    throw new TypeError("fault");
  });
  assert.throws(() => lookup.find(Int32Array.of(1), 1), TypeError);
  assert.deepEqual([store.shards.length, store.problems], [1, []]);
});

test("a sample in no document, or of a shard that is gone, has none", () => {
  const { tokens, metadata } = corpusOf([[1, 2, 3]]);
  const store = new Store([Shard.fromTokens(tokens, [], metadata)]);
  const lookup = new Lookup(store);
  lookup.find(Int32Array.of(1), 1);
  assert.equal(lookup.count, 1);
  assert.equal(lookup.document(0), undefined);
  store.remove(store.shards[0]!);
  assert.equal(lookup.document(0), undefined);
});

test("the same context draws the same samples, and others differ", () => {
  const { tokens, documents, metadata } = skewedCorpus();
  const lookup = new Lookup(new Store([Shard.fromTokens(tokens, documents, metadata)]));
  const drawn = (end: number, ...context: number[]) => {
    lookup.find(Int32Array.from(context), end);
    return [...lookup.positions];
  };
  const first = drawn(1, 1);
  drawn(1, 2);
  assert.deepEqual(drawn(1, 1), first);
  assert.deepEqual(drawn(1, 1, 77), first, "what follows the context does not count");
  assert.notDeepEqual(drawn(2, 999, 1), drawn(2, 998, 1));
});

test("samples of a large range are from that range, wherever it begins", () => {
  const pairs = Array.from({ length: 20_000 }, (_, i) => [7, 50 + (i % 30)]);
  // The range of token 7 begins between two of the entries that are kept in memory.
  const { tokens, documents, metadata } = corpusOf([[...Array<number>(100).fill(1), ...pairs.flat()]]);
  const lookup = new Lookup(new Store([Shard.fromTokens(tokens, documents, metadata)]), { continuation: 1 });
  for (let other = 200; other < 220; other++) {
    lookup.find(Int32Array.of(other, 7), 2);
    assert.deepEqual([lookup.occurrences, lookup.count], [20_000, 64]);
    assert.ok(lookup.positions.every(position => tokens[position - 1] === 7));
    assert.equal(new Set(lookup.positions).size, 64);
  }
});

test("samples are spread over shards in proportion to their occurrences", () => {
  const texts = (count: number) => [
    Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1 : 5 + (i % 90))),
  ];
  const store = new Store(
    [3000, 1000].map(count => {
      const { tokens, documents, metadata } = corpusOf(texts(2 * count));
      return Shard.fromTokens(tokens, documents, metadata);
    }),
  );
  const lookup = new Lookup(store);
  lookup.find(Int32Array.of(1), 1);
  assert.equal(lookup.occurrences, 4000);
  assert.equal(lookup.count, 64);
  assert.equal(lookup.shards.filter(shard => shard === 0).length, 48);
});

test("a match with few occurrences is extended by those of shorter suffixes, the longest first", () => {
  const texts = [[9, 8, 7, 1, 2, 50], ...Array.from({ length: 20 }, (_, i) => [100 + i, 2, 60 + i])];
  const { tokens, documents, metadata } = corpusOf(texts);
  const store = new Store([Shard.fromTokens(tokens, documents, metadata)]);
  const lookup = new Lookup(store, { continuation: 1 });
  lookup.find(Int32Array.of(9, 8, 7, 1, 2), 5);
  assert.deepEqual([lookup.matchLength, lookup.occurrences, lookup.count], [5, 1, 21]);
  assert.deepEqual([lookup.continuations[0], lookup.matchLengths[0]], [50, 5]);
  assert.deepEqual(new Set(lookup.matchLengths.subarray(1, 21)), new Set([1]));

  const strict = new Lookup(store, { shortest: 2 });
  strict.find(Int32Array.of(9, 8, 7, 1, 2), 5);
  assert.equal(strict.count, 1, "suffixes shorter than asked for are not searched");
  const satisfied = new Lookup(store, { enough: 1 });
  satisfied.find(Int32Array.of(9, 8, 7, 1, 2), 5);
  assert.equal(satisfied.count, 1);
});

test("only the match is searched when no samples are asked for", () => {
  const { tokens, documents, metadata } = corpusOf([[1, 2, 3]]);
  const lookup = new Lookup(new Store([Shard.fromTokens(tokens, documents, metadata)]), { samples: 0 });
  lookup.find(Int32Array.of(1, 2), 2);
  assert.deepEqual([lookup.matchLength, lookup.occurrences, lookup.count], [2, 1, 0]);
});

test("an occurrence at the end of a document does not count", () => {
  const { tokens, documents, metadata } = corpusOf([
    [1, 2, 3],
    [5, 6, 2, 3, 4],
  ]);
  const lookup = new Lookup(new Store([Shard.fromTokens(tokens, documents, metadata)]), { continuation: 2 });
  lookup.find(Int32Array.of(1, 2, 3), 3);
  assert.equal(lookup.matchLength, 2);
  assert.deepEqual([...lookup.continuations.subarray(0, 2)], [4, -1]);
});

test("excluded documents are left out of ranges too large to count", async t => {
  const random = seeded(4);
  const document = (next: number) =>
    Array.from({ length: 30_000 }, (_, i) => (i % 2 === 0 ? 1 : next + below(random, 5)));
  const corpus = corpusOf([document(10), document(20)]);
  const shard = await shardOf("read from a file", corpus, join(temporaryFolder(t), "excluded.fts"));
  shard.exclude([0]);
  const lookup = new Lookup(new Store([shard]), { continuation: 1 });
  lookup.find(Int32Array.of(1), 1);
  assert.ok(lookup.count > 10, `${lookup.count} samples`);
  for (let row = 0; row < lookup.count; row++) assert.ok((lookup.continuations[row] as number) >= 20);
  assert.ok(Math.abs(lookup.occurrences - 15_000) < 1500, `${lookup.occurrences} of 15,000`);
  shard.exclude([1]);
  lookup.find(Int32Array.of(1), 1);
  assert.equal(lookup.count, 0);
});

test("shorter suffixes are searched where all of a large range is excluded", async t => {
  const many = corpusOf([Array.from({ length: 60_000 }, (_, i) => [5, 1, 10 + (i % 7)][i % 3] as number)]);
  const other = corpusOf([[1, 8]]);
  const path = join(temporaryFolder(t), "many.fts");
  const shards = [
    await shardOf("read from a file", many, path),
    await shardOf("read from a file", other, `${path}2`),
  ];
  shards[0]!.exclude([0]);
  const lookup = new Lookup(new Store(shards), { continuation: 1 });
  lookup.find(Int32Array.of(5, 1), 2);
  assert.deepEqual([lookup.matchLength, lookup.occurrences, lookup.count], [1, 1, 1]);
  assert.equal(lookup.continuations[0], 8);
});

test("the document of a sample can be found", async t => {
  const corpus = corpusOf([[1, 2, 3], [], [4, 5, 6], [7, 5, 8]]);
  for (const way of WAYS) {
    const lookup = new Lookup(new Store([await shardOf(way, corpus, join(temporaryFolder(t), "told.fts"))]));
    lookup.find(Int32Array.of(7, 5), 2);
    assert.deepEqual(lookup.document(0), corpus.documents[3], way);
    assert.deepEqual(lookup.document(1), corpus.documents[2], way);
  }
});
