import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { asBytes, ignorePattern, matchesPattern } from "../../../../datastores/sources/ignorePattern.ts";

/** Patterns, paths that match and others: git must agree. */
const PATTERNS: readonly [pattern: string, matching: readonly string[], others: readonly string[]][] = [
  ["a.py", ["a.py", "x/a.py"], ["b.py", "aa.py"]],
  ["/a.py", ["a.py"], ["x/a.py"]],
  ["x/a.py", ["x/a.py"], ["y/x/a.py"]],
  ["x/", ["x/a.py", "y/x/a.py"], ["x.py"]],
  ["*.py  ", ["a.py"], ["a.txt"]],
  ["a\\*.py", ["a*.py"], ["ab.py"]],
  ["**/b/*.py", ["b/a.py", "x/y/b/a.py"], ["b/c/a.py"]],
  ["x/**/z.py", ["x/z.py", "x/y/y/z.py"], ["z.py"]],
  ["x/**", ["x/a.py", "x/y/z.py"], ["a.py"]],
  ["x**y.py", ["xay.py", "x/xby.py"], ["xa.py"]],
  ["[!a-c]?.py", ["d1.py"], ["a1.py", "d.py"]],
  ["[[:digit:]]*.py", ["1a.py"], ["a1.py"]],
  ["[a-.py", [], ["a.py"]],
  ["\\#a.py", ["#a.py"], ["a.py"]],
  ["# a.py", [], ["a.py", "# a.py"]],
  ["a.py\\", [], ["a.py"]],
  ["*a*a*a*b.py", ["xaxaxab.py"], ["aaab.txt"]],
  ["x/*", ["x/a.py", "x/y/a.py"], ["a.py"]],
  // Text before the first wildcard does not count when two stars are checked for standing alone.
  ["x**/z.py", ["x/z.py", "xy/y/z.py"], ["z.py", "y/z.py"]],
  // Git compares bytes: this letter is two of them.
  ["?.py", ["a.py"], ["é.py"]],
  ["??.py", ["é.py", "ab.py"], ["a.py"]],
  ["[!a].py", ["b.py"], ["é.py"]],
  ["[]a].py", ["].py", "a.py"], ["b.py"]],
  ["[z-a].py", ["z.py"], ["a.py", "b.py"]],
  ["[a-].py", ["-.py", "a.py"], ["b.py"]],
  ["[[:nope:]].py", [], ["n.py"]],
  ["[[:x].py", [":.py", "x.py"], ["a.py"]],
  ["a.py \\ ", ["a.py  "], ["a.py"]],
];

/** Whether a line ignores a path, which it also does by one of the path's folders. */
function isIgnored(line: string, path: string): boolean {
  const pattern = ignorePattern(asBytes(line), false);
  const parts = path.split("/").map(asBytes);
  return (
    pattern !== undefined &&
    parts.some((_, depth) => matchesPattern(pattern, parts.slice(0, depth + 1), depth + 1 < parts.length))
  );
}

test("patterns match paths by their folders, names and wildcards", () => {
  for (const [line, matching, others] of PATTERNS) {
    for (const path of matching) assert.ok(isIgnored(line, path), `${line} ${path}`);
    for (const path of others) assert.ok(!isIgnored(line, path), `${line} ${path}`);
  }
});

test("patterns match the same paths in git", {
  skip: process.platform === "win32" || spawnSync("git", ["--version"]).status !== 0,
}, t => {
  const root = mkdtempSync(join(tmpdir(), "foretoken-patterns-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  // Neither the user's own ignore file nor a hook's variables may affect the test.
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  const env = { ...Object.fromEntries(kept), HOME: root, XDG_CONFIG_HOME: root };
  const git = (args: readonly string[], input = "") =>
    spawnSync("git", ["-C", root, ...args], { input, env, encoding: "utf8" });
  assert.equal(git(["init", "-q"]).status, 0);
  for (const [line, matching, others] of PATTERNS) {
    writeFileSync(join(root, ".gitignore"), `${line}\n`);
    // A colon at the start of a path has a meaning of its own there.
    const paths = [...matching, ...others].map(path => `./${path}\0`);
    const { stdout } = git(["check-ignore", "--stdin", "-z"], paths.join(""));
    assert.equal(stdout, paths.slice(0, matching.length).join(""), line);
  }
});

test("hostile patterns are matched in time proportional to their length", () => {
  const start = performance.now();
  const name = "a".repeat(250);
  for (const line of [`${"*a".repeat(120)}b`, `${"**/".repeat(200)}b`, `${"[a-z]*".repeat(100)}0`]) {
    const pattern = ignorePattern(asBytes(line), false);
    assert.ok(pattern);
    assert.equal(matchesPattern(pattern, [name], false), false);
    assert.equal(matchesPattern(pattern, Array<string>(500).fill("a"), false), false);
  }
  assert.ok(performance.now() - start < 2000);
});
