import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { EXPECTED_RELEASE } from "../../../../server/engine/libllama.ts";
import { cudaPackage, sha512Of } from "../../../../server/libraries/packages.ts";
import { librariesFile, packageRoot } from "../../../../server/system/paths.ts";

const scratch = mkdtempSync(join(tmpdir(), "foretoken-packages-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function listed(text: string): string {
  const file = join(scratch, "libraries.json");
  writeFileSync(file, text);
  return file;
}

test("the build records CUDA's libraries of the pinned release with the lock file's hash", () => {
  const found = cudaPackage(librariesFile(), "linux", "x64");
  assert.equal(found?.version, EXPECTED_RELEASE);
  const { packages } = JSON.parse(readFileSync(join(packageRoot(), "package-lock.json"), "utf8"));
  assert.equal(found.integrity, packages[`node_modules/${found.name}`].integrity);
  assert.match(sha512Of(found), /^[0-9a-f]{128}$/);
});

test("no package is offered where there is none or its hash is unknown", () => {
  const good = `sha512-${"A".repeat(86)}==`;
  const list = (integrity: unknown) =>
    listed(JSON.stringify([null, 5, { name: "@node-llama-cpp/win-x64-cuda", version: "1", integrity }]));
  assert.equal(cudaPackage(list(good), "win32", "x64")?.integrity, good);
  for (const integrity of [undefined, "", "sha1-AAAA", "sha512-AAAA", 5])
    assert.equal(cudaPackage(list(integrity), "win32", "x64"), undefined);
  assert.equal(cudaPackage(list(good), "darwin", "arm64"), undefined);
  assert.equal(cudaPackage(list(good), "win32", "arm64"), undefined);
  for (const text of ["", "{}", "null"]) assert.equal(cudaPackage(listed(text), "linux", "x64"), undefined);
  assert.equal(cudaPackage(join(scratch, "nowhere"), "linux", "x64"), undefined);
});
