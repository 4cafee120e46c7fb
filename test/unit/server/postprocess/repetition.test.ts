import assert from "node:assert/strict";
import { test } from "node:test";
import { periodEnd } from "../../../../server/postprocess/repetition.ts";

test("words that are repeated end a text at their fifth time", () => {
  const words = "abcdefghij klmnopqr ";
  assert.equal(periodEnd(words.repeat(5)), 100);
  assert.equal(periodEnd(words.repeat(9)), 100);
  assert.equal(periodEnd(words.repeat(4)), -1);
});
