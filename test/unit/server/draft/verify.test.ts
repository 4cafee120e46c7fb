import assert from "node:assert/strict";
import { test } from "node:test";
import { DraftTree } from "../../../../server/draft/tree.ts";
import { verify } from "../../../../server/draft/verify.ts";

function planted(): DraftTree {
  const tree = new DraftTree(8);
  tree.plant(1);
  const left = tree.grow(0, 10);
  tree.grow(0, 20);
  tree.grow(left, 11);
  return tree;
}

test("the path follows the model's choices as far as the drafts agree", () => {
  const choices = new Map([
    [0, 10],
    [1, 11],
    [3, 99],
  ]);
  assert.deepEqual(
    verify(planted(), node => choices.get(node) as number),
    { path: [0, 1, 3], next: 99 },
  );
});

test("a sibling can be accepted instead of the first child", () => {
  assert.deepEqual(
    verify(planted(), node => (node === 0 ? 20 : 5)),
    { path: [0, 2], next: 5 },
  );
});

test("a choice that was not drafted ends the path at once", () => {
  assert.deepEqual(
    verify(planted(), () => 77),
    { path: [0], next: 77 },
  );
});

test("the model is asked only at nodes on the path", () => {
  const asked: number[] = [];
  verify(planted(), node => {
    asked.push(node);
    return 20;
  });
  assert.deepEqual(asked, [0, 2]);
});

test("a full tree grows no further, and an existing child is found again", () => {
  const tree = new DraftTree(2);
  tree.plant(1);
  assert.equal(tree.grow(0, 5), 1);
  assert.equal(tree.grow(0, 5), 1);
  assert.equal(tree.grow(0, 6), -1);
});
