import assert from "node:assert/strict";
import { test } from "node:test";
import { LogitsRow } from "../../server/engine/argmax.ts";
import { below, seeded } from "../fakes/random.ts";

test("the largest logit is found at every size and place", () => {
  const random = seeded(4);
  for (const size of [1, 2, 15, 16, 17, 63, 64, 65, 8192, 50_000]) {
    const row = new LogitsRow(size);
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < size; i++) row.values[i] = -1 - random();
      const best = below(random, size);
      row.values[best] = random() - 0.5;
      assert.equal(row.argmax(), best, `size ${size}`);
    }
  }
});

test("the lowest index wins among equals", () => {
  const row = new LogitsRow(100);
  row.values.fill(0.5);
  assert.equal(row.argmax(), 0);
  row.values.fill(-2);
  row.values[97] = 3;
  row.values[41] = 3;
  assert.equal(row.argmax(), 41);
});

test("infinities are numbers, NaN is passed over", () => {
  const row = new LogitsRow(40);
  row.values.fill(Number.NEGATIVE_INFINITY);
  assert.equal(row.argmax(), 0);
  row.values[30] = -1e30;
  row.values[3] = Number.NaN;
  assert.equal(row.argmax(), 30);
  row.values[7] = Number.POSITIVE_INFINITY;
  assert.equal(row.argmax(), 7);
});
