import assert from "node:assert/strict";
import { test } from "node:test";
import { DraftTree } from "../../../../server/draft/tree.ts";

test("a shortened tree has lost the dropped nodes, and can grow them again", () => {
  const tree = new DraftTree(8);
  tree.plant(1);
  tree.grow(0, 5);
  tree.grow(0, 6);
  tree.truncate(2);
  assert.equal(tree.child(0, 6), -1);
  assert.equal(tree.child(0, 5), 1);
  assert.equal(tree.grow(0, 6), 2);
});
