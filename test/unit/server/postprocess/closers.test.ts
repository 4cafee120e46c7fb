import assert from "node:assert/strict";
import { test } from "node:test";
import { closesOnly } from "../../../../server/postprocess/closers.ts";
import { barePlace, placeAt } from "../../../../server/postprocess/place.ts";
import { surroundings } from "../../../../server/text/snapshot.ts";

/** The place at the end of a Python text. */
function after(text: string) {
  const snapshot = { uri: "file:///a.py", languageId: "python", version: 1, text, offset: text.length };
  return placeAt(snapshot, surroundings(snapshot), undefined).place;
}

test("a text of closing brackets, statement ends and blanks counts as closers only", () => {
  const place = barePlace({ linePrefix: "f(", lineSuffix: "", nextLine: "" });
  for (const text of [")", "])", ");", "\n}", "  }\n}\n", ";"])
    assert.equal(closesOnly(text, place), true, text);
  for (const text of ["a)", "()", "),", "", "\n", "): ", ") {"])
    assert.equal(closesOnly(text, place), false, JSON.stringify(text));
});

test("a quote counts as a closer where its string is open, and not elsewhere", () => {
  const open = after('print("hello');
  for (const text of ['"', '")', ' ")\n']) assert.equal(closesOnly(text, open), true, text);
  for (const text of [' world"', ")", "'", '" + "']) assert.equal(closesOnly(text, open), false, text);
  assert.equal(closesOnly('""', after("x = ")), false, "an empty string");
  assert.equal(closesOnly('"""', after('"""What it does.')), true);
});
