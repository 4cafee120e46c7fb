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

test("everything is shown at once without options", () => {
  assert.equal(new Reserve(code, undefined).verdict(")", lineOf(0), false), "shown");
});

test("closers are held back until more text follows, and are withheld if none does", () => {
  const reserve = new Reserve(code, { minConfidence: 0 });
  assert.equal(reserve.asksForConfidence, false);
  assert.equal(reserve.verdict(")", lineOf(1), false), "undecided");
  assert.equal(reserve.verdict(").map(", lineOf(1), false), "shown");
  assert.equal(new Reserve(code, { minConfidence: 0 }).verdict(");", lineOf(1), true), "closersOnly");
});

test("a text waits for its first line where a minimum confidence is required", () => {
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

test("a first line that begins with an unlikely token is shown if the whole line is likely enough", () => {
  const reserve = new Reserve(code, { minConfidence: 0.5 });
  const line = lineOf(0.25);
  assert.equal(reserve.verdict("a", line, false), "undecided");
  line.push(" = 1\n", 0.75);
  assert.equal(reserve.verdict("a = 1\n", line, false), "shown");
});

test("a first line below the minimum confidence ends the text as soon as the line is whole", () => {
  assert.equal(
    new Reserve(code, { minConfidence: 0.5 }).verdict("a", lineOf(0.4, "a\n"), false),
    "lowConfidence",
  );
  assert.equal(new Reserve(code, { minConfidence: 0.5 }).verdict("a", lineOf(0.4), true), "lowConfidence");
  assert.equal(new Reserve(code, { minConfidence: 0.5 }).verdict("a", lineOf(0.5), true), "shown");
});

test("an empty text is not withheld, nor shown before it is over", () => {
  for (const minConfidence of [0, 0.5])
    assert.equal(new Reserve(code, { minConfidence }).verdict("", new FirstLine(), false), "undecided");
  assert.equal(new Reserve(code, { minConfidence: 0.5 }).verdict("", new FirstLine(), true), "shown");
});

test("the finish reasons that withhold a text are recognised", () => {
  assert.deepEqual(["closersOnly", "lowConfidence", "endOfText"].map(isWithheld), [true, true, false]);
});
