import assert from "node:assert/strict";
import { test } from "node:test";
import { type SlowFacts, slowAdvice } from "../../../../server/model/slowAdvice.ts";

const choice = (reference: string, lineMs: number | undefined, more = {}): SlowFacts["choices"][number] => ({
  reference,
  title: reference,
  ...(lineMs !== undefined && { lineMs }),
  fit: "yes",
  recommended: false,
  ...more,
});
const facts: SlowFacts = {
  lineMs: 2000,
  prefillMs: 200,
  computedTokens: 40,
  contextTokens: 4096,
  choices: [],
  betterBackend: undefined,
};
const advised = (more: Partial<SlowFacts>) =>
  slowAdvice({ ...facts, ...more }).map(advice =>
    advice.kind === "model" ? advice.reference : advice.kind === "context" ? advice.tokens : advice.backend,
  );

test("the recommended model is advised, or otherwise the largest that is much faster and fits", () => {
  const choices = [
    choice("tiny", 100),
    choice("small", 600),
    choice("too large", 500, { fit: "no" }),
    choice("as slow", 1900),
    choice("unknown", undefined),
  ];
  assert.deepEqual(advised({ choices }), ["small"]);
  assert.deepEqual(
    advised({ choices: choices.toReversed() }),
    ["small"],
    "in whichever order they are listed",
  );
  assert.deepEqual(advised({ choices: [...choices, choice("best", 300, { recommended: true })] }), ["best"]);
  assert.deepEqual(advised({ choices: [choice("as slow", 1900, { recommended: true })] }), []);
});

test("a shorter context is advised where prefill takes the larger part, with the expected time", () => {
  const [context, ...rest] = slowAdvice({ ...facts, prefillMs: 1600, computedTokens: 2000 });
  assert.deepEqual(rest, []);
  // 1280 tokens leave 960 for the prompt, which take 1600 * 960 / 2000 = 768 ms, and 400 for the line.
  assert.deepEqual(context, { kind: "context", tokens: 1280, lineMs: 1168 });
  assert.deepEqual(advised({ prefillMs: 960, computedTokens: 1100 }), [], "prefill is the smaller part");
  assert.deepEqual(advised({ prefillMs: 1100, computedTokens: 2000 }), [], "1428 ms would hardly be noticed");
  assert.deepEqual(advised({ prefillMs: 1600, computedTokens: 0 }), [], "nothing was computed");
  assert.deepEqual(
    advised({ prefillMs: 1600, computedTokens: 2000, contextTokens: 1280 }),
    [],
    "it is as short",
  );
});

test("the advice for a better back end comes first", () => {
  const choices = [choice("small", 600)];
  assert.deepEqual(advised({ betterBackend: "vulkan", choices }), ["vulkan", "small"]);
});
