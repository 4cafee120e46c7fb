import assert from "node:assert/strict";
import { test } from "node:test";
import { StatusBoard } from "../../../../server/lsp/status.ts";

const completion = {
  finishReason: "endOfText" as const,
  tokens: 3,
  steps: 2,
  drafted: 1,
  accepted: 1,
  ms: { firstText: 10, total: 20 },
};
const model = { modelName: "m", backend: "cpu", threads: 2, notes: [] };

test("an error stays until a completion succeeds, and then leaves no trace", () => {
  const board = new StatusBoard(() => {});
  board.ready({ info: model });
  board.failed("There was not enough memory.", "Close something.");
  for (const finishReason of ["aborted", "failed", "outOfMemory"] as const) {
    board.completed({ ...completion, finishReason }, true, []);
    assert.equal(board.current.state, "error", finishReason);
  }
  board.completed(completion, true, []);
  const { state, message, remedy } = board.current;
  assert.deepEqual({ state, message, remedy }, { state: "ready", message: undefined, remedy: undefined });
  assert.equal(board.current.model?.name, "m");
});

test("the speed-up is the time of plain decoding over that with drafts, where it is measured", () => {
  const board = new StatusBoard(() => {});
  board.ready({ info: model });
  const gain = (costs?: { stepsMs: number; plainMs: number }) => {
    board.completed({ ...completion, costs }, true, []);
    return board.current.speedUp;
  };
  assert.equal(gain(), undefined, "before a tuning");
  assert.equal(gain({ stepsMs: 16, plainMs: 32 }), 2);
  assert.equal(gain({ stepsMs: 16, plainMs: 16 }), 1.5);
  board.starting();
  board.ready({ info: model });
  assert.equal(gain({ stepsMs: 10, plainMs: 10 }), 1, "of another model");
});

test("each request with nothing to show is reported once, until something is shown", () => {
  const sent: unknown[] = [];
  const board = new StatusBoard(status => sent.push(status.nothing?.why));
  const nothing = { uri: "file:///a", line: 1, character: 2, why: "Nothing." };
  for (const each of [undefined, nothing, { ...nothing }, { ...nothing, character: 3 }, undefined, undefined])
    board.nothing(each);
  assert.deepEqual(sent, ["Nothing.", "Nothing.", undefined]);
});

test("the loaded share of a model is reported until the model is ready or has failed", () => {
  const board = new StatusBoard(() => {});
  board.starting();
  board.loading(0.4);
  assert.deepEqual([board.current.state, board.current.loaded], ["starting", 0.4]);
  board.ready({ info: model });
  assert.equal(board.current.loaded, undefined);
  board.loading(0.2);
  board.failed("It is no model.", "Choose another.");
  assert.equal(board.current.loaded, undefined);
});

test("a model that is loaded after another was freed counts as loaded", () => {
  const board = new StatusBoard(() => {});
  board.ready({ info: model });
  board.asleep();
  board.starting();
  board.ready({ info: model });
  board.switch(false);
  board.switch(true);
  assert.equal(board.current.state, "ready");
});
