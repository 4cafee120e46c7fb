import assert from "node:assert/strict";
import { test } from "node:test";
import { TransferRate } from "../../../../server/catalogue/transferRate.ts";

test("the rate is that of the last seconds, and the time left follows from it", () => {
  const rate = new TransferRate();
  assert.deepEqual(rate.at(0, 10_000, 0), { bytesPerSecond: 0 });
  assert.deepEqual(rate.at(100, 10_000, 400), { bytesPerSecond: 0 }, "too soon to tell");
  assert.deepEqual(rate.at(1_000, 10_000, 1_000), { bytesPerSecond: 1_000, leftMs: 9_000 });
  for (let second = 2; second <= 10; second++) rate.at(1_000, 10_000, 1_000 * second);
  assert.deepEqual(rate.at(1_000, 10_000, 11_000), { bytesPerSecond: 0 }, "nothing arrives any more");
  assert.deepEqual(rate.at(4_000, 10_000, 12_000), { bytesPerSecond: 500, leftMs: 12_000 });
});
