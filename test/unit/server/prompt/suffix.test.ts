import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOf } from "../../../../server/prompt/formats.ts";
import { buildPrompt, type ReusablePrompt } from "../../../../server/prompt/prompt.ts";
import { changedShare, nextSuffix } from "../../../../server/prompt/suffix.ts";
import { ControlVocabulary, snapshot } from "./controlVocabulary.ts";

test("a suffix stays unchanged until a tenth of its text has changed", () => {
  const lines = Array.from({ length: 40 }, (_, i) => `line ${i} of the text\n`);
  const first = nextSuffix(undefined, lines.join(""));
  assert.equal(nextSuffix(first, `)${lines.join("")}`), first, "a bracket was closed");
  assert.equal(nextSuffix(first, lines.slice(2).join("")), first, "two lines were passed");
  assert.notEqual(nextSuffix(first, lines.slice(12).join("")), first, "a dozen were");
  assert.equal(changedShare("a\nb", "a\nb"), 0);
  assert.equal(changedShare("a\nb", "c\nd"), 1);
  assert.equal(changedShare("a\nb", "a\nc"), 0.5);
  assert.equal(nextSuffix("", "x = 1\n"), "x = 1\n");
  // One of three lines is not in the other text as often.
  for (const [a, b] of [
    ["a\na", "a"],
    ["a", "a\na"],
  ] as const)
    assert.ok(Math.abs(changedShare(a, b) - 1 / 3) < 1e-9);
});

test("typing does not change the tokens before the prefix where the suffix comes first", () => {
  const vocabulary = new ControlVocabulary(["[SUFFIX]", "[PREFIX]"]);
  const format = formatOf(vocabulary, { modelName: "Codestral" });
  const below = "\n".concat("value = compute(1, 2)\n".repeat(20));
  let previous: ReusablePrompt | undefined;
  const heads = new Set<string>();
  for (const typed of ["f", "f(‸)", "f(a‸)", "f(a)"]) {
    const marked = `x = ${typed.includes("‸") ? typed : `${typed}‸`}${below}`;
    const built = buildPrompt(snapshot(marked), vocabulary, 600, { format, previous });
    previous = built.parts;
    heads.add(vocabulary.written(built.tokens).split("«[PREFIX]»")[0] ?? "");
  }
  assert.equal(heads.size, 1);
});
