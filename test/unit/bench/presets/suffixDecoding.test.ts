import assert from "node:assert/strict";
import { test } from "node:test";
import { suffixDecoding } from "../../../bench/presets/suffixDecoding.ts";
import { drafted } from "./trees.ts";

test("the draft is as long as the match, also where the continuation was seen only once", () => {
  const make = suffixDecoding.begin();
  // "1 2 3" is matched: three tokens. The text's own end counts as an occurrence that nothing follows.
  const drafter = make(Int32Array.of(1, 2, 3, 4, 5, 6, 7, 90, 1, 2, 3));
  assert.equal(drafted(drafter, 3), "4(5(6))");
  assert.equal(drafted(drafter, 3, 3), "4(5)");
  drafter.push(4);
  assert.equal(drafted(drafter, 4), "5(6(7(90)))");
});

test("the more frequent continuation comes first, and one with a probability below a tenth is left out", () => {
  const text: number[] = [];
  for (let i = 0; i < 10; i++) text.push(50, 7, 8, 30, 20 + i);
  text.push(7, 8, 31, 7, 8);
  const drafter = suffixDecoding.begin()(Int32Array.from(text));
  // "7 8" came eleven times and is the end: ten times 30 follows, once 31, which is a twelfth.
  // After "7 8 30" each of the ten is a tenth of 10/12.
  assert.equal(drafted(drafter, 8), "30");
});

test("outputs of earlier requests are drafted from where their score is higher, and their prompts are not", () => {
  const make = suffixDecoding.begin();
  const first = make(Int32Array.of(60, 61, 62, 63));
  for (const token of [1, 2, 3, 4, 5, 6]) first.push(token);
  const second = make(Int32Array.of(1, 2, 3, 4));
  assert.equal(drafted(second, 4), "5(6)");
  const third = make(Int32Array.of(60, 61));
  assert.equal(drafted(third, 61), "", "only the first prompt goes on from here");
  assert.equal(
    drafted(suffixDecoding.begin()(Int32Array.of(1, 2, 3, 4)), 4),
    "",
    "another run knows nothing",
  );
});

test("the request's own tree is used where the scores of both trees are equal", () => {
  const make = suffixDecoding.begin();
  const first = make(Int32Array.of(40));
  // In the output, too, the match stands twice, the second time with nothing after it.
  for (const token of [1, 9, 1]) first.push(token);
  const second = make(Int32Array.of(1, 8, 1));
  assert.equal(drafted(second, 1), "8");
});
