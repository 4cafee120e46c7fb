import assert from "node:assert/strict";
import { test } from "node:test";
import { holdBackMs } from "../../../extension/holdBack.ts";
import type { CompletionFigures } from "../../../server/protocol/index.ts";

const last = (firstTextMs: number | undefined, totalMs: number): CompletionFigures => ({
  firstTextMs,
  totalMs,
  tokens: 1,
  steps: 1,
  drafted: 0,
  accepted: 0,
  finishReason: "endOfText" as const,
});

test("the first text waits for the rest where the last rest came soon after or no figures are known", () => {
  for (const known of [undefined, last(undefined, 900), last(80, 80), last(80, 140)])
    assert.equal(holdBackMs(known), 20);
});

test("the first text is shown at once where the model takes long for the rest", () => {
  assert.equal(holdBackMs(last(80, 141)), 0);
  assert.equal(holdBackMs(last(40, 2_000)), 0);
});
