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
