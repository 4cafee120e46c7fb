import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Definitions } from "../../../../server/context/moduleReader.ts";
import { ShownFiles } from "../../../../server/context/shownFiles.ts";
import { grammars } from "../../../fakes/places.ts";

await Promise.all(["typescript", "javascript", "python"].map(id => grammars.load(id)));

test("the imports that a script uses are found in the workspace, also through files that re-export them", () => {
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

test("a file is left partly parsed when the time is up, and is read the next time", () => {
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

/** Definitions of the names that a module imports from `mod` and uses. */
function usesOf(definitions: Definitions, root: string, names: readonly string[]) {
  const text = `from mod import ${names.join(", ")}\n`;
  const using = { around: new Set(names), distance: () => 0, isShown: () => false };
  return definitions.around(
    { root, path: "main.py" },
    "python",
    definitions.imports(text, "python"),
    using,
    () => false,
  );
}

test("a file is no longer shown once git ignores it, and is shown again once git does not", async () => {
  const root = mkdtempSync(join(tmpdir(), "foretoken-ignored-"));
  writeFileSync(join(root, "mod.py"), "def helper(a, b):\n    pass\n");
  const shown = new ShownFiles(() => {}, [root]);
  const parser = (id: string) => grammars.parser(id);
  const definitions = new Definitions({ files: shown, parser, openText: () => undefined });
  const before = usesOf(definitions, root, ["helper"]);
  assert.deepEqual(before.files, [{ path: "mod.py", text: "def helper(a, b): ..." }]);
  assert.ok(before.isCurrent());
  writeFileSync(join(root, ".gitignore"), "mod.py\n");
  await shown.refresh(root);
  assert.ok(!before.isCurrent());
  const ignored = usesOf(definitions, root, ["helper"]);
  assert.deepEqual(ignored.files, []);
  rmSync(join(root, ".gitignore"));
  await shown.refresh(root);
  assert.ok(!ignored.isCurrent());
  assert.equal(usesOf(definitions, root, ["helper"]).files.length, 1);
  rmSync(root, { recursive: true });
});

test("a file whose parser is not loaded yet is read once it is, and not with another language's parser", () => {
  const root = mkdtempSync(join(tmpdir(), "foretoken-late-"));
  let isThere = false;
  const definitions = new Definitions({
    files: new ShownFiles(() => {}, [root]),
    parser: id => (id === "typescript" || isThere ? grammars.parser(id) : undefined),
    openText: () => undefined,
  });
  writeFileSync(join(root, "lib.js"), "export function helper(a) {}\n");
  const using = { around: new Set(["helper"]), distance: () => 0, isShown: () => false };
  const around = () =>
    definitions.around(
      { root, path: "main.ts" },
      "typescript",
      'import { helper } from "./lib";',
      using,
      () => false,
    );
  const early = around();
  assert.deepEqual(early.files, []);
  assert.ok(early.isCurrent());
  isThere = true;
  assert.ok(!early.isCurrent());
  assert.deepEqual(around().files, [{ path: "lib.js", text: "export function helper(a);" }]);
  rmSync(root, { recursive: true });
});
