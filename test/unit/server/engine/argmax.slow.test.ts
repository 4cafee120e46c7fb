import assert from "node:assert/strict";
import { test } from "node:test";
import { type CopyPart, LargestLogits } from "../../../../server/engine/argmax.ts";
import { below, seeded } from "../../../fakes/random.ts";

const partsOf =
  (row: Float32Array): CopyPart =>
  (part, start) =>
    part.set(row.subarray(start, start + part.length));

const argmax = (row: Float32Array) => new LargestLogits(row.length).argmax(partsOf(row));

test("the largest logit is found at every size and place", () => {
  const random = seeded(4);
  for (const size of [1, 2, 15, 16, 17, 63, 64, 65, 4095, 4096, 4097, 8192, 50_000]) {
    for (let round = 0; round < 20; round++) {
      const row = Float32Array.from({ length: size }, () => -1 - random());
      const best = below(random, size);
      row[best] = random() - 0.5;
      assert.equal(argmax(row), best, `size ${size}`);
    }
  }
});

test("the lowest index wins among equals, in one part of the row or in several", () => {
  const row = new Float32Array(20_000).fill(0.5);
  assert.equal(argmax(row), 0);
  row.fill(-2);
  row[17_000] = 3;
  row[9_041] = 3;
  row[9_040] = 2;
  assert.equal(argmax(row), 9_041);
});

test("infinities count as numbers, and NaN is ignored", () => {
  const row = new Float32Array(40).fill(Number.NEGATIVE_INFINITY);
  assert.equal(argmax(row), 0);
  row[30] = -1e30;
  row[3] = Number.NaN;
  assert.equal(argmax(row), 30);
  row[7] = Number.POSITIVE_INFINITY;
  assert.equal(argmax(row), 7);
  assert.equal(argmax(new Float32Array(9_000).fill(Number.NaN)), 0);
});

/** The `count` largest logits, found by sorting all of them. */
function sorted(row: Float32Array, count: number): [ids: number[], values: number[]] {
  const ids = Array.from(row.keys())
    .filter(id => row[id]! > Number.NEGATIVE_INFINITY)
    .sort((a, b) => row[b]! - row[a]! || a - b)
    .slice(0, count);
  return [ids, ids.map(id => row[id]!)];
}

test("the largest logits are those found by sorting, the lowest index first among equals", () => {
  const random = seeded(9);
  for (const size of [1, 7, 63, 64, 65, 1000, 4096, 4097, 13_000]) {
    const largest = new LargestLogits(size);
    for (let round = 0; round < 20; round++) {
      // Few different values, so that many are equal, and some that are minus infinity.
      const values = round % 2 === 0 ? 5 : 1e6;
      const row = Float32Array.from({ length: size }, () =>
        below(random, 10) === 0 ? Number.NEGATIVE_INFINITY : below(random, values) - 2,
      );
      if (round % 3 === 0) row[below(random, size)] = Number.NaN;
      for (const count of [1, 3, 8]) {
        const ids = new Int32Array(count);
        const found = new Float32Array(count);
        const there = largest.top(partsOf(row), count, ids, found);
        assert.deepEqual(
          [[...ids.subarray(0, there)], [...found.subarray(0, there)]],
          sorted(row, count),
          `${count} of ${size}`,
        );
      }
    }
  }
});

test("a row without numbers has no largest logits", () => {
  for (const value of [Number.NEGATIVE_INFINITY, Number.NaN]) {
    const row = new Float32Array(5000).fill(value);
    assert.equal(new LargestLogits(5000).top(partsOf(row), 8, new Int32Array(8), new Float32Array(8)), 0);
  }
});

test("the share of a logit is its softmax probability, at every size and spread", () => {
  const random = seeded(5);
  for (const size of [1, 2, 63, 64, 65, 4096, 4097, 13_000]) {
    const largest = new LargestLogits(size);
    for (const spread of [0, 1, 30, 1000]) {
      const row = Float32Array.from({ length: size }, () => (random() - 0.7) * spread);
      const most = Math.max(...row);
      const sum = row.reduce((all, logit) => all + Math.exp(logit - most), 0);
      for (const index of [0, size - 1, below(random, size), row.indexOf(most)]) {
        const expected = Math.exp((row[index] ?? 0) - most) / sum;
        const share = largest.share(partsOf(row), index);
        assert.ok(
          Math.abs(share - expected) <= 1e-4 * expected + 1e-30,
          `${share} for ${expected}, size ${size}`,
        );
      }
    }
  }
});

test("tokens with a logit of minus infinity or NaN have no share and take none from others", () => {
  const row = new Float32Array(5000).fill(Number.NEGATIVE_INFINITY);
  assert.equal(new LargestLogits(5000).share(partsOf(row), 3), 0);
  row[4500] = -3;
  row[10] = -3;
  row[20] = Number.NaN;
  const largest = new LargestLogits(5000);
  assert.ok(Math.abs(largest.share(partsOf(row), 4500) - 0.5) < 1e-6);
  assert.equal(largest.share(partsOf(row), 11), 0);
});
