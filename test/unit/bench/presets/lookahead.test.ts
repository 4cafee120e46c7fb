import assert from "node:assert/strict";
import { test } from "node:test";
import { verify } from "../../../../server/draft/verify.ts";
import { GramPool, lookahead } from "../../../bench/presets/lookahead.ts";
import { drawn, verified } from "./trees.ts";

const cost = (nodes: number) => nodes;
/** A model that counts up: after each token the next number. */
const counting = Object.fromEntries(Array.from({ length: 400 }, (_, token) => [token, [token + 1]]));

test("the window fills row by row with one column less each step, and then has W columns of N - 1 rows", () => {
  const drafter = lookahead.begin()(Int32Array.of(300));
  // All guesses are 300: the oldest row is a chain, and what follows 300 is 301 in every column.
  const sizes: number[] = [];
  for (let step = 0; step < 6; step++) {
    const tree = drafter.draft(step, 128, cost);
    sizes.push(tree.count - 1);
    drafter.observe?.(verified(tree, counting));
  }
  // 9; 8 and 9; 7, 8 and 8; then 6, 7, 7 and 7.
  assert.deepEqual(sizes.slice(0, 4), [9, 17, 23, 27]);
});

test("a column's later guesses follow the oldest row up to that column, and the first column's follow the root", () => {
  const drafter = lookahead.begin()(Int32Array.of(300));
  drafter.observe?.(verified(drafter.draft(10, 128, cost), counting));
  const tree = drafter.draft(11, 128, cost);
  // Eight of the oldest row in a chain; a 301 under the root and under each of the eight.
  assert.equal(drawn(tree), `${"300(".repeat(7)}300(301) ${Array(7).fill("301").join(") ")}) 301`);
});

test("n-grams of the trajectory are verified under the token they follow", () => {
  const drafter = lookahead.begin()(Int32Array.of(300));
  const choose = (tokens: Int32Array) => (node: number) => tokens[node]! + 1;
  let root = 295;
  const lengths: number[] = [];
  for (let step = 0; step < 8; step++) {
    const tree = drafter.draft(root, 128, cost);
    const { path, next } = verify(tree, choose(tree.tokens));
    lengths.push(path.length);
    drafter.observe?.({ ...verified(tree, counting), path, next });
    root = next;
  }
  // The rows are there with the fourth step, which pools what follows 300; at 300 the decoding is with the sixth.
  assert.deepEqual(lengths.slice(0, 6), [1, 1, 1, 1, 1, 5]);
});

test("a guess of the window is not accepted, even if it is right", () => {
  const drafter = lookahead.begin()(Int32Array.of(5));
  const tree = drafter.draft(5, 128, cost);
  assert.equal(tree.tokens[1], 5);
  assert.deepEqual(
    verify(tree, () => 5),
    { path: [0], next: 5 },
  );
});

test("the pool keeps the newest seven n-grams of a token, each once", () => {
  const pool = new GramPool(7);
  for (let i = 0; i < 9; i++) pool.put(1, [i, 0, 0, 0]);
  pool.put(1, [3, 0, 0, 0]);
  assert.deepEqual(
    pool.after(1).map(([first]) => first),
    [2, 4, 5, 6, 7, 8, 3],
  );
  assert.deepEqual(pool.after(2), []);
});

test("as many of a token's newest n-grams as are given can be replaced", () => {
  const pool = new GramPool(3);
  for (let i = 0; i < 3; i++) pool.put(1, [i]);
  pool.replaceNewest(1, [[8], [9]]);
  assert.deepEqual(pool.after(1), [[0], [8], [9]]);
  pool.replaceNewest(2, [[7]]);
  assert.deepEqual(pool.after(2), [[7]]);
});

test("only n-grams are drafted without room for the window, and nothing is drafted without a prompt", () => {
  const drafter = lookahead.begin()(Int32Array.of(300));
  assert.equal(drafter.draft(1, 9, cost).count, 1);
  assert.equal(drafter.draft(1, 10, cost).count, 10);
  assert.equal(lookahead.begin()(new Int32Array(0)).draft(1, 128, cost).count, 1);
});
