import assert from "node:assert/strict";
import { test } from "node:test";
import { TreePlan } from "../../../../server/engine/treePlan.ts";
import { below, seeded } from "../../../fakes/random.ts";

const treeOf = (parents: number[]) => ({
  count: parents.length,
  tokens: Int32Array.from(parents, (_, node) => node),
  parents: Int32Array.from(parents),
});

function planned(parents: number[]): TreePlan {
  const plan = new TreePlan(64);
  plan.set(treeOf(parents));
  return plan;
}

test("the principal chain directly follows the root", () => {
  //      0 -> 1 -> 3,  0 -> 2 -> 4,  1 -> 5
  const plan = planned([-1, 0, 0, 1, 2, 1]);
  assert.deepEqual([...plan.nodeAt.subarray(0, 6)], [0, 1, 3, 5, 2, 4]);
  assert.deepEqual([...plan.depth.subarray(0, 6)], [0, 1, 1, 2, 2, 2]);
  assert.equal(plan.leaves, 3);
});

test("a node belongs to the sequences of exactly those leaves that are below it", () => {
  const random = seeded(11);
  for (let round = 0; round < 200; round++) {
    const parents = [-1];
    const count = 1 + below(random, 60);
    for (let node = 1; node < count; node++) parents.push(below(random, node));
    const plan = planned(parents);
    const sequences = parents.map(() => new Set<number>());
    for (let leaf = 0; leaf < count; leaf++) {
      if (parents.includes(leaf)) continue;
      assert.equal(plan.leafCount[leaf], 1);
      for (let node = leaf; node >= 0; node = parents[node] as number)
        sequences[node]?.add(plan.firstLeaf[leaf] as number);
    }
    sequences.forEach((expected, node) => {
      const range = Array.from(
        { length: plan.leafCount[node] as number },
        (_, i) => (plan.firstLeaf[node] as number) + i,
      );
      assert.deepEqual(
        range,
        [...expected].sort((a, b) => a - b),
      );
    });
    assert.deepEqual(
      [...plan.nodeAt.subarray(0, count)].sort((a, b) => a - b),
      parents.map((_, node) => node),
    );
    for (let node = 1; node < count; node++)
      assert.ok(
        (plan.rowOf[node] as number) > (plan.rowOf[parents[node] as number] as number),
        "parents first",
      );
  }
});

test("a tree that is empty, too large or out of order is refused", () => {
  assert.throws(() => planned([]), RangeError);
  assert.throws(() => planned(Array.from({ length: 65 }, (_, node) => node - 1)), RangeError);
  assert.throws(() => planned([-1, 2, 0]), RangeError);
  assert.throws(() => planned([-1, 1]), RangeError);
  assert.throws(() => planned([0]), RangeError);
});
