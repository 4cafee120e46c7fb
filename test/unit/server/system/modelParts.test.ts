import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { modelBytes, modelStamp, partsOf } from "../../../../server/system/index.ts";

test("a split file has all its parts, and any other file is its only part", () => {
  assert.deepEqual(partsOf("a.gguf"), ["a.gguf"]);
  assert.deepEqual(partsOf("d/m-00001-of-00003.gguf"), [
    "d/m-00001-of-00003.gguf",
    "d/m-00002-of-00003.gguf",
    "d/m-00003-of-00003.gguf",
  ]);
});

test("the size of a split model is that of all its parts, and its stamp changes with each of them", () => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-parts-"));
  const [first = "", second = ""] = partsOf(join(folder, "m-00001-of-00002.gguf"));
  assert.equal(modelBytes(first), 0);
  assert.equal(modelStamp(first), undefined);
  writeFileSync(first, "1234");
  writeFileSync(second, "12");
  assert.equal(modelBytes(first), 6);
  const stamp = modelStamp(first);
  writeFileSync(second, "123");
  assert.equal(modelBytes(first), 7);
  assert.notEqual(modelStamp(first), stamp);
  rmSync(folder, { recursive: true });
});
