import assert from "node:assert/strict";
import { test } from "node:test";
import { PREDICTED } from "../../../bench/presets/promptPredictions.ts";
import { recycling } from "../../../bench/presets/recycling.ts";
import { drafted, drawn, verified } from "./trees.ts";

const NO_TEXT = new Int32Array(0);
const cost = (nodes: number) => nodes;

test("a token's children are the tokens that the model last found most likely after it", () => {
  const drafter = recycling(100).begin()(NO_TEXT);
  const tree = drafter.draft(1, 128, cost);
  assert.equal(tree.count, 1, "nothing is known");
  drafter.observe?.(verified(tree, { 1: [2, 3, 4] }));
  const second = drafter.draft(1, 128, cost);
  assert.equal(drawn(second), "2 3 4");
  // The rows of rejected tokens are learned as well.
  drafter.observe?.(verified(second, { 1: [2, 3], 2: [5, 6], 3: [7], 4: [8] }));
  assert.equal(drafted(drafter, 1), "2(5 6) 3(7)");
  assert.equal(drafted(drafter, 1, 4), "2(5) 3", "filled breadth first as far as there is room");
  assert.equal(drafted(drafter, 4), "8");
});

test("the full tree is the published one, with 8, 21, 25, 15, 8 and 3 nodes per level", () => {
  const drafter = recycling(20).begin()(NO_TEXT);
  const every = Object.fromEntries(
    Array.from({ length: 20 }, (_, token) => [
      token,
      Array.from({ length: 8 }, (_, rank) => (token + rank + 1) % 20),
    ]),
  );
  for (let step = 0; step < 4; step++) drafter.observe?.(verified(drafter.draft(step, 128, cost), every));
  for (let token = 0; token < 20; token++) drafter.observe?.(verified(drafter.draft(token, 1, cost), every));
  const tree = drafter.draft(0, 128, cost);
  const depths = [0];
  for (let node = 1; node < tree.count; node++) depths.push(depths[tree.parents[node]!]! + 1);
  const levels = [1, 2, 3, 4, 5, 6].map(level => depths.filter(depth => depth === level).length);
  assert.deepEqual(levels, [8, 21, 25, 15, 8, 3]);
  // Ranks 0 0 0 1 0 0 from the root's token 0: each rank r goes r + 1 further.
  assert.equal(tree.tokens[tree.count - 1], 7);
});

test("the table is kept from prompt to prompt and starts empty with each run", () => {
  const preset = recycling(100);
  const make = preset.begin();
  const first = make(NO_TEXT);
  first.observe?.(verified(first.draft(1, 128, cost), { 1: [2] }));
  assert.equal(drafted(make(NO_TEXT), 1), "2");
  assert.equal(drafted(preset.begin()(NO_TEXT), 1), "");
});

test("the model's predictions within the prompt fill the table, and the last place of a token counts", () => {
  const ids = new Int32Array(3 * PREDICTED).fill(-1);
  ids.set([2, 3], 0);
  ids.set([4], PREDICTED);
  ids.set([5, 6, 7, 8, 9, 10, 11, 12, 13, 14], 2 * PREDICTED);
  const predictions = { tokens: Int32Array.of(1, 1, 7), ids, logits: new Float32Array(3 * PREDICTED) };
  const drafter = recycling(100).begin()(NO_TEXT, { predictions });
  assert.equal(drafted(drafter, 1), "4");
  assert.match(drafted(drafter, 7), /^5 6 7\(.*\) 8 9 10 11 12$/, "eight of ten");
});
