import assert from "node:assert/strict";
import { test } from "node:test";
import { TextDocument } from "vscode-languageserver-textdocument";
import { ChunkedText } from "../../../../server/text/chunkedText.ts";
import { below, seeded } from "../../../fakes/random.ts";

test("a position past the end of its line is that end, and one past the last line the end of the text", () => {
  const text = new ChunkedText("ab\r\nc\rd\n");
  const offset = (line: number, character: number) => text.offsetAt({ line, character });
  assert.deepEqual([offset(0, 1), offset(0, 9), offset(1, 0), offset(1, 9)], [1, 2, 4, 5]);
  assert.deepEqual([offset(2, 0), offset(2, 9), offset(3, 0), offset(3, 9), offset(9, 0)], [6, 7, 8, 8, 8]);
  assert.deepEqual([offset(-1, 5), offset(0, -5)], [0, 0]);
});

test("two characters that an edit brings together are one line end", () => {
  const text = new ChunkedText(`${"a".repeat(5000)}\r${"b".repeat(5000)}\n${"c".repeat(5000)}`);
  assert.equal(text.offsetAt({ line: 2, character: 0 }), 10_002);
  text.replace(5001, 10_001, "");
  assert.equal(text.offsetAt({ line: 1, character: 0 }), 5002);
  text.replace(0, 5000, "");
  assert.deepEqual([text.toString(), text.length], [`\r\n${"c".repeat(5000)}`, 5002]);
});

test("many edits have the results of the library's document, whatever they are and however long the lines", () => {
  const random = seeded(11);
  const piece = () => {
    const long = ["x", "\r\n", "\n\r"].map(text => text.repeat(below(random, 3000 / text.length)));
    const letters = ["\r", "\n", "\r\n", "ab", "", ...long];
    return Array.from({ length: below(random, 12) }, () => letters[below(random, letters.length)]).join("");
  };
  for (let round = 0; round < 100; round++) {
    let expected = Array.from({ length: below(random, 6) }, piece).join("");
    const text = new ChunkedText(expected);
    for (let edit = 0; edit < 12; edit++) {
      // A new one for each edit: the library counts lines wrongly where an edit joins or splits a line end.
      const document = TextDocument.create("file:///a", "text", 1, expected);
      const position = () => ({
        line: below(random, document.lineCount + 2) - 1,
        character: below(random, 4000) - 1,
      });
      const [a, b] = [position(), position()];
      assert.deepEqual([text.offsetAt(a), text.offsetAt(b)], [document.offsetAt(a), document.offsetAt(b)]);
      const offsets = [document.offsetAt(a), document.offsetAt(b)];
      const [start, end] = [Math.min(...offsets), Math.max(...offsets)];
      const added = piece();
      text.replace(start, end, added);
      expected = expected.slice(0, start) + added + expected.slice(end);
      assert.equal(text.toString(), expected);
      assert.equal(text.length, expected.length);
    }
  }
});

// With a copy of the text for each edit it takes half a minute.
test("thousands of edits of a long text and of a long line copy neither text each time", {
  timeout: 15_000,
}, () => {
  const lines = new ChunkedText("    value = compute(alpha)\n".repeat(100_000));
  const line = new ChunkedText("value, ".repeat(500_000));
  for (let i = 0; i < 5000; i++) {
    const at = lines.offsetAt({ line: 20 * i, character: 4 });
    lines.replace(at, at + 5, "result");
    const place = line.offsetAt({ line: 0, character: 700 * i });
    line.replace(place, place + 5, "result");
  }
  assert.equal(lines.length, 2_705_000);
  assert.equal(line.toString().split("result").length, 5001);
});
