import assert from "node:assert/strict";
import { test } from "node:test";
import { periodEnd } from "../../../../server/postprocess/repetition.ts";

test("words that are repeated end a text at their fifth time", () => {
  const words = "abcdefghij klmnopqr ";
  assert.equal(periodEnd(words.repeat(5)), 100);
  assert.equal(periodEnd(words.repeat(9)), 100);
  assert.equal(periodEnd(words.repeat(4)), -1);
});

test("a hexadecimal number of equal digits ends no text, unless it is longer than any constant", () => {
  assert.equal(periodEnd(`x & 0x7${"f".repeat(63)};\n`), -1);
  assert.equal(periodEnd(`"${"deadBEEF".repeat(16)}"`), -1);
  assert.equal(periodEnd("f".repeat(200)), 129);
});
