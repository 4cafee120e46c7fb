import assert from "node:assert/strict";
import { test } from "node:test";
import { slowText } from "../../../extension/slowText.ts";
import type { SlowAdvice } from "../../../server/protocol/messages.ts";

const model: SlowAdvice = {
  kind: "model",
  reference: "qwen2.5-coder:0.5b",
  title: "Qwen2.5-Coder 0.5B",
  lineMs: 420,
};
const context: SlowAdvice = { kind: "context", tokens: 1024, lineMs: 1310 };
const backend: SlowAdvice = { kind: "backend", backend: "vulkan" };

test("the message gives the time a first line takes, and the time with each advice", () => {
  const { message, actions } = slowText({ model: "Big 7B", lineMs: 2345, advice: [model, context] });
  assert.equal(
    message,
    "Foretoken: with Big 7B, the first line takes 2.3 s on this machine. Qwen2.5-Coder 0.5B would take about 420 ms. With 1024 tokens of context it would take about 1.3 s.",
  );
  assert.deepEqual(
    actions.map(({ label }) => label),
    ["Use That Model", "Use 1024 Tokens"],
  );
});

test("at most two actions are offered, those that help most", () => {
  const { message, actions } = slowText({ model: "m", lineMs: 1100, advice: [backend, model, context] });
  assert.deepEqual(
    actions.map(({ advice }) => advice),
    [backend, model],
  );
  assert.equal(actions[0]?.label, "Use the Graphics Card");
  assert.match(message, /vulkan/);
  assert.doesNotMatch(message, /1024/);
});
