import assert from "node:assert/strict";
import { test } from "node:test";
import {
  agrees,
  remainderOf,
  replacedNow,
  restFits,
  typedPart,
  withoutClosedPair,
} from "../../../../server/protocol/typedAlong.ts";

test("what is typed agrees with a text that begins with it, and with one that may still grow to it", () => {
  const cases: [text: string, done: boolean, typed: string, expected: boolean][] = [
    ["foo", false, "fo", true],
    ["foo", true, "fo", true],
    ["foo", true, "", true],
    ["foo", false, "fx", false],
    ["foo", false, "foo(", true],
    ["foo", true, "foo(", false],
    ["foo", false, "fxo(", false],
    ["", false, "", true],
    ["", false, "f", false],
  ];
  for (const [text, done, typed, expected] of cases)
    assert.equal(agrees(text, done, typed), expected, JSON.stringify([text, done, typed]));
  assert.deepEqual(
    [remainderOf("foo", "fo"), remainderOf("foo", "foo"), remainderOf("foo", "x")],
    ["o", "", undefined],
  );
});

test("of a closed pair at the end of what was typed only the opener counts", () => {
  assert.deepEqual(["print()", "x = ''", "()", "f(a)", ")", ""].map(withoutClosedPair), [
    "print(",
    "x = '",
    "(",
    "f(a)",
    ")",
    "",
  ]);
});

test("an automatically closed bracket counts as the typed opening bracket", () => {
  assert.equal(typedPart("()"), "(");
  assert.equal(typedPart('""'), '"');
  assert.equal(typedPart("(a)"), "(a)");
});

test("the rest of the line may gain closers of typed text, and lose text that was typed over or accepted", () => {
  const fitting: [restThen: string, restNow: string, typed: string, replaced?: number][] = [
    ["", "", "abc"],
    [" # note", " # note", "abc"],
    ["", ")", "print("],
    [", 2]", "'), 2]", "f('"],
    ["", "])", "f(["],
    [")", "", "x)"],
    [")]", "]", "f(a))"],
    ["))", ")", "(a)"],
    ['"', '""', 'x["'],
    [", 2)", "", "1, 2)", 4],
    [")  # end", "  # end", "a, b)", 1],
  ];
  for (const [restThen, restNow, typed, replaced = 0] of fitting)
    assert.ok(restFits(restThen, restNow, typed, replaced), JSON.stringify([restThen, restNow, typed]));
  assert.deepEqual(
    [replacedNow(1, ")", "))"), replacedNow(2, "))", ")"), replacedNow(1, "))", ""), replacedNow(0, "", ")")],
    [2, 1, 0, 1],
  );
});

test("any other change after the cursor counts as an edit", () => {
  const edited: [restThen: string, restNow: string, typed: string, replaced?: number][] = [
    [", 2, 3]", ", 3]", ""],
    [", 2)", ")", "1", 4],
    ["", "print(x)", ""],
    ["", "print(x)", "print(x)"],
    ["", ")", ""],
    ["", "))", "f("],
    ["", ")]", "f(["],
    [")", "", ""],
    [" # note", "", "abc"],
    ["x", "", "max"],
    ["x)", "", "x)"],
    ["ab", "cd", "abcd"],
    ["", "c", "ab"],
  ];
  for (const [restThen, restNow, typed, replaced = 0] of edited)
    assert.ok(!restFits(restThen, restNow, typed, replaced), JSON.stringify([restThen, restNow, typed]));
});
