import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { largestPackage } from "../../bench/codeFiles.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-bench-"));

after(() => rmSync(folder, { recursive: true, force: true }));

test("the largest package of a project's size is found, and very large, very small and data packages are not", () => {
  const library = join(folder, "library");
  const make = (name: string, files: number, bytes: number) => {
    mkdirSync(join(library, name), { recursive: true });
    writeFileSync(join(library, name, "__init__.py"), "");
    for (let i = 0; i < files; i++) writeFileSync(join(library, name, `m${i}.py`), "#".repeat(bytes));
  };
  make("small", 15, 10);
  make("few", 14, 1000);
  make("many", 201, 1000);
  make("encodings", 30, 1000);
  assert.equal(largestPackage(library), join(library, "small"));
  make("large", 20, 10);
  assert.equal(largestPackage(library), join(library, "large"));
  assert.throws(() => largestPackage(join(library, "large")), /needs --corpus FOLDER/);
});
