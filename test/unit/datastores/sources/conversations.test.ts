import assert from "node:assert/strict";
import { test } from "node:test";
import { joinTurns, textAt } from "../../../../datastores/sources/conversations.ts";

test("turns are trimmed and joined with a blank line, and anything that is not text is left out", () => {
  assert.equal(joinTurns([" a\n", "", "b", null, 5]), "a\n\nb");
  assert.equal(joinTurns([""]), "");
  assert.equal(joinTurns([null]), undefined);
  assert.equal(joinTurns([]), undefined);
});

test("a path leads through objects and through each item of lists", () => {
  const item = {
    text: "plain",
    "a.b": "with a dot",
    a: { b: "within", list: [{ c: "one" }, { c: "two" }, { d: "other" }] },
    flat: ["x", "y"],
    number: 5,
    nothing: null,
  };
  assert.deepEqual(textAt(item, "text"), { text: "plain", isConversation: false });
  assert.deepEqual(textAt(item, "a.b"), { text: "with a dot", isConversation: false });
  assert.deepEqual(textAt(item, "a.list.c"), { text: "one\n\ntwo", isConversation: true });
  assert.deepEqual(textAt(item, "flat"), { text: "x\n\ny", isConversation: true });
  const missing = ["number", "none", "a.none", "a.list.none", "text.length", "toString", "flat.length"];
  for (const path of [
    ...missing,
    "text.0",
    "nothing.b",
    "number.b",
    "constructor.name",
    "a.constructor.name",
  ])
    assert.equal(textAt(item, path), undefined, path);
});
