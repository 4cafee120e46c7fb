import assert from "node:assert/strict";
import { test } from "node:test";
import { pld } from "../../../bench/presets/pld.ts";
import { visibleText } from "../../../bench/presets/preset.ts";
import { PREDICTED, predictPrompt } from "../../../bench/presets/promptPredictions.ts";
import { chaotic, FakeEngine } from "../../../fakes/engine.ts";

const never = new AbortController().signal;

test("predictions after every token of a prompt depend on all tokens up to it, and the engine's context is cleared", async () => {
  const engine = new FakeEngine(chaotic);
  engine.context = [1, 2, 3];
  engine.distribution = context => [
    [chaotic(context), 2],
    [context.length % 256, 1],
  ];
  const tokens = Int32Array.from({ length: 150 }, (_, i) => i % 7);
  const { ids, logits } = await predictPrompt(engine, tokens, never);
  for (const place of [0, 1, 63, 64, 149]) {
    const at = PREDICTED * place;
    assert.deepEqual(
      [...ids.subarray(at, at + 3)],
      [chaotic([...tokens.subarray(0, place + 1)]), (place + 1) % 256, -1],
      `${place}`,
    );
    assert.equal(logits[at], 2);
  }
  assert.deepEqual(engine.context, []);
});

test("a prompt that cannot be decoded is an error, and an abort interrupts the prediction", async () => {
  const engine = new FakeEngine(chaotic);
  engine.memoryIsFull = true;
  await assert.rejects(predictPrompt(engine, Int32Array.of(1), never), /cannot be decoded: outOfMemory/);
  await assert.rejects(predictPrompt(engine, Int32Array.of(1), AbortSignal.abort()), /Interrupted/);
});

test("a method that sees the suffix gets deleted text and the text after the cursor before the prefix", () => {
  const texts = { history: Int32Array.of(1, 2), after: Int32Array.of(8, 9) };
  assert.deepEqual([...visibleText(pld, texts)], [1, 2]);
  assert.deepEqual([...visibleText({ ...pld, seesSuffix: true }, texts)], [8, 9, 1, 2]);
  const deleted = Int32Array.of(7);
  assert.deepEqual([...visibleText({ ...pld, seesSuffix: true }, texts, deleted)], [7, 8, 9, 1, 2]);
  assert.deepEqual([...visibleText(pld, texts, deleted)], [1, 2]);
});
