import assert from "node:assert/strict";
import { test } from "node:test";
import { layOut } from "../../../../extension/figures/treeLayout.ts";

const nodes = (parents: readonly number[], accepted: readonly number[]) =>
  parents.map((parent, node) => ({ parent, accepted: accepted.includes(node) }));

test("the accepted path is a straight line, and no two nodes share a place", () => {
  // 0 -> 1 -> 3, 0 -> 2 -> 4, 2 -> 5; the model goes 0, 2, 5.
  const { places, columns, rows } = layOut(nodes([-1, 0, 0, 1, 2, 2], [0, 2, 5]));
  assert.deepEqual([columns, rows], [3, 3]);
  assert.ok([0, 2, 5].every(node => places[node]?.row === 0));
  assert.deepEqual(
    places.map(({ column }) => column),
    [0, 1, 1, 2, 2, 2],
  );
  assert.equal(new Set(places.map(({ column, row }) => `${column} ${row}`)).size, places.length);
  assert.equal(places[1]?.row, places[3]?.row, "a node stands in the row of its first child");
});

test("a chain has one row, and an empty tree has none", () => {
  assert.deepEqual(layOut(nodes([-1, 0, 1], [0])), {
    places: [0, 1, 2].map(column => ({ column, row: 0 })),
    columns: 3,
    rows: 1,
  });
  assert.deepEqual(layOut([]), { places: [], columns: 0, rows: 0 });
});
