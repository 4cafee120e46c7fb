import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeFolder } from "../../../../datastores/files/makeFolder.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-folder-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const failure = (code: string) => (error: unknown) => (error as NodeJS.ErrnoException).code === code;

test("a folder is created with its parents, for its owner alone, and creating it again succeeds", () => {
  const path = join(folder, "a", "b", "c");
  makeFolder(path);
  makeFolder(path);
  makeFolder(`${path}/`);
  if (process.platform !== "win32")
    for (const made of [path, join(folder, "a")]) assert.equal(statSync(made).mode & 0o777, 0o700);
});

test("a link to a folder is accepted as a folder", () => {
  symlinkSync(folder, join(folder, "link"), "junction");
  makeFolder(join(folder, "link"));
  makeFolder(join(folder, "link", "within"));
  assert.ok(statSync(join(folder, "within")).isDirectory());
});

test("a file in the way is reported as the error", () => {
  writeFileSync(join(folder, "file"), "");
  assert.throws(() => makeFolder(join(folder, "file")), failure("EEXIST"));
  assert.throws(() => makeFolder(join(folder, "file", "below")), failure("ENOTDIR"));
  symlinkSync(join(folder, "nowhere"), join(folder, "dangling"), "junction");
  assert.throws(() => makeFolder(join(folder, "dangling")), failure("EEXIST"));
});

test("an error is thrown, without endless retries, where a file system does not create folders", {
  skip: process.platform === "linux" ? false : "/proc is Linux's",
}, () => {
  assert.throws(() => makeFolder("/proc/foretoken"), failure("ENOENT"));
  assert.throws(() => makeFolder("/proc/foretoken/below"), failure("ENOENT"));
});
