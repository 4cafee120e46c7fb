import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../../../../server/completion/explanation.ts";
import type { RequestRecord } from "../../../../server/protocol/index.ts";

const computed = {
  promptTokens: 40,
  reusedTokens: 33,
  tokens: 12,
  steps: 10,
  drafted: 4,
  accepted: 2,
  decodeMs: 90,
  sources: [],
};
const timeline = {
  queuedMs: 1,
  promptMs: 2,
  prefilledMs: 3,
  firstTextMs: undefined,
  endMs: 100,
};

test("the explanation of a completion that was given up says why it ended in words", () => {
  const record: RequestRecord = {
    uri: "file:///a.py",
    line: 0,
    character: 0,
    explicit: false,
    outcome: { kind: "aborted" },
    timeline,
    computed: { ...computed, finishReason: "aborted" },
    decoded: { tokens: 0, unused: 0 },
    text: "",
  };
  assert.match(explain(record), /It ended because something else was typed or asked for\./);
});
