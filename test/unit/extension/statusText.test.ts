import assert from "node:assert/strict";
import { test } from "node:test";
import { statusText, statusTooltip } from "../../../extension/statusText.ts";

test("the status bar shows the latency and the acceptance of the last completion", () => {
  const last = {
    firstTextMs: 83.6,
    totalMs: 120,
    tokens: 9,
    steps: 4,
    drafted: 8,
    accepted: 5,
    finishReason: "endOfText",
  };
  assert.equal(statusText({ state: "ready", last, acceptance: 0.625 }), "$(zap) 84 ms · 63%");
  assert.equal(statusText({ state: "ready" }), "$(zap) Foretoken");
  assert.match(
    statusTooltip({ state: "error", message: "No model.", remedy: "Choose one." }),
    /No model\.\nChoose one\./,
  );
});
