import assert from "node:assert/strict";
import { test } from "node:test";
import { editFigures } from "../../../bench/editor/editFigures.ts";
import type { RecordedRequest } from "../../../bench/editor/requestRecords.ts";
import type { TimedStroke } from "../../../bench/editor/typing.ts";

const record = (firstTextMs: number, endMs: number, decoded: number, kind: "shown" | "aborted" = "shown") =>
  ({
    at: 0,
    outcome: { kind },
    text: "x",
    timeline: { queuedMs: 1, promptMs: 1, prefilledMs: 2, firstTextMs, endMs },
    computed: { tokens: 2, finishReason: "endOfText", promptTokens: 9, reusedTokens: 8 },
    decoded: { tokens: decoded, unused: decoded / 10 },
  }) as unknown as RecordedRequest;

const key: TimedStroke = { at: 0, stroke: { kind: "character", character: "a" }, typed: "a" };
const accept: TimedStroke = { at: 0, stroke: { kind: "accept", text: "hello" }, typed: "ahello" };

test("a suggestion is timed from the request to its end, and decoded tokens are counted per key", () => {
  const figures = editFigures([
    { strokes: [key, accept], records: [record(10, 40, 4), record(20, 60, 8)] },
    { strokes: [key, key], records: [record(30, 999, 20, "aborted")] },
  ]);
  assert.deepEqual(
    { ...figures, completeMs: figures.completeMs.map(ms => (Number.isNaN(ms) ? "none" : ms)) },
    {
      keys: 4,
      accepted: 5,
      first: "20 / 30",
      whole: "60 / 60",
      completeMs: [60, "none"],
      tokensPerKey: 5,
      unused: 0.1,
    },
  );
  assert.equal(editFigures([]).first, "nothing to measure");
});
