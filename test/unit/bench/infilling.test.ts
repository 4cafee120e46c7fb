import assert from "node:assert/strict";
import { test } from "node:test";
import { accepted, infilling, withoutTrailingBlanks } from "../../bench/infilling.ts";
import { LINE, row } from "./problems.ts";

test("an item that lacks whole lines gets an empty, indented line with the cursor in it", () => {
  const { snapshot, truth } = infilling(LINE);
  assert.equal(snapshot.text, "def f(a):\n    \n    return b\n");
  assert.equal(snapshot.offset, "def f(a):\n    ".length);
  assert.equal(truth, "b = a + 1");
});

test("an item that lacks part of a line is left as it is", () => {
  const { snapshot, truth } = infilling(row("x = f(", "1, 2", ")\n"));
  assert.deepEqual([snapshot.text, snapshot.offset, truth], ["x = f()\n", 6, "1, 2"]);
});

test("an accepted completion replaces what it repeats of the rest of the line", () => {
  const { snapshot } = infilling(row("x = f(", "1, 2", ")\n"));
  assert.equal(accepted(snapshot, "1, 2)"), "x = f(1, 2)\n");
  assert.equal(accepted(snapshot, "1, 2"), "x = f(1, 2)\n");
  assert.equal(withoutTrailingBlanks("a  \nb\t\n\n"), "a\nb");
});
