import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeTrace } from "../../../../server/completion/decodeTrace.ts";
import type { DraftedNode } from "../../../../server/draft/drafter.ts";
import { DraftTree } from "../../../../server/draft/tree.ts";

const byte = (text: string) => text.charCodeAt(0);
const vocabulary = { bytes: (token: number) => Uint8Array.of(token) };

/** a -> b -> c, a -> x: the model goes to b, and then on to d. */
function traced(plainMs: number | undefined): DecodeTrace {
  const tree = new DraftTree(8);
  tree.plant(byte("a"));
  const b = tree.grow(0, byte("b"));
  tree.grow(b, byte("c"));
  tree.grow(0, byte("x"));
  const known: (DraftedNode | undefined)[] = [
    undefined,
    { source: "document", probability: 0.8 },
    { source: "document", probability: 0.5 },
    { source: "recent", probability: 0.1 },
  ];
  const trace = new DecodeTrace();
  trace.record({ tree, path: [0, b], next: byte("d"), ms: 12, plainMs, describe: node => known[node] });
  tree.plant(byte("z"));
  for (let node = 0; node < 4; node++) tree.grow(node, byte("y"));
  return trace;
}

test("a step is drawn as it was, although its tree has been reused", () => {
  const { steps, id, finishReason } = traced(20).draw(7, "lineEnd", vocabulary);
  assert.deepEqual([id, finishReason], [7, "lineEnd"]);
  assert.deepEqual(steps, [
    {
      next: "d",
      ms: 12,
      nodes: [
        { text: "a", parent: -1, accepted: true },
        { text: "b", parent: 0, accepted: true, source: "document", probability: 0.8 },
        { text: "c", parent: 1, accepted: false, source: "document", probability: 0.5 },
        { text: "x", parent: 0, accepted: false, source: "recent", probability: 0.1 },
      ],
    },
  ]);
});

test("drafted and accepted tokens are counted by source", () => {
  assert.deepEqual(traced(20).sources(), [
    { name: "document", proposed: 2, accepted: 1 },
    { name: "recent", proposed: 1, accepted: 0 },
  ]);
});

test("the time of plain decoding is known where all steps know it", () => {
  assert.deepEqual([traced(20).decodeMs, traced(20).plainMs], [12, 20]);
  assert.equal(traced(undefined).plainMs, undefined);
  assert.equal(new DecodeTrace().plainMs, undefined);
  const tree = new DraftTree(1);
  tree.plant(byte("a"));
  const trace = new DecodeTrace();
  const totals = [3, undefined, 4].map(plainMs => {
    trace.record({ tree, path: [0], next: 0, ms: 1, plainMs, describe: () => undefined });
    return [trace.decodeMs, trace.plainMs];
  });
  assert.deepEqual(totals, [
    [1, 3],
    [2, undefined],
    [3, undefined],
  ]);
});

test("recording a tree of 16 nodes takes a few microseconds", context => {
  const tree = new DraftTree(16);
  tree.plant(1);
  for (let node = 1; node < 16; node++) tree.grow(node - 1, node);
  const describe = (): DraftedNode => ({ source: "document", probability: 0.5 });
  const path = Array.from({ length: 16 }, (_, node) => node);
  const steps = 20_000;
  const start = performance.now();
  for (let round = 0; round < steps / 100; round++) {
    const trace = new DecodeTrace();
    for (let i = 0; i < 100; i++) trace.record({ tree, path, next: 1, ms: 1, plainMs: 1, describe });
  }
  const microseconds = ((performance.now() - start) * 1000) / steps;
  context.diagnostic(`${microseconds.toFixed(2)} µs a step`);
  assert.ok(microseconds < 50, `${microseconds} µs`);
});
