import assert from "node:assert/strict";
import { test } from "node:test";
import { SEPARATOR } from "../../../../datastores/index/sort.ts";
import { draftChoices, rest } from "../../../bench/presets/rest.ts";
import { RestSearch, SuffixMemory, suffixArray } from "../../../bench/restSearch.ts";
import { drafted } from "./trees.ts";

function search(...documents: number[][]): RestSearch {
  const tokens = Uint32Array.from(documents.flatMap(document => [...document, SEPARATOR]).slice(0, -1));
  return new RestSearch(new SuffixMemory(tokens, suffixArray(tokens)));
}

test("the prefixes of the continuations become a tree, the more frequent first", () => {
  const drafter = rest(search([1, 2, 6], [1, 2, 3, 4], [9, 1, 2, 3, 5])).begin()(Int32Array.of(8, 1, 2));
  // Prefixes: "3" twice, "3 4", "3 5" and "6" once. A document's end ends its continuation.
  assert.equal(drafted(drafter, 2), "3(4 5) 6");
  assert.equal(drafted(drafter, 2, 3), "3(4)");
  drafter.push(3);
  assert.equal(drafted(drafter, 3), "4 5", "'1 2 3' occurs twice");
  drafter.push(7);
  assert.equal(drafted(drafter, 7), "", "'3 7' does not occur");
});

test("the longest span that occurs is used, and continuations have ten tokens", () => {
  const long = Array.from({ length: 14 }, (_, i) => 20 + i);
  const drafter = rest(search([2, 40], [2, 41], [1, 2, ...long])).begin()(Int32Array.of(1, 2));
  assert.equal(drafted(drafter, 2), "20(21(22(23(24(25(26(27(28(29)))))))))");
});

test("prefixes are dropped, the longest and rarest first, until few enough tokens are left", () => {
  const found = search([1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 6]);
  found.find(Int32Array.of(1, 2), 2);
  // "3" 1, "3 4" 2, "3 5" 2 and "6" 1 are six tokens; without "3 5" four.
  assert.deepEqual(
    draftChoices(found, 4).map(({ token }) => token),
    [3, 4, 6],
  );
});

test("two long branches make a tree of fewer than 64 nodes, since each prefix counts as a whole", () => {
  const branch = (first: number) => Array.from({ length: 10 }, (_, i) => first + i);
  const found = search([1, 2, ...branch(20)], [1, 2, ...branch(40)]);
  found.find(Int32Array.of(1, 2), 2);
  // Depths 1 to 10 twice are 110 different tokens. Without both of 10, 9 and 8 there are 56; one of 8 makes it 64.
  const depths = draftChoices(found).map(({ depth }) => depth);
  assert.equal(
    depths.reduce((sum, depth) => sum + depth, 0),
    64,
  );
  assert.equal(depths.length, 15);
});

test("only the first 5,000 occurrences in the order of the suffixes are counted", () => {
  const documents = Array.from({ length: 8000 }, (_, i) => (i % 8 < 5 ? [1, 2, 3] : [1, 2, 9]));
  const drafter = rest(search(...documents)).begin()(Int32Array.of(1, 2));
  assert.equal(drafted(drafter, 2), "3");
});
