import assert from "node:assert/strict";
import { test } from "node:test";
import { DraftTree } from "../../../../server/draft/tree.ts";
import { below, seeded } from "../../../fakes/random.ts";

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

test("whatever is done to a tree, each node has the children that were grown, once each, while there is room", () => {
  const random = seeded(12);
  const tree = new DraftTree(12);
  let expected = [{ token: 0, parent: -1 }];
  const childOf = (parent: number, token: number) =>
    expected.findIndex(node => node.parent === parent && node.token === token);
  tree.plant(0);
  for (let step = 0; step < 3000; step++) {
    const choice = below(random, 24);
    if (choice === 0) {
      tree.plant(step);
      expected = [{ token: step, parent: -1 }];
    } else if (choice < 3) {
      const count = 1 + below(random, expected.length);
      tree.truncate(count);
      expected = expected.slice(0, count);
    } else {
      const [parent, token] = [below(random, expected.length), below(random, 4)];
      const known = childOf(parent, token);
      assert.equal(tree.child(parent, token), known);
      const isFull = expected.length === 12;
      assert.equal(tree.grow(parent, token), known >= 0 ? known : isFull ? -1 : expected.length);
      if (known < 0 && !isFull) expected.push({ token, parent });
    }
    assert.equal(tree.count, expected.length);
    for (const [node, { token, parent }] of expected.entries()) {
      assert.deepEqual([tree.tokens[node], tree.parents[node]], [token, parent]);
      for (let wanted = 0; wanted < 4; wanted++)
        assert.equal(tree.child(node, wanted), childOf(node, wanted));
    }
  }
});
