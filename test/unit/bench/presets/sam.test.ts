import assert from "node:assert/strict";
import { test } from "node:test";
import { corpusAutomaton, sam, samWithRecycling } from "../../../bench/presets/sam.ts";
import { drafted, verified } from "./trees.ts";

const SEPARATOR = 1000;
const END = 0;

function corpus(...documents: number[][]) {
  const stream = documents.flatMap(document => [...document, SEPARATOR]).slice(0, -1);
  return corpusAutomaton(Uint32Array.from(stream), SEPARATOR, END);
}

test("the text's own match drafts what followed its first occurrence, four tokens for each matched one", () => {
  const drafter = sam(corpus([90, 91])).begin()(Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 99, 1));
  // "1" is matched alone, and first at the beginning: five nodes, root included.
  assert.equal(drafted(drafter, 1), "2(3(4(5)))");
  drafter.push(2);
  assert.equal(drafted(drafter, 2), "3(4(5(6(7(8(9(1)))))))", "'1 2' makes nine");
  assert.equal(drafted(drafter, 2, 3), "3(4)");
  drafter.push(77);
  assert.equal(drafted(drafter, 77), "", "nothing is matched, nothing is drafted");
});

test("a longer match in the corpus drafts its tree, best first by the product of count ratios", () => {
  const drafter = sam(corpus([7, 8, 9], [7, 8, 9], [7, 8, 6])).begin()(Int32Array.of(8, 5, 7, 8));
  // The stream is 7 8 9 0 7 8 9 0 7 8 6 0. After "7 8" comes 9 twice and 6 once; after "9 0 7 8" either once.
  assert.equal(drafted(drafter, 8, 5), "9(0(7(8)))", "2/3 each, before the 1/3 of 6");
  assert.equal(drafted(drafter, 8, 6), "9(0(7(8))) 6");
});

test("a level of the corpus's tree has at most eight nodes, and the text's own match wins ties", () => {
  // Each successor continues in two ways, so that all nodes of a level are likelier than their children.
  const documents = Array.from({ length: 40 }, (_, i) => [7, 8, 20 + (i >> 1), 50 + (i & 1)]);
  const drafter = sam(corpus(...documents)).begin()(Int32Array.of(3, 7, 8));
  const tree = drafter.draft(8, 128, nodes => nodes);
  const level = Array.from({ length: tree.count }, (_, node) => tree.parents[node]).filter(at => at === 0);
  assert.equal(level.length, 8);
  const tied = sam(corpus([7, 8, 9])).begin()(Int32Array.of(7, 8, 5, 7, 8));
  assert.match(drafted(tied, 8), /^5/);
});

test("with Token Recycling, a match of five drafts a chain of forty, root included, and a shorter one the table", () => {
  const long = Array.from({ length: 60 }, (_, i) => 100 + i);
  const history = [1, 2, 3, 4, 5, ...long, 1, 2, 3, 4];
  const drafter = samWithRecycling(corpus([90, 91]), 500).begin()(Int32Array.from(history));
  assert.equal(drafted(drafter, 4), "", "four are matched, and the table is empty");
  drafter.observe?.(
    verified(
      drafter.draft(4, 128, nodes => nodes),
      { 4: [5, 6] },
    ),
  );
  assert.equal(drafted(drafter, 4), "5 6");
  drafter.push(5);
  const chain = drafter.draft(5, 128, nodes => nodes);
  assert.deepEqual([...chain.tokens.subarray(0, chain.count)], [5, ...long.slice(0, 39)]);
});

test("the length of the corpus's match counts five less, and its chain continues as the corpus does", () => {
  const phrase = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const make = (history: number[]) =>
    samWithRecycling(corpus([...phrase, 10, 11, 12]), 500).begin()(Int32Array.from(history));
  const drafter = make(phrase);
  assert.equal(drafted(drafter, 9), "", "nine less five");
  drafter.push(10);
  assert.equal(drafted(drafter, 10), "11(12(0))");
});

test("the text's own chain comes from a shorter suffix where too few tokens follow the longest", () => {
  const long = Array.from({ length: 45 }, (_, i) => 100 + i);
  const six = [1, 2, 3, 4, 5, 6];
  // "5 6" occurs first before `long`, the six together only near the end.
  const drafter = samWithRecycling(corpus([90]), 500).begin()(
    Int32Array.from([5, 6, ...long, ...six, 7, ...six]),
  );
  const chain = drafter.draft(6, 128, nodes => nodes);
  assert.deepEqual([...chain.tokens.subarray(0, 4)], [6, 100, 101, 102]);
});
