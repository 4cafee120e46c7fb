import assert from "node:assert/strict";
import fs, { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { isLocked, lock } from "../../../datastores/lock.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-lock-"));
const { linkSync, renameSync } = fs;
after(() => {
  fs.linkSync = linkSync;
  fs.renameSync = renameSync;
  syncBuiltinESMExports();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes the file system refuse hard links, as some do. */
function refuseLinks(code: string): void {
  fs.linkSync = () => {
    throw Object.assign(new Error(code), { code });
  };
  syncBuiltinESMExports();
}

test("nothing is moved where a claim was released meanwhile: it could be the next process's claim", () => {
  fs.linkSync = () => {
    fs.linkSync = linkSync;
    syncBuiltinESMExports();
    throw Object.assign(new Error("it was there"), { code: "EEXIST" });
  };
  let moves = 0;
  fs.renameSync = (from, to) => {
    moves++;
    renameSync(from, to);
  };
  syncBuiltinESMExports();
  try {
    const release = lock(folder, "released");
    assert.ok(isLocked(folder, "released"));
    assert.equal(moves, 0);
    release();
  } finally {
    fs.renameSync = renameSync;
    syncBuiltinESMExports();
  }
});

test("a name is locked only once, also where the file system does not support hard links", () => {
  for (const code of ["none", "EPERM", "ENOTSUP", "EISDIR", "EXDEV", "EACCES", "UNKNOWN"]) {
    if (code !== "none") refuseLinks(code);
    const release = lock(folder, "build");
    assert.ok(isLocked(folder, "build"), code);
    assert.throws(() => lock(folder, "build"), /Another build is running/, code);
    release();
    assert.deepEqual(readdirSync(folder), [], code);
  }
});
