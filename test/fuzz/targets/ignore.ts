/** Ignore files of any kind: the rules say what git says, in bounded time. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IgnoreRules } from "../../../datastores/sources/gitignore.ts";
import { below } from "../../fakes/random.ts";
import { pick, times } from "../random.ts";
import type { FuzzTarget, Random } from "../target.ts";

const PIECES = [
  "a",
  "b",
  "ab",
  "A",
  ".",
  "..",
  "*",
  "**",
  "***",
  "?",
  "[a]",
  "[!a]",
  "[^a-b]",
  "[a-",
  "[]a]",
  "[[:alpha:]]",
  "[[:nope:]]",
  "[z-a]",
  "/",
  "//",
  "\\",
  "\\*",
  "\\ ",
  " ",
  "!",
  "#",
  "\t",
  "é",
  "{a,b}",
  "(a|b)",
  "-",
  "[--a]",
  "[\\]]",
];
const NAMES = [
  "a",
  "b",
  "ab",
  "A",
  "a b",
  "a*",
  "é",
  "aa",
  "b.py",
  "[a]",
  "!a",
  "#a",
  " a",
  "a-b",
  "\\a",
  "{a,b}",
];

const line = (random: Random) => times(random, 6, () => pick(random, PIECES)).join("");
const path = (random: Random) =>
  Array.from({ length: 1 + below(random, 4) }, () => pick(random, NAMES)).join("/");

function attempt(random: Random, root: string): void {
  const texts = [
    ["", [line(random), line(random), line(random)]],
    ["a/", [line(random)]],
  ] as const;
  mkdirSync(join(root, "a"), { recursive: true });
  for (const [folder, lines] of texts)
    writeFileSync(join(root, folder, ".gitignore"), lines.join(random() < 0.9 ? "\n" : "\r\n"));
  const paths = [...new Set(Array.from({ length: 12 }, () => path(random)))];
  const { stdout, status } = spawnSync("git", ["-C", root, "check-ignore", "--no-index", "-z", "--stdin"], {
    input: paths.join("\0"),
  });
  assert.ok(status === 0 || status === 1, "git can be asked");
  const byGit = new Set(stdout.toString().split("\0"));
  const start = performance.now();
  const rules = new IgnoreRules(root, () => {});
  // That folder is there, and git knows it for one.
  for (const each of paths)
    assert.equal(
      rules.isIgnored(each === "a" ? "a/" : each),
      byGit.has(each),
      `${JSON.stringify(each)} with ${JSON.stringify(texts)}`,
    );
  assert.ok(performance.now() - start < 2_000);
}

export const ignore: FuzzTarget = {
  name: "ignore",
  async open(folder) {
    spawnSync("git", ["-C", folder, "init", "-q"]);
    return {
      attempt: async random => attempt(random, folder),
      async close() {
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
