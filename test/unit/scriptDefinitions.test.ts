import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Node } from "web-tree-sitter";
import { Definitions } from "../../server/context/moduleReader.ts";
import { ShownFiles } from "../../server/context/shownFiles.ts";
import { scriptImports } from "../../server/syntax/imports.ts";
import { importStatements } from "../../server/syntax/moduleLanguages.ts";
import { scriptModule } from "../../server/syntax/modules.ts";
import { scriptDefinitions } from "../../server/syntax/scriptOutline.ts";
import { grammars } from "../fakes/places.ts";

await Promise.all(["typescript", "javascript"].map(id => grammars.load(id)));

function read<T>(text: string, languageId: string, how: (root: Node) => T): T {
  const tree = grammars.parser(languageId)?.parse(text);
  assert.ok(tree);
  try {
    return how(tree.rootNode);
  } finally {
    tree.delete();
  }
}

const outlines = (text: string, languageId = "typescript") =>
  read(text, languageId, scriptDefinitions).map(({ name, outline }) => [name, outline]);

test("every form of import and of handing on is understood, wherever it stands", () => {
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
  const found = read(importStatements(text, "typescript"), "typescript", scriptImports);
  assert.deepEqual(
    found.map(({ module, name, local }) => [module, name, local]),
    [
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
    ],
  );
});

test("relative modules are found with and without their ending, in folders, and by what they are compiled to", () => {
  const files = new Set(["src/a.ts", "src/view.tsx", "src/lib/index.js", "src/b.js", "src/.ts", "index.ts"]);
  const found = (module: string, from = "src/main.ts") => scriptModule(module, from, path => files.has(path));
  assert.equal(found("./a"), "src/a.ts");
  assert.equal(found("./a.ts"), "src/a.ts");
  assert.equal(found("./a.js"), "src/a.ts");
  assert.equal(found("./view.jsx"), "src/view.tsx");
  assert.equal(found("./lib"), "src/lib/index.js");
  assert.equal(found("./lib/"), "src/lib/index.js");
  assert.equal(found("./lib/../b.js"), "src/b.js");
  assert.equal(found("../lib", "src/deep/main.ts"), "src/lib/index.js");
  assert.equal(found(".."), "index.ts");
  assert.equal(found("../../a"), undefined, "beyond the workspace");
  assert.equal(found("a"), undefined, "a package");
  assert.equal(found("./data.json"), undefined);
});

test("functions and constants are shown by their signature, with the first sentence of what is generated of them", () => {
  const text = [
    "/**",
    " * The sum of a basket.",
    " * @param basket not empty",
    " */",
    "export function total(",
    "  basket: Basket, // all of it",
    "  discount = 0,",
    "): number {",
    "  return basket.sum * (1 - discount);",
    "}",
    "export const later = async (task: Task): Promise<void> => {",
    "  await task();",
    "};",
    "export const LIMIT = 3, TABLE: Record<string, number> = {",
    "  a: 1,",
    "};",
    "const { hidden } = total;",
  ].join("\n");
  assert.deepEqual(outlines(text), [
    ["total", "/** The sum of a basket. */\nexport function total(basket: Basket, discount = 0): number;"],
    ["later", "export const later = async (task: Task): Promise<void> => ...;"],
    ["LIMIT", "export const LIMIT = 3;"],
    ["TABLE", "export const TABLE: Record<string, number> = ...;"],
  ]);
});

test("a class is shown by its public members, a type as it stands", () => {
  const text = [
    "export abstract class Basket<T> extends Base implements Sized {",
    "  readonly owner: string;",
    "  private secret = 1;",
    "  #hidden = 2;",
    "  table = new Map([",
    "    [1, 2],",
    "  ]);",
    "  constructor(readonly items: T[]) {",
    "    super();",
    "  }",
    "  get size(): number { return this.items.length; }",
    "  abstract add(item: T): void;",
    "  protected grow() {}",
    "}",
    "export interface Sized {",
    "  readonly size: number;",
    "}",
    'export type Kind = "a" | "b";',
    "enum Level { Low, High }",
  ].join("\n");
  assert.deepEqual(outlines(text), [
    [
      "Basket",
      [
        "export abstract class Basket<T> extends Base implements Sized {",
        "  readonly owner: string;",
        "  table;",
        "  constructor(readonly items: T[]);",
        "  get size(): number;",
        "  abstract add(item: T): void;",
        "}",
      ].join("\n"),
    ],
    ["Sized", "export interface Sized {\n  readonly size: number;\n}"],
    ["Kind", 'export type Kind = "a" | "b";'],
    ["Level", "enum Level { Low, High }"],
  ]);
});

test("what a file exports by default is known as such, however it is written", () => {
  assert.deepEqual(outlines("export default function main(a) { return a; }", "javascript"), [
    ["default", "export default function main(a);"],
  ]);
  assert.deepEqual(outlines("class Main { run() {} }\nexport default Main;\n", "javascript"), [
    ["Main", "class Main {\n  run();\n}"],
    ["default", "class Main {\n  run();\n}"],
  ]);
});

test("what a script uses of its imports is found in the workspace, through files that hand it on", () => {
  const root = mkdtempSync(join(tmpdir(), "foretoken-scripts-"));
  const files = {
    "index.ts": 'export { Basket as Cart } from "./cart.js";\nexport * from "./tax";\n',
    "cart.ts": "export class Basket {}\n",
    "tax.js": "export function taxOf(price) {}\nexport function unused() {}\n",
    "all.ts": "export const first = 1;\nexport const second = 2;\n",
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
  const definitions = new Definitions({
    files: new ShownFiles(() => {}, [root]),
    parser: id => grammars.parser(id),
    openText: () => undefined,
  });
  const text = 'import { Cart, taxOf } from ".";\nimport * as all from "./all";\n';
  const { files: shown } = definitions.around(
    { root, path: "main.ts" },
    "typescript",
    definitions.imports(text, "typescript"),
    { around: new Set(["Cart", "taxOf", "all", "second"]), distance: () => 0, isShown: () => false },
    () => false,
  );
  assert.deepEqual(shown, [
    { path: "cart.ts", text: "export class Basket {}" },
    { path: "tax.js", text: "export function taxOf(price);" },
    { path: "all.ts", text: "export const second = 2;" },
  ]);
  rmSync(root, { recursive: true });
});

test("when the time is up a file is left half parsed, and read the next time", () => {
  const root = mkdtempSync(join(tmpdir(), "foretoken-late-"));
  writeFileSync(join(root, "large.ts"), "export function wanted() {}\nf(a, b, c);\n".repeat(2000));
  const definitions = new Definitions({
    files: new ShownFiles(() => {}, [root]),
    parser: id => grammars.parser(id),
    openText: () => undefined,
  });
  const shown = (limit: number) => {
    let asked = 0;
    const using = { around: new Set(["wanted"]), distance: () => 0, isShown: () => false };
    const statements = 'import { wanted } from "./large";';
    const { files } = definitions.around({ root, path: "main.ts" }, "typescript", statements, using, () => {
      return ++asked > limit;
    });
    return { paths: files.map(({ path }) => path), asked };
  };
  const { asked } = shown(Number.POSITIVE_INFINITY);
  writeFileSync(join(root, "large.ts"), "export function wanted() {}\nf(a, b, c, d);\n".repeat(2000));
  assert.deepEqual(shown(Math.floor(asked / 2)).paths, []);
  assert.deepEqual(shown(Number.POSITIVE_INFINITY).paths, ["large.ts"]);
  rmSync(root, { recursive: true });
});
