import assert from "node:assert/strict";
import { test } from "node:test";
import { ascending, groups, quantileOf, ticks } from "../../../../extension/figures/quantiles.ts";

test("a quantile is one of the values", () => {
  const sorted = ascending([30, 10, 20, 100, 40]);
  assert.deepEqual(
    [0, 0.5, 0.9, 1].map(share => quantileOf(sorted, share)),
    [10, 30, 100, 100],
  );
  assert.ok(Number.isNaN(quantileOf([], 0.5)));
});

test("groups are consecutive, of nearly equal size and never empty", () => {
  assert.deepEqual(groups([1, 2, 3, 4, 5], 2), [
    [1, 2, 3],
    [4, 5],
  ]);
  assert.deepEqual(groups([1, 2], 40), [[1], [2]]);
  assert.deepEqual(groups([], 40), []);
  for (const count of [1, 39, 40, 41, 999]) {
    const values = Array.from({ length: count }, (_, i) => i);
    const made = groups(values, 40);
    assert.deepEqual(made.flat(), values);
    const sizes = made.map(({ length }) => length);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1 && Math.min(...sizes) > 0);
  }
});

test("ticks are round numbers from 0 to at least the largest value", () => {
  assert.deepEqual(ticks(357), [0, 100, 200, 300, 400]);
  assert.deepEqual(ticks(0.9), [0, 0.5, 1]);
  assert.deepEqual(ticks(1.2), [0, 0.5, 1, 1.5]);
  assert.deepEqual(ticks(7), [0, 2, 4, 6, 8]);
  assert.deepEqual(ticks(0.3), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(ticks(400), [0, 100, 200, 300, 400]);
  assert.deepEqual(ticks(0), [0, 1]);
  assert.deepEqual(ticks(Number.NaN), [0, 1]);
});
