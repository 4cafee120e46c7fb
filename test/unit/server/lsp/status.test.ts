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

test("work is shown only while completions are on, and each change of state once", () => {
  const sent: string[] = [];
  const board = new StatusBoard(({ state }) => sent.push(state));
  board.working(true);
  board.ready({ info: model });
  for (const working of [false, true, true, false]) board.working(working);
  board.switch(false);
  board.working(true);
  board.switch(true);
  board.failed("It failed.", "Try again.");
  board.working(true);
  board.switch(false);
  board.switch(true);
  assert.deepEqual(sent, ["ready", "working", "ready", "off", "ready", "error"]);
});

test("freed memory is shown while completions are on, and after they are switched on again", () => {
  const board = new StatusBoard(() => {});
  board.asleep();
  assert.equal(board.current.state, "starting");
  board.ready({ info: model });
  board.asleep();
  assert.equal(board.current.state, "asleep");
  board.switch(false);
  assert.equal(board.current.state, "off");
  board.asleep();
  assert.equal(board.current.state, "off");
  board.switch(true);
  assert.equal(board.current.state, "asleep");
});

test("a completion shows its figures with the acceptance so far, of the present model only", () => {
  const board = new StatusBoard(() => {});
  board.ready({ info: model });
  board.completed({ ...completion, drafted: 0, accepted: 0 }, true, []);
  assert.equal(board.current.acceptance, undefined, "nothing was drafted");
  board.completed({ ...completion, drafted: 6, accepted: 3 }, false, []);
  assert.deepEqual([board.current.state, board.current.acceptance], ["working", 0.5]);
  const { last } = board.current;
  assert.deepEqual(last && [last.firstTextMs, last.totalMs, last.drafted], [10, 20, 6]);
  board.completed({ ...completion, finishReason: "aborted", drafted: 2, accepted: 0 }, true, []);
  assert.deepEqual([board.current.state, board.current.last], ["ready", last]);
  board.starting();
  assert.deepEqual(board.current, { state: "starting" });
  board.ready({ info: model });
  board.completed({ ...completion, drafted: 4, accepted: 4 }, true, []);
  assert.equal(board.current.acceptance, 1);
  board.switch(false);
  board.completed(completion, true, []);
  assert.equal(board.current.state, "off", "a completion that ends later does not switch on");
});

test("suggestions are counted from the first one shown, and an accepted one is published at once", () => {
  const sent: unknown[] = [];
  const board = new StatusBoard(({ suggestions }) => sent.push(suggestions));
  board.ready({ info: model });
  board.shown();
  board.shown();
  board.suggestionAccepted();
  assert.deepEqual(sent, [undefined, { shown: 2, accepted: 1 }]);
});

test("notes, stores and slow first lines are published beside the rest, and nothing where nothing changes", () => {
  let sent = 0;
  const board = new StatusBoard(() => sent++);
  board.ready({ info: { ...model, notes: ["It has no end token."] } });
  board.note(undefined);
  board.stores([]);
  assert.equal(sent, 1);
  board.note("The drafts are slow.");
  assert.deepEqual(board.current.notes, ["It has no end token.", "The drafts are slow."]);
  board.note(undefined);
  assert.deepEqual([board.current.notes, sent], [["It has no end token."], 3]);
  const store = { name: "python", tokens: 5, created: "" };
  board.stores([store]);
  assert.deepEqual(board.current.stores, [store]);
  board.stores([]);
  assert.deepEqual([board.current.stores, sent], [[], 5]);
  const slow = { model: "m", lineMs: 2_000, advice: [] };
  board.slow(slow);
  assert.deepEqual([board.current.slow, board.current.state], [slow, "ready"]);
});

test("a request at another place or for another reason is reported anew", () => {
  let sent = 0;
  const board = new StatusBoard(() => sent++);
  const nothing = { uri: "file:///a", line: 1, character: 2, why: "Nothing." };
  for (const each of [
    nothing,
    { ...nothing, uri: "file:///b" },
    { ...nothing, line: 2 },
    { ...nothing, why: "Why." },
  ])
    board.nothing(each);
  assert.equal(sent, 4);
});
