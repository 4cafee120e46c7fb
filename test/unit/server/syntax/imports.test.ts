import assert from "node:assert/strict";
import { test } from "node:test";
import { pythonImports } from "../../../../server/syntax/imports.ts";
import { importStatements } from "../../../../server/syntax/moduleLanguages.ts";
import { read } from "./read.ts";

const imports = (text: string) =>
  read(importStatements(text, "python"), "python", pythonImports).map(({ module, name, local }) => [
    module,
    name,
    local,
  ]);

test("every form of Python's imports is understood, wherever it stands", () => {
  const text = [
    "import os, a.b.c",
    "import a.b as short",
    "from a.b import c, d as e",
    "def f():",
    "    from . import near",
    "    from ..up.more import (",
    "        one,  # the first",
    "        two as second,",
    "    )",
    "from far import *",
    "from long import \\",
    "    much",
    "important = from_here = 1",
  ].join("\n");
  assert.deepEqual(imports(text), [
    ["os", undefined, "os"],
    ["a.b.c", undefined, "a"],
    ["a.b", undefined, "short"],
    ["a.b", "c", "c"],
    ["a.b", "d", "e"],
    [".", "near", "near"],
    ["..up.more", "one", "one"],
    ["..up.more", "two", "second"],
    ["far", "*", "*"],
    ["long", "much", "much"],
  ]);
  assert.equal(importStatements(text, "rust"), "");
});

test("prose that begins with the word from does not hide the import after it", () => {
  assert.deepEqual(imports('"""Tests, adapted\nfrom NumPy.\n"""\nimport os\nfrom a import b\n'), [
    ["os", undefined, "os"],
    ["a", "b", "b"],
  ]);
});

test("a list may contain comments with brackets, and an unclosed list does not hide other imports", () => {
  assert.deepEqual(imports("from z import (\n    b,  # c) (d\n    e,\n)\nimport os"), [
    ["z", "b", "b"],
    ["z", "e", "e"],
    ["os", undefined, "os"],
  ]);
  assert.deepEqual(imports("from z import \\\n    (b,\n    c)"), [
    ["z", "b", "b"],
    ["z", "c", "c"],
  ]);
  assert.ok(imports("from z import (\nimport os\nx = f(1)\n").some(([module]) => module === "os"));
});

test("finding statements takes time in proportion to the text, also where statements do not end", () => {
  const ms = (line: string, languageId: string, times: number) => {
    const text = line.repeat(times);
    const start = performance.now();
    importStatements(text, languageId);
    return performance.now() - start;
  };
  // A quarter of a million lines would take minutes in quadratic time.
  for (const [line, languageId] of [
    ["from a import (\n", "python"],
    ["from a import (#\n", "python"],
    ["from \\\n", "python"],
    ["export enum E { A, B }\n", "typescript"],
    ["export interface Row {\n  id: string\n}\n", "typescript"],
    ["import /* a\n", "typescript"],
    ["import // a\n", "typescript"],
  ] as const)
    assert.ok(ms(line, languageId, 250_000) < 5_000, line);
});
