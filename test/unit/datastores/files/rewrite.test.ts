import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { rewrite } from "../../../../datastores/files/rewrite.ts";

const PROCESSES = 6;
const CHANGES = 20;
const [, , shared] = process.argv;

if (shared !== undefined) {
  for (let count = 0; count < CHANGES; count++) rewrite(shared, (text = "") => `${text}x`);
} else {
  const scratch = mkdtempSync(join(tmpdir(), "foretoken-rewrite-"));
  after(() => rmSync(scratch, { recursive: true, force: true }));

  test("changes that processes make at the same time are all in the file", async () => {
    const folder = join(scratch, "shared");
    const file = join(folder, "file.txt");
    const ends = Array.from({ length: PROCESSES }, () =>
      once(fork(fileURLToPath(import.meta.url), [file], { execArgv: [] }), "exit"),
    );
    for (const [code] of await Promise.all(ends)) assert.equal(code, 0);
    assert.equal(readFileSync(file, "utf8").length, PROCESSES * CHANGES);
    assert.deepEqual(readdirSync(folder), ["file.txt"]);
  });

  test("a process that was killed during its change does not keep others from theirs", () => {
    const folder = join(scratch, "killed");
    const file = join(folder, "file.txt");
    mkdirSync(folder);
    writeFileSync(`${file}.lock`, JSON.stringify({ host: hostname(), pid: 2 ** 30, began: "" }));
    rewrite(file, (text = "none") => text);
    assert.equal(readFileSync(file, "utf8"), "none");
    assert.deepEqual(readdirSync(folder), ["file.txt"]);
  });

  test("a change that fails leaves the file as it was, and the next one is made", () => {
    const file = join(scratch, "failed.txt");
    rewrite(file, () => "a");
    assert.throws(() =>
      rewrite(file, () => {
        throw new Error("no");
      }),
    );
    rewrite(file, text => `${text}b`);
    assert.equal(readFileSync(file, "utf8"), "ab");
  });

  test("a file that another process keeps is given up after two seconds, and is as it was", t => {
    const file = join(scratch, "kept.txt");
    writeFileSync(file, "a");
    writeFileSync(`${file}.lock`, JSON.stringify({ host: "elsewhere", pid: 5, began: "" }));
    let now = 0;
    const clock = t.mock.method(performance, "now", () => {
      now += 500;
      return now;
    });
    assert.throws(() => rewrite(file, () => "b"), /Another change is running/);
    assert.deepEqual([clock.mock.callCount(), readFileSync(file, "utf8")], [6, "a"]);
  });

  test("a file that cannot be claimed for another reason is not waited for", t => {
    const clock = t.mock.method(performance, "now", () => 0);
    assert.throws(() => rewrite(join(scratch, "a".repeat(300)), () => "b"), { code: "ENAMETOOLONG" });
    assert.equal(clock.mock.callCount(), 1);
  });
}
