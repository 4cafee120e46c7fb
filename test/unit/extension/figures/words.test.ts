import assert from "node:assert/strict";
import { test } from "node:test";
import { age, amount, counted, duration, percent, visible } from "../../../../extension/figures/words.ts";

test("figures are rounded to a readable precision", () => {
  assert.deepEqual([0, 0.123, 4.26, 83.6, 1234].map(duration), [
    "0 ms",
    "0.12 ms",
    "4.3 ms",
    "84 ms",
    "1.2 s",
  ]);
  assert.deepEqual([999, 12_345, 999_499, 999_500, 3_400_000].map(amount), [
    "999",
    "12 thousand",
    "999 thousand",
    "1.0 million",
    "3.4 million",
  ]);
  assert.deepEqual([percent(5, 8), percent(0, 0)], ["63%", "none"]);
});

test("what is counted is in the plural, except for one", () => {
  assert.deepEqual(
    [0, 1, 2].map(count => counted(count, "node")),
    ["0 nodes", "1 node", "2 nodes"],
  );
});

test("an age is counted in days", () => {
  const now = Date.parse("2026-11-26T12:00:00Z");
  const ages = ["2026-11-26T01:00:00Z", "2026-11-25T01:00:00Z", "2026-11-01T00:00:00Z", "", "x"];
  assert.deepEqual(
    ages.map(created => age(created, now)),
    ["today", "a day ago", "25 days ago", "", ""],
  );
});

test("a token's blanks are made visible, and a token without text has a name", () => {
  assert.deepEqual(["  if\t", "\r\n", ""].map(visible), ["··if⇥", "⏎", "(end)"]);
});
