import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configValue } from "../../../../datastores/sources/gitConfig.ts";

const NAME = "core.excludesfile";

/** A configuration and the value of `core.excludesFile` in it. */
const CASES: readonly [string, string | undefined][] = [
  ["[core]\n\texcludesFile = ~/ignores\n", "~/ignores"],
  ["[core]\n\texcludesfile = a # mine\n", "a"],
  ["[core]\nexcludesfile=a;mine\n", "a"],
  ['[core]\nexcludesfile = "a # b" \t ; c\n', "a # b"],
  ['[core]\nexcludesfile = "~/"a" b"\n', "~/a b"],
  ["[core] excludesfile = a\n", "a"],
  ["[CORE]\nEXCLUDESFILE = a\r\n", "a"],
  ["[core]\nexcludesfile = a\nexcludesfile = b\n", "b"],
  ["[core]\nexcludesfile = a\n[other]\nexcludesfile = b\n", "a"],
  ['[core "sub"]\nexcludesfile = b\n', undefined],
  ["[core]\nexcludesfile =\n", ""],
  ["[core]\nexcludesfile = a\\\\b\\tc\\\n d\n", "a\\b\tc d"],
  ["[core]\neditor = vi ; excludesfile = b\n# excludesfile = c\n", undefined],
  ["[core]\n  excludesfile = a b   c  \n", "a b   c"],
  ["[core]\n; excludesfile = c\n", undefined],
  ["[core\n]\nexcludesfile = c\n", undefined],
  ['[core]\nexcludesfile = "  a"\n', "  a"],
  ["[core]\r\nexcludesfile = a\\\r\n b\r\n", "a b"],
  ["[core]\nexcludesfile = a\n# comment\nexcludesfile = b\n", "b"],
  ["[core]\nexcludesfile = a # mine\nexcludesfile = b\n", "b"],
  ["[core]\nexcludesfile = a\\\n", "a"],
  ["[core]\nexcludesfile = \\n\n", "\n"],
  // Only these are blanks to git, and a name may end with another.
  ["[core]\nexcludesfile = \f\u00a0a\v\u2003\ufeff \r\n", "\f\u00a0a\v\u2003\ufeff"],
  // Without a value, a variable is true, which `git config` prints as nothing unless it is asked for a boolean.
  ["[core]\neditor\nexcludesfile = a\n", "a"],
  ["[core]\neditor \r\nexcludesfile = a\n", "a"],
  ["", undefined],
];

test("a value is read as git reads it, with sections, comments, quotes and escapes, and the last one wins", () => {
  for (const [text, value] of CASES)
    assert.equal(
      configValue(text, NAME, () => undefined),
      value,
      text,
    );
});

test("git reads the same values", { skip: spawnSync("git", ["--version"]).status !== 0 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-config-"));
  const file = join(folder, "config");
  for (const [text, value] of CASES) {
    writeFileSync(file, text);
    const { status, stdout } = spawnSync("git", ["config", "-f", file, "--get", NAME], { encoding: "utf8" });
    assert.equal(status === 0 ? stdout.slice(0, -1) : undefined, value, text);
  }
  rmSync(folder, { recursive: true, force: true });
});

test("a variable without a value is true, and one that is set to nothing is not", () => {
  const value = (text: string) => configValue(text, "core.ignorecase", () => undefined);
  for (const text of ["[core]\nignorecase", "[core]\n\tIgnoreCase \n", "[core] ignorecase\r\n[x]\ny = z\n"])
    assert.equal(value(text), "true", text);
  assert.equal(value("[core]\nignorecase = false\nignorecase\n"), "true");
  assert.equal(value("[core]\nignorecase\nignorecase =\n"), "");
});

test("an included file counts at its place, and files that include themselves do not cause an endless loop", () => {
  const files: Record<string, string> = {
    a: "[core]\nexcludesfile = of a\n",
    loop: "[include]\npath = loop\n[core]\nexcludesfile = of loop\n",
  };
  const value = (text: string) => configValue(text, NAME, path => files[path]);
  assert.equal(value("[core]\nexcludesfile = b\n[include]\npath = a\n"), "of a");
  assert.equal(value("[include]\npath = a\n[core]\nexcludesfile = b\n"), "b");
  assert.equal(value("[include]\npath = absent\n[core]\nexcludesfile = b\n"), "b");
  assert.equal(value("[include]\npath = loop\n"), "of loop");
  assert.equal(
    configValue("[include]\npath =\n", NAME, path => assert.fail(`"${path}" is no file`)),
    undefined,
  );
});
