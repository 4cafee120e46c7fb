import assert from "node:assert/strict";
import { test } from "node:test";
import { replacedNow, restFits, typedPart } from "../../../../server/protocol/typedAlong.ts";

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
  assert.equal(replacedNow(1, ")", "))"), 2);
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
    ["", "c", "ab"],
  ];
  for (const [restThen, restNow, typed, replaced = 0] of edited)
    assert.ok(!restFits(restThen, restNow, typed, replaced), JSON.stringify([restThen, restNow, typed]));
});
