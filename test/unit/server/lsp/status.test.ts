import assert from "node:assert/strict";
import { test } from "node:test";
import { statusText, statusTooltip } from "../../../../extension/statusText.ts";
import { StatusBoard } from "../../../../server/lsp/status.ts";

const completion = {
  finishReason: "end",
  tokens: 3,
  steps: 2,
  drafted: 1,
  accepted: 1,
  ms: { firstText: 10, total: 20 },
};
const model = { modelName: "m", backend: "cpu", threads: 2, notes: [] };

test("an error stays until a completion goes well, and then leaves no trace", () => {
  const board = new StatusBoard(() => {});
  board.ready({ info: model });
  board.failed("There was not enough memory.", "Close something.");
  for (const finishReason of ["aborted", "failed", "outOfMemory"]) {
    board.completed({ ...completion, finishReason }, true, []);
    assert.equal(board.current.state, "error", finishReason);
  }
  board.completed(completion, true, []);
  const { state, message, remedy } = board.current;
  assert.deepEqual({ state, message, remedy }, { state: "ready", message: undefined, remedy: undefined });
  assert.equal(board.current.model?.name, "m");
});

test("off for a language is told from off and from on", () => {
  const texts = [
    statusText({ state: "ready" }),
    statusText({ state: "ready" }, "go"),
    statusText({ state: "off" }, "go"),
    statusText({ state: "error" }, "go"),
  ];
  assert.deepEqual(texts, [
    "$(zap) Foretoken",
    "$(circle-slash) Foretoken: go",
    "$(circle-slash) Foretoken",
    "$(error) Foretoken",
  ]);
  assert.match(statusTooltip({ state: "ready" }, "go"), /off for the language go/);
  assert.match(statusTooltip({ state: "off" }, "go"), /^Foretoken is off\. /);
});
