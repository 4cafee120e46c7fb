import assert from "node:assert/strict";
import { test } from "node:test";
import { overlap } from "../../server/protocol/overlap.ts";

test("brackets the text closes without having opened them are superfluous behind it", () => {
  assert.equal(overlap("a, b)", ")"), 1);
  assert.equal(overlap("x])", "])"), 2);
  assert.equal(overlap("a):", "):"), 2);
  assert.equal(overlap("a):\n    return a", ")"), 1);
  assert.equal(overlap("a) + f(b)", ")"), 1);
});

test("each bracket the text closes without having opened it makes one superfluous", () => {
  assert.equal(overlap("a) + b)", "))"), 2);
  assert.equal(overlap("a) + b", "))"), 1);
  assert.equal(overlap("a) + b):", ")):"), 3);
  assert.equal(overlap("a)]", ") ]"), 3);
});

test("brackets the text opens itself leave those behind it in place", () => {
  assert.equal(overlap("len(items)", ")"), 0);
  assert.equal(overlap("a[0]", "]"), 0);
  assert.equal(overlap("g()", "):"), 0);
  assert.equal(overlap("f(')')", ")"), 0);
});

test("a quote is superfluous when the text ends the string", () => {
  assert.equal(overlap('abc"', '"'), 1);
  assert.equal(overlap('abc")', '")'), 2);
  assert.equal(overlap('abc" + "def', '"'), 0);
  assert.equal(overlap("abc", '"'), 0);
  assert.equal(overlap('a\\"b"', '"'), 1);
});

test("punctuation is superfluous when the text ends with it", () => {
  assert.equal(overlap("else:", ":"), 1);
  assert.equal(overlap("else", ":"), 0);
  assert.equal(overlap("", ")"), 0);
  assert.equal(overlap("a", ""), 0);
});
