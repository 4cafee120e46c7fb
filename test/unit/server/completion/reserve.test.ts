import assert from "node:assert/strict";
import { test } from "node:test";
import { FirstLine } from "../../../../server/completion/firstLine.ts";
import { isWithheld, Reserve } from "../../../../server/completion/reserve.ts";

const code = { start: undefined };

function lineOf(probability: number, text = "a"): FirstLine {
  const line = new FirstLine();
  line.push(text, probability);
  return line;
}

test("without options everything is shown at once", () => {
  assert.equal(new Reserve(code, undefined).verdict(")", lineOf(0), false), "shown");
});

test("closers are held back until more follows, and for good where nothing does", () => {
  const reserve = new Reserve(code, { minConfidence: 0 });
  assert.equal(reserve.asksForConfidence, false);
  assert.equal(reserve.verdict(")", lineOf(1), false), "undecided");
  assert.equal(reserve.verdict(").map(", lineOf(1), false), "shown");
  assert.equal(new Reserve(code, { minConfidence: 0 }).verdict(");", lineOf(1), true), "closersOnly");
});

test("a text waits for its first line where the model is to be sure of that", () => {
  const reserve = new Reserve(code, { minConfidence: 0.5 });
  assert.equal(reserve.asksForConfidence, true);
  assert.equal(reserve.verdict("a", lineOf(0.9), false), "undecided");
  assert.equal(reserve.verdict("a", lineOf(0.9, "a\n"), false), "shown");
  assert.equal(
    reserve.verdict("a\nb", lineOf(0.1, "a\n"), false),
    "shown",
    "what is shown is not taken back",
  );
  assert.equal(reserve.asksForConfidence, false);
});

test("a first line the model is less sure of ends the text, at once when it is whole", () => {
  assert.equal(
    new Reserve(code, { minConfidence: 0.5 }).verdict("a", lineOf(0.4, "a\n"), false),
    "lowConfidence",
  );
  assert.equal(new Reserve(code, { minConfidence: 0.5 }).verdict("a", lineOf(0.4), true), "lowConfidence");
  assert.equal(new Reserve(code, { minConfidence: 0.5 }).verdict("a", lineOf(0.5), true), "shown");
});

test("an empty text is none that is held back", () => {
  assert.equal(new Reserve(code, { minConfidence: 0.5 }).verdict("", new FirstLine(), true), "shown");
});

test("the ends at which something is held back are known by name", () => {
  assert.deepEqual(["closersOnly", "lowConfidence", "endOfText"].map(isWithheld), [true, true, false]);
});
