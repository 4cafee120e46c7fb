import assert from "node:assert/strict";
import { before, test } from "node:test";
import { accepted, infilling, withoutTrailingBlanks } from "../bench/infilling.ts";
import { endsWithLine, shownOfTruth } from "../bench/quality.ts";
import { openSandbox } from "../bench/sandbox.ts";
import { grammars } from "../fakes/places.ts";

before(() => grammars.load("python"));

const row = (prompt: string, canonical_solution: string, suffix: string) => ({
  task_id: "a",
  entry_point: "f",
  prompt,
  suffix,
  canonical_solution,
  test: "def check(f):\n    assert f(1) == 2\n",
});
const LINE = row("def f(a):\n", "    b = a + 1\n", "    return b\n");

test("an item that misses whole lines has an empty line, indented, with the cursor in it", () => {
  const { snapshot, truth } = infilling(LINE);
  assert.equal(snapshot.text, "def f(a):\n    \n    return b\n");
  assert.equal(snapshot.offset, "def f(a):\n    ".length);
  assert.equal(truth, "b = a + 1");
});

test("an item that misses part of a line is left as it is", () => {
  const { snapshot, truth } = infilling(row("x = f(", "1, 2", ")\n"));
  assert.deepEqual([snapshot.text, snapshot.offset, truth], ["x = f()\n", 6, "1, 2"]);
});

test("an accepted completion replaces what it repeats of the rest of the line", () => {
  const { snapshot } = infilling(row("x = f(", "1, 2", ")\n"));
  assert.equal(accepted(snapshot, "1, 2)"), "x = f(1, 2)\n");
  assert.equal(accepted(snapshot, "1, 2"), "x = f(1, 2)\n");
  assert.equal(withoutTrailingBlanks("a  \nb\t\n\n"), "a\nb");
});

test("a shown text ends with its line, or earlier where a rule has cut it", () => {
  assert.ok(endsWithLine("a = 1  \nb = 2", { text: "a = 1", finishReason: "statementEnd" }));
  assert.ok(endsWithLine("a = 1)\n", { text: "a = 1", finishReason: "bracket" }));
  assert.ok(!endsWithLine("a = 1 + 2\n", { text: "a = 1", finishReason: "statementEnd" }));
  assert.ok(!endsWithLine("a = 1\nb = 2\n", { text: "a = 1\nb = 2", finishReason: "blockEnd" }));
});

test("of the truth and what follows it, the truth is shown", () => {
  assert.equal(shownOfTruth(infilling(LINE), grammars), "b = a + 1");
});

test("a program passes when it has reached its end without an error", async () => {
  const sandbox = openSandbox();
  const { snapshot, truth, test: check } = infilling(LINE);
  const document = accepted(snapshot, truth);
  assert.ok(await sandbox.passes(`${document}\n${check}`));
  assert.ok(!(await sandbox.passes(`${document.replace("+ 1", "+ 2")}\n${check}`)));
  assert.ok(!(await sandbox.passes("raise SystemExit(0)")), "left early");
  assert.ok(!(await sandbox.passes("def f(:")));
});

test("a program has no environment of ours, no large memory and no large files", async () => {
  const sandbox = openSandbox();
  process.env.FORETOKEN_TEST_SECRET = "x";
  const programs = ["import os\nos.environ['FORETOKEN_TEST_SECRET']"];
  if (process.platform === "linux") {
    programs.push("a = bytearray(3 << 30)", "open('large', 'wb').write(bytes(1 << 22))");
    if (sandbox.withoutNetwork) programs.push("import socket\nsocket.create_connection(('127.0.0.1', 9), 1)");
  }
  for (const program of programs) assert.ok(!(await sandbox.passes(program)), program);
  delete process.env.FORETOKEN_TEST_SECRET;
});
