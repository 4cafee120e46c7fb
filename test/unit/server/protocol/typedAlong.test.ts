import assert from "node:assert/strict";
import { test } from "node:test";
import { replacedNow, restFits, typedPart } from "../../../../server/protocol/typedAlong.ts";

test("a closed bracket counts as the one that was typed", () => {
  assert.equal(typedPart("()"), "(");
  assert.equal(typedPart('""'), '"');
  assert.equal(typedPart("(a)"), "(a)");
});

test("the rest of the line may gain closers of what was typed, and lose those that were typed over", () => {
  const fitting: [restThen: string, restNow: string, typed: string][] = [
    ["", "", "abc"],
    [" # note", " # note", "abc"],
    ["", ")", "print("],
    [", 2]", "'), 2]", "f('"],
    [")", "", "x)"],
    [")]", "]", "f(a))"],
    ["))", ")", "(a)"],
    ['"', '""', 'x["'],
  ];
  for (const [restThen, restNow, typed] of fitting)
    assert.ok(restFits(restThen, restNow, typed), JSON.stringify([restThen, restNow, typed]));
  assert.equal(replacedNow(1, ")", "))"), 2);
});

test("anything else behind the cursor was edited", () => {
  const edited: [restThen: string, restNow: string, typed: string][] = [
    [", 2, 3]", ", 3]", ""],
    ["", "print(x)", ""],
    ["", "print(x)", "print(x)"],
    ["", ")", ""],
    ["", "))", "f("],
    [")", "", ""],
    [" # note", "", "abc"],
    ["", "c", "ab"],
  ];
  for (const [restThen, restNow, typed] of edited)
    assert.ok(!restFits(restThen, restNow, typed), JSON.stringify([restThen, restNow, typed]));
});
