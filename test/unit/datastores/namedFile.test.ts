import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DenyList } from "../../../datastores/filters/denyList.ts";
import { readNamed } from "../../../datastores/namedFile.ts";
import { readCatalogue } from "../../../server/catalogue/catalogue.ts";
import { snapshotAt } from "../../../server/place.ts";
import { firstBytes } from "../../../server/system/firstBytes.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-named-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("a named file is read, also through a link, and a missing file and a folder are refused with their codes", () => {
  const [file, link] = [join(folder, "a.py"), join(folder, "link.py")];
  writeFileSync(file, "a = 1\n");
  symlinkSync(file, link);
  assert.equal(readNamed(file).toString(), "a = 1\n");
  assert.equal(readNamed(link).toString(), "a = 1\n");
  assert.throws(() => readNamed(join(folder, "none")), { code: "ENOENT" });
  assert.throws(() => readNamed(folder), { code: "EISDIR" });
});

test("a pipe without a writer and an endless device are refused at once, wherever a user may name a file", {
  skip: process.platform === "win32" && "there are no such files",
}, () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const refusal = "it is not a regular file; write what it gives to a file, and name that file.";
  for (const path of [pipe, "/dev/zero"]) {
    assert.throws(() => snapshotAt(`${path}:1:1`, assert.fail), {
      message: `${path} cannot be read: ${refusal}`,
    });
    assert.throws(() => DenyList.read(path), {
      message: `The deny list ${path} cannot be read: ${refusal} Check the path.`,
    });
    assert.throws(() => firstBytes(path, 4), { message: refusal.slice(0, -1) });
    const catalogue = readCatalogue(path);
    assert.ok("problem" in catalogue);
    assert.equal(catalogue.problem.message, `The catalogue ${path} cannot be read: ${refusal}`);
  }
});
