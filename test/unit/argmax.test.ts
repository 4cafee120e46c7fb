import assert from "node:assert/strict";
import { test } from "node:test";
import { LargestLogit } from "../../server/engine/argmax.ts";
import { below, seeded } from "../fakes/random.ts";

function argmax(row: Float32Array): number {
  return new LargestLogit(row.length).argmax((part, start) =>
    part.set(row.subarray(start, start + part.length)),
  );
}

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

test("infinities are numbers, NaN is passed over", () => {
  const row = new Float32Array(40).fill(Number.NEGATIVE_INFINITY);
  assert.equal(argmax(row), 0);
  row[30] = -1e30;
  row[3] = Number.NaN;
  assert.equal(argmax(row), 30);
  row[7] = Number.POSITIVE_INFINITY;
  assert.equal(argmax(row), 7);
  assert.equal(argmax(new Float32Array(9_000).fill(Number.NaN)), 0);
});
