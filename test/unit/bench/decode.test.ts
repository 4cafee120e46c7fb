import assert from "node:assert/strict";
import { test } from "node:test";
import { type Records, storeLine, summarise } from "../../bench/decode.ts";
import type { MethodRun } from "../../bench/methods.ts";
import { item } from "./items.ts";

const run = (tokens: number[], decodeMs: number, decodes = tokens.length, nodes = decodes): MethodRun => ({
  tokens,
  decodeMs,
  decodes,
  nodes,
  draftMs: tokens.map((_, i) => i),
  latency: { firstMs: decodeMs / 2, wholeMs: decodeMs },
  prefill: undefined,
});

test("ratios are computed from paired runs, means from all decodes, and exactness from all outputs", () => {
  const records: Records = new Map([
    [
      "plain",
      [
        [run([1, 2, 3, 4], 40), run([1, 2, 3, 4], 80)],
        [run([5, 6], 20), run([5, 6], 20)],
      ],
    ],
    [
      "foretoken",
      [
        [run([1, 2, 3, 4], 20, 2, 10), run([1, 2, 3, 4], 20, 2, 10)],
        [run([5, 6], 40, 1, 4), run([5, 6], 20, 1, 4)],
      ],
    ],
    [
      "lookup",
      [
        [run([1, 2, 9, 4], 40), run([1, 2, 3, 4], 80)],
        [run([5, 6], 20), run([5, 6], 20)],
      ],
    ],
    [
      "llama-server",
      [
        [run([1, 2, 3], 40), run([1, 2, 3], 80)],
        [run([5, 6], 20), run([5, 6], 20)],
      ],
    ],
  ]);
  const items = [item(), { ...item(), id: "second" }];
  const [plain, foretoken, lookup, server] = summarise(records, items, token => token === 4);
  assert.deepEqual(plain!.ratioToPlain, { median: 1, min: 1, max: 1 });
  assert.equal(plain!.tokensPerSecond, 75);
  assert.deepEqual(foretoken!.ratioToPlain, { median: 1.5, min: 0.5, max: 4 });
  assert.deepEqual(foretoken!.extra.suiteRatioToPlain, { median: 1.75, min: 1, max: 2.5 });
  assert.deepEqual(foretoken!.extra.suiteRatioToServer, { median: 2.1, min: 1.2, max: 3 });
  assert.equal(foretoken!.extra.worstItemRatio, 0.75, "the medians of the items are 3 and 0.75");
  assert.deepEqual(foretoken!.extra.wholeMs, { p50: 20, p90: 20 }, "of the runs that know the prompt");
  assert.deepEqual(plain!.extra.firstMs, { p50: 40, p90: 40 });
  assert.equal(foretoken!.meanAccepted, 2);
  assert.equal(foretoken!.draftMs, 1, "the middle of 0, 1, 2, 3 twice and 0, 1 twice");
  assert.equal(foretoken!.meanTreeSize, 4.67);
  assert.deepEqual([foretoken!.exact, lookup!.exact], [true, false]);
  assert.equal(lookup!.extra.firstDifference, "item, token 2: 9 against 3");
  assert.equal(server!.exact, true, "the token that ends the text may be left out");
});

test("a report says how many tokens of a store each method used", () => {
  assert.equal(storeLine({ tokens: 90, restTokens: null, samTokens: null }), "store of 90 tokens");
  assert.equal(
    storeLine({ tokens: 90, restTokens: 90, samTokens: 40 }),
    "store of 90 tokens, of which rest has 90, sam and sam+recycling 40",
  );
});
