import assert from "node:assert/strict";
import { before, test } from "node:test";
import { infilling } from "../../bench/infilling.ts";
import { endsWithLine, shownOfTruth } from "../../bench/quality.ts";
import { grammars } from "../../fakes/places.ts";
import { LINE } from "./problems.ts";

before(() => grammars.load("python"));

test("a shown text ends with its line, or earlier where a rule has cut it", () => {
  assert.ok(endsWithLine("a = 1  \nb = 2", { text: "a = 1", finishReason: "statementEnd" }));
  assert.ok(endsWithLine("a = 1)\n", { text: "a = 1", finishReason: "bracket" }));
  assert.ok(!endsWithLine("a = 1 + 2\n", { text: "a = 1", finishReason: "statementEnd" }));
  assert.ok(!endsWithLine("a = 1\nb = 2\n", { text: "a = 1\nb = 2", finishReason: "blockEnd" }));
});

test("a generated text that consists of the truth and what follows it is cut after the truth", () => {
  assert.equal(shownOfTruth(infilling(LINE), grammars), "b = a + 1");
});
