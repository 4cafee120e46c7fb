import assert from "node:assert/strict";
import { test } from "node:test";
import type { DecodeOutcome, TokenTree } from "../../../server/engine/index.ts";
import { COMPARED_SIZES, compareRows, differenceOf } from "../../bench/rowDifferences.ts";
import { chaotic, FakeEngine } from "../../fakes/engine.ts";

const never = new AbortController().signal;

/** An engine whose logits depend on the whole context, and on the number of rows from `exactRows` on. */
class InexactEngine extends FakeEngine {
  private rows = 1;

  constructor(exactRows: number, contextTokens = 200) {
    super(chaotic, { contextTokens });
    this.distribution = context => {
      const moved = this.rows > exactRows ? 0.25 : 0;
      return [
        [chaotic(context), 1 - moved],
        [3, 0.9],
      ];
    };
  }

  override decode(tree: TokenTree, signal: AbortSignal): Promise<DecodeOutcome> {
    this.rows = tree.count;
    return super.decode(tree, signal);
  }
}

test("rows are equal up to the size from which the engine computes differently, both as chains and as trees", async () => {
  const found = await compareRows(new InexactEngine(8), 40, COMPARED_SIZES, never);
  assert.deepEqual(
    found.map(({ form, contextTokens }) => [form, contextTokens]),
    [
      ["chain", 40],
      ["tree", 40],
    ],
  );
  for (const { sizes } of found) {
    assert.deepEqual(
      sizes.map(({ rows }) => rows),
      COMPARED_SIZES,
    );
    for (const { rows, equal, largest, otherChoices } of sizes) {
      assert.equal(equal, rows <= 8 ? rows : 0);
      assert.equal(largest, rows <= 8 ? 0 : 0.25);
      assert.equal(otherChoices, rows <= 8 ? 0 : rows);
    }
  }
});

test("a small context is filled with fewer tokens, so that all compared sizes fit", async () => {
  const engine = new InexactEngine(8, 30);
  const [chain] = await compareRows(engine, 512, [2, 4, 8], never);
  assert.equal(chain?.contextTokens, 18);
  assert.deepEqual(
    chain?.sizes.map(({ rows }) => rows),
    [2, 4, 8],
  );
});

test("a difference is the largest of all logits, and NaN against a number counts as infinite", () => {
  const single = [Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 3)];
  const together = [Float32Array.of(1, 2.5, 3), Float32Array.of(1, 2, 3)];
  assert.deepEqual(differenceOf(single, together), { rows: 2, equal: 1, largest: 0.5, otherChoices: 0 });
  const none = [Float32Array.of(1, Number.NaN, 3)];
  assert.equal(differenceOf([Float32Array.of(1, 2, 3)], none).largest, Number.POSITIVE_INFINITY);
});
