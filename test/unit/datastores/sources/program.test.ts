import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, test } from "node:test";
import { outputOf } from "../../../../datastores/sources/program.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-program-"));
const path = process.env.PATH;
after(() => {
  process.env.PATH = path;
  rmSync(base, { recursive: true, force: true });
});

const isPosix = process.platform !== "win32";
const options = { timeoutMs: 10_000 };

/** A system whose developer tools are stubs that record that they were run. */
function system(name: string, areInstalled: boolean) {
  const folder = join(base, name);
  mkdirSync(folder);
  const program = (command: string, script: string) => {
    writeFileSync(join(folder, command), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, command), 0o755);
  };
  const notes = join(folder, "notes");
  writeFileSync(notes, "");
  program("git-of-test", `echo run >> ${notes}; echo listed`);
  program("selector", `echo asked >> ${notes}; exit ${areInstalled ? 0 : 2}`);
  process.env.PATH = `${folder}${delimiter}${path}`;
  return {
    standIns: { folder, selector: join(folder, "selector") },
    notes: () => readFileSync(notes, "utf8"),
  };
}

test("a stub of a developer tool is not run where the tools are not installed", {
  skip: !isPosix,
}, async () => {
  const { standIns, notes } = system("without", false);
  for (const command of ["git-of-test", join(standIns.folder, "git-of-test"), "git-of-test"])
    assert.equal(await outputOf(command, [], options, standIns), undefined);
  assert.equal(notes(), "asked\n".repeat(3));
});

test("a stub is run where the tools are installed, and any other program is run without a check", {
  skip: !isPosix,
}, async () => {
  const { standIns, notes } = system("with", true);
  process.env.PATH = `${standIns.folder}/${delimiter}${path}`;
  for (let i = 0; i < 2; i++) assert.equal(await outputOf("git-of-test", [], options, standIns), "listed\n");
  assert.equal(notes(), "asked\nrun\nrun\n", "asked once");
  const elsewhere = { folder: join(base, "elsewhere"), selector: join(base, "none") };
  assert.equal(await outputOf("git-of-test", [], options, elsewhere), "listed\n");
});

test("a program that is missing, fails, prints too much or takes too long has no output", {
  skip: !isPosix,
}, async () => {
  for (const [command, args, more] of [
    ["no-such-program", [], {}],
    [process.execPath, ["-e", "process.exit(3)"], {}],
    [process.execPath, ["-e", "console.log('x'.repeat(5000))"], { mostBytes: 1000 }],
    [process.execPath, ["-e", "setTimeout(() => {}, 60000)"], { timeoutMs: 200 }],
  ] as const)
    assert.equal(await outputOf(command, args, { ...options, ...more }), undefined, `${command} ${args}`);
});

test("a program does not run in the working folder", async () => {
  const output = await outputOf(process.execPath, ["-p", "process.cwd()"], options);
  assert.equal(output?.trim(), realpathSync(dirname(process.execPath)));
});
