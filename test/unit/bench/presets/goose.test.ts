import assert from "node:assert/strict";
import { test } from "node:test";
import { copied, goose, harmonicShares, spineAfter } from "../../../bench/presets/goose.ts";
import { PREDICTED } from "../../../bench/presets/promptPredictions.ts";
import { TokenList } from "../../../bench/presets/tokenList.ts";
import { drafted, verified } from "./trees.ts";

const cost = (nodes: number) => nodes;
const text = (...tokens: number[]) => new TokenList(Int32Array.from(tokens));

/** What a prompt predicts: after each token the given ones, each e times as likely as the next. */
function predictions(after: readonly (readonly [token: number, likely: readonly number[]])[]) {
  const ids = new Int32Array(PREDICTED * after.length).fill(-1);
  const logits = new Float32Array(PREDICTED * after.length);
  for (const [i, [, likely]] of after.entries()) {
    ids.set(likely, PREDICTED * i);
    logits.set(
      likely.map((_, rank) => -rank),
      PREDICTED * i,
    );
  }
  return { tokens: Int32Array.from(after, ([token]) => token), ids, logits };
}

test("the spine is what followed the first occurrence of the last 5, 4 or 3 tokens, trusted by its length", () => {
  const { tokens, trust } = copied(text(1, 2, 3, 10, 11, 1, 2, 3), []);
  assert.deepEqual(tokens, [10, 11, 1, 2, 3]);
  assert.equal(trust, (0.6 * 5) / 8);
  assert.deepEqual(copied(text(2, 3, 10, 11, 2, 3), []), { tokens: [], trust: 0 }, "two are too few");
  const long = Array.from({ length: 30 }, (_, i) => 100 + i);
  const copy = copied(text(1, 2, 3, ...long, 1, 2, 3), []);
  assert.deepEqual(copy.tokens, long.slice(0, 20));
  assert.equal(copy.trust, 0.9);
});

test("a spine is trusted fully where all occurrences continue alike, and less where one does not", () => {
  assert.equal(
    copied(text(1, 2, 3, 8, 1, 2, 3, 8, 1, 2, 3), []).trust,
    (0.6 * 4) / 8,
    "five tokens occur once",
  );
  assert.equal(copied(text(9, 1, 2, 3, 8, 7, 1, 2, 3, 8, 6, 1, 2, 3), []).trust, 1);
  assert.ok(copied(text(9, 1, 2, 3, 8, 7, 1, 2, 3, 5, 6, 1, 2, 3), []).trust < 1);
});

test("a trusted spine is extended by what followed its own last tokens", () => {
  const long = Array.from({ length: 60 }, (_, i) => 100 + i);
  const { tokens, trust } = spineAfter(text(1, 2, 3, ...long, 1, 2, 3));
  assert.equal(trust, 0.9);
  // Twenty at a time to the text's end, whose last tokens are "1 2 3" again; then from the beginning, up to 90 or more.
  assert.equal(tokens.length, 103);
  assert.deepEqual(tokens.slice(0, 63), [...long, 1, 2, 3]);
  assert.deepEqual(spineAfter(text(1, 2, 3, 10, 11, 12, 13, 1, 2, 3)).tokens.length, 7, "not above 0.6");
});

test("children are distributed along the spine by 1/i, at least one per node while there are enough", () => {
  assert.deepEqual(harmonicShares(12, 3), [6, 3, 2]);
  assert.deepEqual(harmonicShares(3, 5), [1, 1, 1, 0, 0]);
});

test("the spine is verified alone, without branches, where nothing is known after the root", () => {
  const drafter = goose.begin()(Int32Array.of(1, 2, 3, 10, 11, 12, 1, 2, 3));
  assert.equal(drafted(drafter, 3), "10(11(12(1(2(3)))))");
  assert.equal(drafted(drafter, 3, 3), "10(11)");
});

test("branches grow from the root and from the nodes of the spine, and none repeats the spine", () => {
  const known = predictions([
    [3, [10, 50, 51]],
    [10, [11, 60]],
    [60, [70]],
  ]);
  const drafter = goose.begin()(Int32Array.of(1, 2, 3, 10, 11, 12, 1, 2, 3), { predictions: known });
  // Of 35 branches at the spine its sixth node has 35 / 6 / 2.45 = 2. After "60" stands what was predicted after "10 60".
  assert.equal(drafted(drafter, 3), "10(11(12(1(2(3(10 50))))) 60(70)) 50 51");
});

test("a branch with a probability below one percent is not drafted, and branches end at depth six", () => {
  const known = predictions([[5, [5, 6, 7, 8, 9, 10]]]);
  const drafter = goose.begin()(Int32Array.of(4, 5), { predictions: known });
  const tree = drafter.draft(5, 128, cost);
  const depths = [0];
  for (let node = 1; node < tree.count; node++) depths.push(depths[tree.parents[node]!]! + 1);
  assert.equal(Math.max(...depths), 6);
  // Shares are 0.63, 0.23, 0.09, 0.03, 0.012 and 0.004.
  assert.deepEqual([...tree.tokens.subarray(1, 6)], [5, 6, 7, 8, 9]);
  assert.notEqual(tree.tokens[6], 10);
});

test("tokens that followed the last two tokens are preferred to those that followed the last one alone", () => {
  const drafter = goose.begin()(Int32Array.of(1, 2));
  const tree = drafter.draft(2, 128, cost);
  drafter.observe?.(verified(tree, { 2: [30] }));
  drafter.push(30);
  assert.equal(drafted(drafter, 30), "", "nothing is known after 30");
  drafter.push(9);
  drafter.push(2);
  const other = drafter.draft(2, 128, cost);
  assert.equal(drafted(drafter, 2), "30");
  drafter.observe?.(verified(other, { 2: [40] }));
  assert.equal(drafted(drafter, 2), "40");
  // From a tree with branches only the last token is learned; "1 2" was learned by the first, which had none.
  drafter.push(1);
  drafter.push(2);
  assert.equal(drafted(drafter, 2), "30");
});

test("spines that are rejected leave room for the branches", () => {
  const long = Array.from({ length: 30 }, (_, i) => 100 + i);
  const known = predictions([[3, [50, 51]]]);
  const drafter = goose.begin()(Int32Array.from([7, 1, 2, 3, ...long.slice(0, 7), 8, 1, 2, 3]), {
    predictions: known,
  });
  const spines: number[] = [];
  for (let step = 0; step < 5; step++) {
    const tree = drafter.draft(3, 128, cost);
    let length = 0;
    while (tree.parents[length + 1] === length) length++;
    spines.push(length);
    drafter.observe?.(verified(tree, { 3: [50, 51] }));
  }
  // Eleven tokens, trusted by 0.75 and grown on to 77: of 90 nodes 87.5, 82.5, 82.5, 78.75 and 78.75 percent.
  assert.deepEqual(spines, [77, 74, 74, 70, 70]);
});

test("what is known belongs to one prompt only", () => {
  const make = goose.begin();
  make(Int32Array.of(1), { predictions: predictions([[5, [6]]]) });
  assert.equal(drafted(make(Int32Array.of(5)), 5), "");
});
