import assert from "node:assert/strict";
import { test } from "node:test";
import { explain, nothingShown } from "../../../../server/completion/explanation.ts";
import type { Outcome, RequestRecord } from "../../../../server/protocol/index.ts";

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

const record: RequestRecord = {
  uri: "file:///a.py",
  line: 4,
  character: 2,
  explicit: false,
  outcome: { kind: "aborted" },
  timeline,
  computed: { ...computed, finishReason: "aborted" },
  decoded: { tokens: 0, unused: 0 },
  text: "",
};

test("the explanation of a completion that was given up says why it ended in words", () => {
  assert.match(explain(record), /It ended because something else was typed or asked for\./);
});

test("the explanation says how a request ended, where it was made, when each step was reached, and what was generated", () => {
  const shown: RequestRecord = {
    ...record,
    outcome: { kind: "shown" },
    explicit: true,
    computed: { ...computed, finishReason: "lineEnd" },
    decoded: { tokens: 40, unused: 11 },
    text: "a = `b`",
  };
  const lines = [
    "# The last completion",
    "Computed and shown.",
    "`file:///a.py`, line 5, column 3, asked for.",
    [
      "| ms | since the request |",
      "|---:|---|",
      "| 1.0 | computing began |",
      "| 2.0 | prompt built |",
      "| 3.0 | prompt: 33 tokens in the cache, 7 computed |",
      "| 100.0 | end |",
    ].join("\n"),
    "12 tokens in 10 steps; 2 of 4 drafted tokens accepted. It ended because the line ended.",
    "Decoded since the server started: 40 tokens, 28% in vain: cancelled before their first text, or computed ahead and never asked for.",
    "## Text",
    "```\na = `b`\n```",
  ];
  assert.equal(explain(shown), `${lines.join("\n\n")}\n`);
});

test("the explanation leaves out what was not computed, and counts one token as one", () => {
  const remembered = explain({ ...record, outcome: { kind: "cached" }, computed: undefined });
  assert.match(remembered, /line 5, column 3, as one typed\./);
  assert.match(remembered, /\| 3\.0 \| prompt read \|\n\| 100\.0 \| end \|\n$/);
  const few = { reusedTokens: 1, tokens: 1, steps: 1, drafted: 0, finishReason: "lineEnd" } as const;
  const decoded = { tokens: 1, unused: 0 };
  const short = explain({ ...record, computed: { ...computed, ...few }, decoded });
  assert.match(short, /prompt: 1 token in the cache, 39 computed/);
  assert.match(short, /\n1 token in 1 step\. It ended because the line ended\./);
  assert.match(short, /server started: 1 token, 0% in vain/);
});

test("a text with a fence of its own is shown within a longer one", () => {
  assert.ok(explain({ ...record, text: "````\nx" }).endsWith("\n`````\n````\nx\n`````\n"));
});

test("before the first request the explanation says that there was none", () => {
  assert.equal(explain(undefined), "# The last completion\n\nNo completion has been asked for yet.\n");
});

test("there is a reason for one line where a request was suppressed, came to nothing or failed, and else none", () => {
  const why = (outcome: Outcome) => nothingShown({ ...record, outcome })?.why;
  assert.equal(
    why({ kind: "suppressed", why: "manual" }),
    'Nothing was computed: they are computed only when asked for ("foretoken.trigger").',
  );
  assert.equal(
    why({ kind: "empty", why: "lowConfidence", confidence: 0.256 }),
    'There was nothing to show: the model was less sure than "foretoken.minConfidence" requires (0.26).',
  );
  assert.equal(why({ kind: "empty", why: "lineEnd" }), "There was nothing to show: the line ended.");
  assert.equal(
    why({ kind: "failed", message: "Memory ran out.", remedy: "Close programs." }),
    "It failed: Memory ran out. Close programs.",
  );
  for (const kind of ["shown", "cached", "typedThrough", "reindented", "aborted"] as const)
    assert.equal(why({ kind }), undefined, kind);
  assert.deepEqual(nothingShown({ ...record, outcome: { kind: "empty", why: "lineEnd" } }), {
    uri: "file:///a.py",
    line: 4,
    character: 2,
    why: "There was nothing to show: the line ended.",
  });
});
