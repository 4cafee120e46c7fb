import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { packageRoot } from "../../../server/system/paths.ts";
import { bundledPackages, thirdPartyNotices } from "../../editor/notices.mjs";

const folder = mkdtempSync(join(tmpdir(), "foretoken-notices-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function packageOf(manifest: Record<string, unknown>, files: Record<string, string> = {}): string {
  const path = join(folder, String(manifest.name));
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "package.json"), JSON.stringify({ version: "1.0.0", ...manifest }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test("each package is listed with its licence and notice, and so are llama.cpp and the grammars", () => {
  const text = thirdPartyNotices(
    packageRoot(),
    [
      packageOf({ name: "a" }, { "LICENSE.txt": "Licence of a", NOTICE: "Notice of a" }),
      packageOf({ name: "b", license: "MIT", author: "B. Author" }),
      packageOf({ name: "d", license: "MIT" }),
      packageOf({ name: "c" }, { "LICENSE-MIT": "one of two", "LICENSE-APACHE": "two of two" }),
    ],
    "PERMISSION",
  );
  assert.match(text, /## a 1\.0\.0\n\n {4}Licence of a\n\n {4}Notice of a/);
  assert.match(text, /## b 1\.0\.0\n\n {4}MIT License\n\n {4}Copyright \(c\) B\. Author\n\n {4}PERMISSION/);
  assert.match(text, /Copyright \(c\) the authors of d/);
  assert.match(text, /two of two\n\n {4}one of two/);
  for (const work of ["llama.cpp and ggml", "tree-sitter-rust"])
    assert.ok(text.includes(`## ${work}\n`), work);
});

test("packages without a licence text are refused by name", () => {
  const bare = packageOf({ name: "bare" });
  const other = packageOf({ name: "other", license: "GPL-3.0", author: "Somebody" });
  assert.throws(
    () => thirdPartyNotices(packageRoot(), [bare, other], ""),
    /Without a licence text: bare, other/,
  );
});

test("every package in the bundles has a licence", () => {
  const folders = bundledPackages(packageRoot());
  assert.ok(folders.length > 5);
  const text = thirdPartyNotices(packageRoot(), folders, "PERMISSION");
  assert.match(text, /## vscode-languageserver /);
});
