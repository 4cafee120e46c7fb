import assert from "node:assert/strict";
import { test } from "node:test";
import { blankLine, type Cursor, placeOf, typedSince } from "../../../../server/text/documentPosition.ts";
import { TextHash } from "../../../../server/text/textHash.ts";
import { below, seeded } from "../../../fakes/random.ts";

const cursor = (before: string, after: string, uri = "file:///a.py"): Cursor => {
  const text = before + after;
  const snapshot = { uri, languageId: "python", version: 1, text, offset: before.length };
  return { snapshot, hash: new TextHash(text) };
};

test("only what was typed at a place counts, with nothing else changed, and up to a length", () => {
  const random = seeded(17);
  const text = (most: number) =>
    Array.from({ length: below(random, most + 1) }, () => "ab\r\n"[below(random, 4)]).join("");
  let typed = 0;
  for (let round = 0; round < 4000; round++) {
    const [before, after] = [text(4), text(3)];
    // The same beginning and end, or others.
    const now = random() < 0.5 ? before + text(8) : text(9);
    const behind = random() < 0.7 ? after : text(3);
    const uri = random() < 0.9 ? "file:///a.py" : "file:///b.py";
    const most = below(random, 5);
    const added = now.slice(before.length);
    const isSame = now.startsWith(before) && behind === after && uri === "file:///a.py";
    const expected = isSame && added.length <= 2 * most ? added.replace(/\r\n?/g, "\n") : undefined;
    const found = typedSince(placeOf(cursor(before, after)), cursor(now, behind, uri), most);
    assert.equal(found, expected, JSON.stringify({ before, after, now, behind, most }));
    if (found) typed++;
  }
  assert.ok(typed > 200, `${typed} texts`);
});

test("a line counts as blank if only blanks are before the cursor, whatever follows", () => {
  for (const [before, indentation] of [
    ["", ""],
    ["a\n", ""],
    ["a\n \t", " \t"],
    ["a\r\n  ", "  "],
  ] as const) {
    const place = placeOf(cursor(before, "x\ny"));
    const start = before.length - indentation.length;
    assert.deepEqual(place.line, { indentation, before: new TextHash(before).before(start) });
    assert.deepEqual([place.offset, place.tail], [before.length, 3]);
  }
  for (const before of ["a", "  a", "\n a "])
    assert.equal(blankLine(cursor(before, "\n")), undefined, before);
});
