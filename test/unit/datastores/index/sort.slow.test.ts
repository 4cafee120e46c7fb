import assert from "node:assert/strict";
import { test } from "node:test";
import { DEPTH, keyOf, PrefixSorter, prefixArray, SEPARATOR } from "../../../../datastores/index/sort.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { corpusOf, randomTexts } from "./corpus.ts";

/** Order of the texts before two positions: negative, zero (equal as far as it matters) or positive. */
function compare(tokens: Uint32Array, a: number, b: number): number {
  for (let i = 1; i <= DEPTH; i++) {
    const keyOfA = a < i ? 0 : keyOf(tokens[a - i] as number);
    const keyOfB = b < i ? 0 : keyOf(tokens[b - i] as number);
    if (keyOfA !== keyOfB) return keyOfA - keyOfB;
    if (keyOfA === 0) return 0;
  }
  return 0;
}

function assertSorted(tokens: Uint32Array, positions: Uint32Array, what: string) {
  for (let entry = 1; entry < positions.length; entry++)
    if (compare(tokens, positions[entry - 1] as number, positions[entry] as number) > 0)
      assert.fail(`${what}: entries ${entry - 1} and ${entry} are out of order`);
}

test("positions are sorted by the text before them, and each one with a continuation occurs once", () => {
  for (let seed = 0; seed < 60; seed++) {
    const random = seeded(seed);
    const { tokens } = corpusOf(randomTexts(random, below(random, 30), 1 + below(random, 5)));
    const positions = prefixArray(tokens);
    assertSorted(tokens, positions, `seed ${seed}`);
    const expected: number[] = [];
    for (let position = 1; position < tokens.length; position++)
      if (tokens[position - 1] !== SEPARATOR && tokens[position] !== SEPARATOR) expected.push(position);
    assert.deepEqual(
      [...positions].sort((a, b) => a - b),
      expected,
      `seed ${seed}`,
    );
  }
});

test("no token, one token and separators alone have no positions", () => {
  for (const tokens of [[], [4], [SEPARATOR], [SEPARATOR, SEPARATOR], [4, SEPARATOR, 4]])
    assert.equal(prefixArray(Uint32Array.from(tokens)).length, 0);
});

test("text before a separator does not count", () => {
  // If the separator were ignored, the 9 before it would put the second document's entry last.
  const tokens = Uint32Array.of(9, SEPARATOR, 5, 6, SEPARATOR, 1, 5, 7);
  assert.deepEqual([...prefixArray(tokens)], [6, 3, 7]);
});

test("ranges beyond the cache of keys are sorted correctly", () => {
  const random = seeded(2);
  // Most entries follow the same token, and before that are many smaller and many larger ones.
  const tokens = Uint32Array.from({ length: 1_200_000 }, () => (random() < 0.8 ? 20 : below(random, 40)));
  const positions = prefixArray(tokens);
  assert.equal(positions.length, tokens.length - 1);
  assertSorted(tokens, positions, "beyond the cache");
});

test("one token repeated a million times is sorted in bounded time", () => {
  const tokens = new Uint32Array(1_000_000).fill(7);
  const start = performance.now();
  assert.equal(prefixArray(tokens).length, 999_999);
  assert.ok(performance.now() - start < 10_000);
});

test("a file that occurs two hundred times is sorted in bounded time", () => {
  const random = seeded(8);
  const file = Array.from({ length: 5000 }, () => below(random, 300));
  const { tokens } = corpusOf(Array.from({ length: 200 }, () => file));
  const start = performance.now();
  const positions = prefixArray(tokens);
  assert.ok(performance.now() - start < 10_000);
  assertSorted(tokens, positions, "copies");
});

test("a sort in steps reports its progress", () => {
  const random = seeded(6);
  const sorter = new PrefixSorter(Uint32Array.from({ length: 900_000 }, () => below(random, 2000)));
  const done = [sorter.sorted];
  while (!sorter.step()) done.push(sorter.sorted);
  assert.ok(done.length > 2, "more than one step");
  assert.ok(done.every((sorted, i) => i === 0 || sorted > (done[i - 1] as number)));
  assert.equal(sorter.sorted, sorter.positions.length);
});
