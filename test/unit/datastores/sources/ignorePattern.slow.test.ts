import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { asBytes, ignorePattern, matchesPattern } from "../../../../datastores/sources/ignorePattern.ts";
import { below, seeded } from "../../../fakes/random.ts";

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
function isIgnored(line: string, path: string, ignoreCase = false): boolean {
  const pattern = ignorePattern(asBytes(line), ignoreCase);
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

/** Folders with an ignore file each, of one line: which of their paths git ignores. */
function ignoredByGit(
  t: TestContext,
  folders: readonly (readonly [line: string, paths: readonly string[]])[],
  ignoreCase: boolean,
): ReadonlySet<string> {
  const root = mkdtempSync(join(tmpdir(), "foretoken-patterns-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  // Neither the user's own ignore file nor a hook's variables may affect the test.
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  const env = { ...Object.fromEntries(kept), HOME: root, XDG_CONFIG_HOME: root };
  const git = (args: readonly string[], input = "") =>
    spawnSync("git", ["-C", root, ...args], { input, env, encoding: "utf8", maxBuffer: 2 ** 26 });
  assert.equal(git(["init", "-q"]).status, 0);
  for (const [folder, [line]] of folders.entries()) {
    mkdirSync(join(root, `${folder}`));
    writeFileSync(join(root, `${folder}`, ".gitignore"), `${line}\n`);
  }
  const all = folders.flatMap(([, paths], folder) => paths.map(path => `${folder}/${path}\0`));
  const args = ["-c", `core.ignorecase=${ignoreCase}`, "check-ignore", "--stdin", "-z"];
  return new Set(git(args, all.join("")).stdout.split("\0"));
}

const WITHOUT_GIT = process.platform === "win32" || spawnSync("git", ["--version"]).status !== 0;

test("patterns match the same paths in git", { skip: WITHOUT_GIT }, t => {
  const folders = PATTERNS.map(([line, matching, others]) => [line, [...matching, ...others]] as const);
  const ignored = ignoredByGit(t, folders, false);
  for (const [folder, [line, matching, others]] of PATTERNS.entries()) {
    for (const path of matching) assert.ok(ignored.has(`${folder}/${path}`), `${line} ${path}`);
    for (const path of others) assert.ok(!ignored.has(`${folder}/${path}`), `${line} ${path}`);
  }
});

/** Parts of lines and of names. */
const PARTS =
  "a b A Z é 1 * * ** ? / / \\ [ ] ! - : ^ # **/ /** /**/ \\/ [!a] [^b] [a-z] [A-Z] [a-\\z] [\\]] [b-] [!]-a] [1-9b] [[:upper:]] [[:lower:]] [![:digit:]] [[:alpha:]_] [[:punct:]] [[:x]";
const NAMES = "a b A Z é 1 ab bA - ] \\ ! _ [ ^ x # : ~ m".split(" ");

for (const ignoreCase of [false, true])
  test(`random patterns match the same paths in git, ${ignoreCase ? "also" : "but not"} in another letter case`, {
    skip: WITHOUT_GIT,
  }, t => {
    const random = seeded(ignoreCase ? 8 : 7);
    const one = (of: readonly string[]) => of[below(random, of.length)]!;
    const some = (most: number, make: () => string) => Array.from({ length: 1 + below(random, most) }, make);
    const parts = PARTS.split(" ");
    const folders = Array.from({ length: 600 }, () => {
      const line = some(5, () => one(parts)).join("");
      const paths = Array.from({ length: 20 }, () =>
        some(3, () => some(2, () => one(NAMES)).join("")).join("/"),
      );
      // A line that re-includes ignores nothing by itself.
      return [line.replace(/^!/, ""), [...new Set(paths)]] as const;
    });
    const ignored = ignoredByGit(t, folders, ignoreCase);
    let count = 0;
    for (const [folder, [line, paths]] of folders.entries())
      for (const path of paths) {
        const isSame = ignored.has(`${folder}/${path}`) === isIgnored(line, path, ignoreCase);
        assert.ok(isSame, `${line} ${path}`);
        if (ignored.has(`${folder}/${path}`)) count++;
      }
    assert.ok(count > 1000, `${count} are ignored`);
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
