import assert from "node:assert/strict";
import { test } from "node:test";
import { FirstLine } from "../../../../server/completion/firstLine.ts";

function lineOf(tokens: readonly (readonly [text: string, probability: number])[]): FirstLine {
  const line = new FirstLine();
  for (const [text, probability] of tokens) line.push(text, probability);
  return line;
}

test("the confidence is the mean probability of the tokens of the first line only", () => {
  const line = lineOf([
    ["return", 0.9],
    [" a", 0.5],
    ["\n", 0.1],
    ["print", 0.1],
  ]);
  assert.deepEqual([line.isWhole, line.confidence], [true, 0.7]);
});

test("a token that ends the line and begins with part of it belongs to the line", () => {
  assert.equal(
    lineOf([
      ["a", 0.5],
      [")\n", 0.25],
      ["b", 1],
    ]).confidence,
    0.375,
  );
});

test("blanks and line breaks before the first word do not belong to the line", () => {
  const line = lineOf([
    ["\n", 0.01],
    ["    ", 0.01],
    ["x", 0.5],
  ]);
  assert.deepEqual([line.isWhole, line.confidence], [false, 0.5]);
  line.push("\n    y", 0.1);
  assert.deepEqual([line.isWhole, line.confidence], [true, 0.5]);
});

test("tokens whose probability is not known do not change the confidence", () => {
  const line = lineOf([["a", 0.5]]);
  line.push(" b", undefined);
  assert.equal(line.confidence, 0.5);
  line.push(" c", 0.7);
  assert.equal(line.confidence, 0.6);
});

test("there is no confidence without a token", () => {
  assert.equal(new FirstLine().confidence, undefined);
  assert.equal(lineOf([["\n\n", 0.5]]).isWhole, false);
});
