import assert from "node:assert/strict";
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { StoreError } from "../../../datastores/document.ts";
import { isLocked, lock, lockedNames, refuseLocked } from "../../../datastores/lock.ts";

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

const HOUR_MS = 60 * 60_000;
const elsewhere = { host: "elsewhere", pid: 5, began: "" };
const here = { host: hostname(), pid: process.pid, began: "" };

/** A folder of its own with a claim to `build`, renewed so long ago. */
function claimed(owner: unknown, ageMs = 0): { directory: string; path: string } {
  const directory = mkdtempSync(join(folder, "claim-"));
  const path = join(directory, "build.lock");
  writeFileSync(path, JSON.stringify(owner));
  const time = new Date(Date.now() - ageMs);
  utimesSync(path, time, time);
  return { directory, path };
}

test("a claim of a process that has ended, and one that names none, is taken over", () => {
  const free: [owner: unknown, ageMs: number][] = [
    [elsewhere, HOUR_MS],
    [elsewhere, -1000 * HOUR_MS],
    [here, HOUR_MS],
    [{ ...here, pid: 2 ** 30 }, 0],
    ["half writ", 0],
    [null, 0],
    [{ pid: process.pid, began: "" }, 0],
    // The system takes these for groups of processes, which exist.
    ...["x", 0, -1, 1.5].map((pid): [object, number] => [{ ...here, pid }, 0]),
  ];
  if (process.platform === "linux") free.push([{ ...here, began: "1" }, 0]);
  for (const [owner, age] of free) {
    const { directory } = claimed(owner, age);
    assert.equal(isLocked(directory, "build"), false, JSON.stringify(owner));
    lock(directory, "build")();
    assert.deepEqual(readdirSync(directory), [], JSON.stringify(owner));
  }
});

test("a folder in the place of a claim, which other programs make, is taken away", () => {
  const directory = mkdtempSync(join(folder, "other-"));
  mkdirSync(join(directory, "build.lock"));
  lock(directory, "build")();
  assert.deepEqual(readdirSync(directory), []);
});

test("a claim that may be held is refused with its process, its activity and the file to delete", () => {
  for (const [owner, age] of [
    [elsewhere, 0],
    [elsewhere, HOUR_MS / 12],
    [here, 0],
  ] as const) {
    const { directory, path } = claimed(owner, age);
    const { pid, host } = owner;
    const problem = {
      code: "busy",
      message: `Another change is running in ${directory} (process ${pid} on ${host}).`,
      remedy: `Wait until it has finished; if it is no longer running, delete ${path}.`,
    };
    const isRefused = (error: unknown) => {
      assert.ok(error instanceof StoreError);
      assert.deepEqual(error.problem, problem);
      return true;
    };
    assert.throws(() => lock(directory, "build", "change"), isRefused);
    assert.throws(() => refuseLocked(directory, "build", "change"), isRefused);
    assert.deepEqual(readdirSync(directory), ["build.lock"]);
  }
});

test("the claimed names of a folder are those that running processes hold", () => {
  const { directory } = claimed(here);
  writeFileSync(join(directory, "dead.lock"), JSON.stringify({ ...here, pid: 2 ** 30 }));
  writeFileSync(join(directory, "notes"), JSON.stringify(here));
  assert.deepEqual(lockedNames(directory), ["build"]);
});

test("releasing leaves the claim of another process that has taken over", () => {
  const directory = mkdtempSync(join(folder, "lost-"));
  const path = join(directory, "build.lock");
  const release = lock(directory, "build");
  writeFileSync(path, JSON.stringify(elsewhere));
  release();
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), elsewhere);
});

test("a folder that cannot be written is not taken for a claimed one", () => {
  const missing = join(folder, "missing");
  assert.throws(() => lock(missing, "build"), { code: "ENOENT" });
  assert.equal(existsSync(missing), false);
});
