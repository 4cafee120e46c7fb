import assert from "node:assert/strict";
import { test } from "node:test";
import { pld } from "../../../bench/presets/pld.ts";
import { drafted } from "./trees.ts";

const after = (...history: number[]) => pld.begin()(Int32Array.from(history));

test("the draft is a chain of the ten tokens that followed the first occurrence of the last tokens", () => {
  const drafter = after(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 2, 3, 20, 21, 22, 2, 3);
  // "22 2 3" is new, "2 3" stands at two places.
  assert.equal(drafted(drafter, 3), "4(5(6(7(8(9(10(11(12(13)))))))))");
  assert.equal(drafted(drafter, 3, 4), "4(5(6))", "as far as there is room");
  assert.equal(drafted(drafter, 3, 1), "");
});

test("three tokens are searched for before two, and two before one", () => {
  const ten = [50, 51, 52, 53, 54, 55, 56, 57, 58, 59];
  assert.match(drafted(after(3, 30, ...ten, 2, 3, 31, ...ten, 1, 2, 3, 32, ...ten, 1, 2, 3), 3), /^32\(/);
  assert.match(drafted(after(3, 30, ...ten, 2, 3, 31, ...ten, 2, 3), 3), /^31\(/);
  assert.match(drafted(after(3, 30, ...ten, 3), 3), /^30\(/);
});

test("an occurrence followed by fewer than ten tokens does not count, and decided tokens do", () => {
  const drafter = after(1, 2, 3, 4, 5, 6, 7, 8, 9, 1);
  assert.equal(drafted(drafter, 1), "", "nine follow");
  drafter.push(99);
  drafter.push(1);
  assert.match(drafted(drafter, 1), /^2\(3\(4/);
});
