import assert from "node:assert/strict";
import { test } from "node:test";
import { Drafter } from "../../server/speculate/draft.ts";
import { below, seeded } from "../fakes/random.ts";

const free = () => 1;

const tree = (drafter: Drafter, root: number, room = 63, cost: (nodes: number) => number = free) => {
  const { count, tokens, parents } = drafter.draft(root, room, cost);
  return { tokens: [...tokens.subarray(0, count)], parents: [...parents.subarray(0, count)] };
};

test("a draft goes on as the text did after the last time", () => {
  const drafter = new Drafter(Int32Array.of(1, 2, 3, 4, 5, 6, 1, 2), 16);
  assert.deepEqual(tree(drafter, 2), {
    tokens: [2, 3, 4, 5, 6, 1, 2],
    parents: [-1, 0, 1, 2, 3, 4, 5],
  });
});

test("different continuations become branches", () => {
  const drafter = new Drafter(Int32Array.of(1, 2, 5, 5, 0, 9, 2, 7, 7, 0, 1, 2), 16);
  const { tokens, parents } = tree(drafter, 2);
  const first = tokens.filter((_, node) => parents[node] === 0);
  assert.deepEqual([...first].sort(), [5, 7], "one branch for each");
});

test("nothing is drafted where nothing is known", () => {
  assert.deepEqual(tree(new Drafter(new Int32Array(0), 16), 3), { tokens: [3], parents: [-1] });
  assert.deepEqual(tree(new Drafter(Int32Array.of(1, 2, 3), 16), 3).tokens, [3]);
});

test("a tree is never larger than its room, and parents come first", () => {
  const random = seeded(3);
  const drafter = new Drafter(
    Int32Array.from({ length: 3000 }, () => below(random, 4)),
    63,
  );
  for (let step = 0; step < 300; step++) {
    const token = below(random, 4);
    drafter.push(token);
    const room = 1 + below(random, 63);
    const { tokens, parents } = tree(drafter, token, room);
    assert.ok(tokens.length <= room);
    for (const [node, parent] of parents.entries()) assert.ok(parent < node);
    const edges = parents.map((parent, node) => `${parent}/${tokens[node]}`);
    assert.equal(new Set(edges).size, edges.length, "no two siblings carry the same token");
  }
});

test("a tree is as large as it pays", () => {
  const context = Int32Array.from({ length: 120 }, (_, i) => i % 30);
  const sizes = [0, 0.05, 0.5, 5].map(
    perNode => tree(new Drafter(context, 63), 29, 63, nodes => 1 + perNode * nodes).tokens.length,
  );
  assert.ok((sizes[0] as number) > 20, "a long match and free rows make a large tree");
  assert.deepEqual(
    sizes,
    [...sizes].sort((a, b) => b - a),
    "dearer rows, smaller trees",
  );
  const dear = tree(new Drafter(context, 63), 29, 63, nodes => nodes * nodes);
  assert.deepEqual(dear.tokens, [29], "rows that cost more than they bring are left out");
});

test("a step in the cost is passed over when more nodes than that pay", () => {
  const context = Int32Array.from({ length: 200 }, (_, i) => i % 50);
  const stepped = (nodes: number) => (nodes <= 1 ? 1 : nodes <= 16 ? 1.8 : 6);
  assert.equal(tree(new Drafter(context, 63), 49, 63, stepped).tokens.length, 16);
});
