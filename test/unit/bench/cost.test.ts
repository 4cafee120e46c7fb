import assert from "node:assert/strict";
import { test } from "node:test";
import { costRows, measureCost, randomTree } from "../../bench/cost.ts";
import { chaotic, FakeEngine } from "../../fakes/engine.ts";

const never = new AbortController().signal;

test("costs are reported relative to one node of the same turn", () => {
  const steps = (...times: number[]) => times.map(ms => ({ ms, outsideMs: ms / 4 }));
  const rows = costRows(
    new Map([
      [1, steps(1, 2, 4)],
      [8, steps(2, 6, 4)],
    ]),
  );
  assert.deepEqual(rows[1], {
    nodes: 8,
    ms: { median: 4, min: 2, max: 6 },
    outsideMs: { median: 1, min: 0.5, max: 1.5 },
    relative: { median: 2, min: 1, max: 3 },
    relativeOfFastest: 2,
  });
});

test("random trees are in order and within the number of leaves, and their siblings differ", () => {
  for (let seed = 0; seed < 30; seed++) {
    const { count, tokens, parents } = randomTree(63, 8, 500, seed);
    const children = new Map<number, number[]>();
    for (let node = 1; node < count; node++) {
      assert.ok(parents[node]! >= 0 && parents[node]! < node);
      children.set(parents[node]!, [...(children.get(parents[node]!) ?? []), tokens[node]!]);
    }
    for (const siblings of children.values()) assert.equal(new Set(siblings).size, siblings.length);
    assert.ok(count - children.size <= 8, `${count - children.size} leaves`);
  }
});

test("cost is measured for the sizes that a model accepts, at the context length that fits", async () => {
  const engine = new FakeEngine(chaotic, { contextTokens: 100, maxTreeNodes: 12 });
  const { contextTokens, rows } = await measureCost(engine, { contextTokens: 512, runs: 2 }, never);
  assert.equal(contextTokens, 84);
  assert.deepEqual(
    rows.map(({ nodes }) => nodes),
    [1, 2, 3, 4, 6, 8, 12],
  );
  assert.equal(engine.decodes, 3 * 7 * 2, "each behind one of its like");
  assert.equal(engine.context.length, 84);
  const chosen = await measureCost(engine, { contextTokens: 512, runs: 1, sizes: [1, 9] }, never);
  assert.deepEqual(
    chosen.rows.map(({ nodes }) => nodes),
    [1, 9],
  );
  assert.equal(chosen.contextTokens, 87);
});
