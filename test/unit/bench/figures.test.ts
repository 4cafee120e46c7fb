import assert from "node:assert/strict";
import { test } from "node:test";
import { formatSpread, median, spread, table } from "../../bench/figures.ts";

test("medians and spreads are computed from the given values", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.deepEqual(spread([5, 1, 3]), { median: 3, min: 1, max: 5 });
  assert.equal(spread([]), undefined);
  assert.equal(formatSpread({ median: 1.234, min: 1, max: 2 }, 2), "1.23 (1.00 to 2.00)");
});

test("a table's columns are as wide as their widest cell", () => {
  const lines = table(
    ["name", "n"],
    [
      ["a", "1"],
      ["longer", "100"],
    ],
  ).split("\n");
  assert.deepEqual(lines, ["name      n", "------  ---", "a         1", "longer  100"]);
});
