import assert from "node:assert/strict";
import { test } from "node:test";
import type { FinishReason } from "../../../../server/protocol/index.ts";
import type { Outcome, Timeline } from "../../../../server/protocol/outcome.ts";
import {
  type RecordedRequest,
  requestsOfKeys,
  slowest,
  typingFigures,
} from "../../../bench/editor/requestRecords.ts";

interface Given extends Partial<Timeline> {
  readonly text?: string;
  readonly computed?: {
    promptTokens: number;
    reusedTokens: number;
    tokens: number;
    finishReason?: FinishReason;
  };
  readonly decoded?: { tokens: number; unused: number };
  readonly at?: number;
  readonly place?: readonly [line: number, character: number];
}

function record(kind: Outcome["kind"], given: Given = {}): RecordedRequest {
  const {
    text = "",
    computed,
    decoded = { tokens: 0, unused: 0 },
    at = 0,
    place = [0, 0],
    ...timeline
  } = given;
  return {
    uri: "file:///a.py",
    line: place[0],
    character: place[1],
    explicit: false,
    outcome: { kind } as Outcome,
    timeline: {
      queuedMs: undefined,
      promptMs: undefined,
      prefilledMs: undefined,
      firstTextMs: undefined,
      endMs: 0,
      ...timeline,
    },
    computed: computed && {
      finishReason: "lineEnd",
      steps: 1,
      drafted: 0,
      decodeMs: 0,
      sources: [],
      accepted: 0,
      ...computed,
    },
    decoded,
    text,
    at,
  };
}

test("answers count as remembered if they have text that was not computed for the request", () => {
  const figures = typingFigures([
    record("cached", { text: "a", endMs: 1 }),
    record("typedThrough", { text: "a", endMs: 3 }),
    record("empty", { endMs: 100 }),
    record("shown", { text: "a", endMs: 100 }),
  ]);
  assert.deepEqual(figures.rememberedMs, { count: 2, cut: 0, p50: 3, p90: 3, max: 3 });
  assert.deepEqual(figures.outcomes, { cached: 1, typedThrough: 1, empty: 1, shown: 1 });
});

test("a first text counts for the request that waited for it, whether or not it was cancelled later", () => {
  const figures = typingFigures([
    record("shown", { text: "a", queuedMs: 2, firstTextMs: 30 }),
    record("aborted", { queuedMs: 4, firstTextMs: 50 }),
    record("aborted", { queuedMs: 3, endMs: 20 }),
    record("shown", { text: "a", queuedMs: 0, firstTextMs: 1 }),
  ]);
  assert.deepEqual(figures.firstTextMs, { count: 2, cut: 1, p50: 50, p90: 50, max: 50 });
  assert.deepEqual(figures.queuedMs, { count: 2, cut: 0, p50: 4, p90: 4, max: 4 });
  assert.deepEqual(figures.joinedFirstTextMs, { count: 1, cut: 0, p50: 1, p90: 1, max: 1 });
});

test("the parts of the time to a first text are reported, and so are the slowest requests", () => {
  const quick = record("shown", { queuedMs: 2, promptMs: 5, prefilledMs: 9, firstTextMs: 11, text: "a" });
  const slow = record("shown", { queuedMs: 1, promptMs: 11, prefilledMs: 91, firstTextMs: 95, text: "a" });
  const remembered = record("cached", { endMs: 200, text: "a" });
  const figures = typingFigures([quick, slow, remembered]);
  assert.deepEqual(figures.promptMs, { count: 2, cut: 0, p50: 10, p90: 10, max: 10 });
  assert.deepEqual(figures.prefillMs, { count: 2, cut: 0, p50: 80, p90: 80, max: 80 });
  assert.deepEqual(slowest([quick, slow, remembered], 2), [slow, quick]);
});

test("tokens are counted from where the run began", () => {
  const before = record("shown", { decoded: { tokens: 100, unused: 50 } });
  const computed = { promptTokens: 40, reusedTokens: 33, tokens: 12 };
  const records = [
    record("shown", { computed, decoded: { tokens: 112, unused: 50 } }),
    record("aborted", { computed: { ...computed, finishReason: "aborted" } }),
    record("aborted", { decoded: { tokens: 120, unused: 52 } }),
  ];
  const { tokens, promptTokensComputed } = typingFigures(records, before);
  assert.deepEqual(tokens, { decoded: 20, unused: 2, unusedShare: 0.1, notFollowed: 8 });
  assert.deepEqual(promptTokensComputed, { count: 2, cut: 0, p50: 7, p90: 7, max: 7 });
});

test("figures of no records are undefined or zero", () => {
  const figures = typingFigures([]);
  assert.equal(figures.firstTextMs, undefined);
  assert.equal(figures.tokens.unusedShare, 0);
});

test("a request belongs to the latest key at its place", () => {
  const keys = [
    { at: 1000, line: 3, character: 1 },
    { at: 1100, line: 3, character: 2 },
    { at: 1200, line: 3, character: 3 },
    { at: 1300, line: 3, character: 2 },
  ];
  const first = record("aborted", { at: 1400, endMs: 340, place: [3, 1] });
  const third = record("shown", { at: 1290, endMs: 30, place: [3, 3] });
  const back = record("cached", { at: 1361, endMs: 1, place: [3, 2] });
  const stray = record("cached", { at: 1362, endMs: 1, place: [9, 9] });
  assert.deepEqual(requestsOfKeys(keys, [third, back, first, stray]), [first, undefined, third, back]);
});
