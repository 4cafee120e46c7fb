import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptImports } from "../../../../server/syntax/imports.ts";
import { importStatements } from "../../../../server/syntax/moduleLanguages.ts";
import { read } from "./read.ts";

const imports = (text: string) =>
  read(importStatements(text, "typescript"), "typescript", scriptImports).map(({ module, name, local }) => [
    module,
    name,
    local,
  ]);

test("every form of import and re-export is understood, wherever it stands", () => {
  const text = [
    'import fs from "fs";',
    'import Main, { a, b as c, type T } from "./main";',
    "import {",
    "  one,",
    "  two as second,",
    "} from './more.js';",
    'import * as all from "../all";',
    'import type { Q } from "../z";',
    'export { r as s } from "./w";',
    'export * from "./v";',
    'export * as names from "./names";',
    'import "./effects";',
    'export const important = from("./x");',
  ].join("\n");
  assert.deepEqual(imports(text), [
    ["fs", "default", "fs"],
    ["./main", "default", "Main"],
    ["./main", "a", "a"],
    ["./main", "b", "c"],
    ["./main", "T", "T"],
    ["./more.js", "one", "one"],
    ["./more.js", "two", "second"],
    ["../all", undefined, "all"],
    ["../z", "Q", "Q"],
    ["./w", "r", "s"],
    ["./v", "*", "*"],
    ["./names", undefined, "names"],
  ]);
});

test("comments within a statement may contain quotes, brackets and keywords that begin another", () => {
  const text = [
    "import {",
    "  a, // don't (use) b; import c",
    "  /* isn't = used: export",
    "   */ b,",
    '} from "./x";',
    "export interface Row {",
    "  id: string",
    "}",
    'import d from "./y";',
  ].join("\n");
  assert.deepEqual(imports(text), [
    ["./x", "a", "a"],
    ["./x", "b", "b"],
    ["./y", "default", "d"],
  ]);
});
