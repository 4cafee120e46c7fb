import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Completion } from "../../../../server/completion/complete.ts";
import { DecodeTrace } from "../../../../server/completion/decodeTrace.ts";
import { Outcomes } from "../../../../server/completion/outcome.ts";
import type { RequestRecord } from "../../../../server/protocol/outcome.ts";

const PLACE = { uri: "file:///a.py", line: 3, character: 7, explicit: false };
const COMPLETION: Completion = {
  text: "a = 1",
  withheld: "",
  confidence: undefined,
  finishReason: "lineEnd",
  failure: undefined,
  tokens: 5,
  steps: 2,
  drafted: 4,
  accepted: 3,
  costs: { stepsMs: 1, plainMs: 2 },
  promptTokens: 90,
  reusedTokens: 80,
  trace: new DecodeTrace(),
  ms: { prompt: 10, prefill: 30, firstText: 50, firstLine: 60, total: 70 },
};

/** A clock that stands still, and the records that are reported. */
function recorded(t: TestContext) {
  const clock = { ms: 1000 };
  t.mock.method(performance, "now", () => clock.ms);
  const reported: [RequestRecord, unknown][] = [];
  let tokens = 0;
  const outcomes = new Outcomes(
    () => ({ tokens: ++tokens, unused: 0 }),
    (record, token) => void reported.push([record, token]),
  );
  return { clock, outcomes, reported };
}

test("a request's times count from its arrival, those of its computing from where that began", t => {
  const { clock, outcomes, reported } = recorded(t);
  assert.equal(outcomes.last, undefined);
  const request = outcomes.begin({ ...PLACE, token: 9 });
  clock.ms = 1005;
  assert.equal(request.elapsedMs, 5);
  request.follows(false);
  request.follows(true);
  request.computing(1020);
  clock.ms = 1060;
  request.hasText();
  clock.ms = 1100;
  request.hasText();
  assert.equal(outcomes.last, undefined, "it has not ended");
  request.end({ kind: "shown" }, "a = 1", COMPLETION);
  const computed = {
    finishReason: "lineEnd",
    promptTokens: 90,
    reusedTokens: 80,
    tokens: 5,
    steps: 2,
    drafted: 4,
    accepted: 3,
    decodeMs: 0,
    plainMs: undefined,
    sources: [],
  };
  const timeline = {
    queuedMs: 20,
    promptMs: 30,
    prefilledMs: 50,
    firstTextMs: 60,
    endMs: 100,
    joined: false,
  };
  const expected = { ...PLACE, outcome: { kind: "shown" }, text: "a = 1", timeline, computed };
  assert.deepEqual(outcomes.last, { ...expected, decoded: { tokens: 1, unused: 0 } });
  assert.deepEqual(reported, [[outcomes.last, 9]]);
});

test("a stage that was over before the request arrived took it no time, and one not reached has none", t => {
  const { outcomes } = recorded(t);
  const joined = outcomes.begin(PLACE);
  joined.computing(980);
  joined.follows(true);
  joined.end({ kind: "shown" }, "a", COMPLETION);
  const { timeline } = outcomes.last as RequestRecord;
  const { queuedMs, promptMs, prefilledMs } = timeline;
  assert.deepEqual([queuedMs, promptMs, prefilledMs, timeline.joined], [0, 0, 10, true]);
  const waiting = outcomes.begin(PLACE);
  waiting.end({ kind: "aborted" });
  const times = { queuedMs: undefined, promptMs: undefined, prefilledMs: undefined, firstTextMs: undefined };
  const { timeline: waited, computed, text } = outcomes.last as RequestRecord;
  assert.deepEqual(waited, { ...times, endMs: 0 });
  assert.deepEqual([computed, text], [undefined, ""]);
  const begun = outcomes.begin(PLACE);
  begun.computing(1010);
  begun.end({ kind: "aborted" });
  const { timeline: cut } = outcomes.last as RequestRecord;
  assert.deepEqual(cut, { ...times, queuedMs: 10, endMs: 0 });
});

test("a request ends once, and the last to end is kept", t => {
  const { outcomes, reported } = recorded(t);
  const [first, second] = [outcomes.begin(PLACE), outcomes.begin({ ...PLACE, line: 4 })];
  second.end({ kind: "cached" }, "b");
  first.end({ kind: "aborted" });
  first.end({ kind: "shown" }, "a");
  assert.deepEqual([outcomes.last?.outcome, outcomes.last?.line], [{ kind: "aborted" }, 3]);
  assert.deepEqual(
    reported.map(([{ line }]) => line),
    [4, 3],
  );
});
