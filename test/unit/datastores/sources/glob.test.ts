import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesGlob } from "../../../../datastores/sources/glob.ts";
import { below, seeded } from "../../../fakes/random.ts";

test("patterns match names, and only ** matches across folders", () => {
  const cases: [string, string, boolean][] = [
    ["data/python/*.parquet", "data/python/train-00000-of-00206.parquet", true],
    ["data/python/*.parquet", "data/python/deep/x.parquet", false],
    ["data/python/*.parquet", "xdata/python/x.parquet", false],
    ["**/*.parquet", "x.parquet", true],
    ["a/**/b", "a/b", true],
    ["a/**/b", "a/x/y/b", true],
    ["a/**/b", "a/x/y/c", false],
    ["part-0000?.{jsonl,parquet}", "part-00001.parquet", true],
    ["part-0000?.{jsonl,parquet}", "part-00011.parquet", false],
    ["a.b", "axb", false],
    [`{${Array.from({ length: 100 }, (_, i) => i)}}.jsonl`, "80.jsonl", true],
    ["{a,b/{c,d}}/*.x", "b/d/1.x", true],
    ["{a,b/{c,d}}/*.x", "b/1.x", false],
    ["{**,a}/b", "x/y/b", true],
    ["a/**", "a/x/y", true],
    ["a/**", "a", true],
    ["a{b", "a{b", true],
    ["a}{,x}b", "a}b", true],
    ["😀?.x", "😀😀.x", true],
    ["**", "a/b", true],
    ["a**b", "axyb", true],
    ["a**b", "ax/yb", false],
  ];
  for (const [pattern, path, wanted] of cases)
    assert.equal(matchesGlob(pattern, path), wanted, `${pattern} ${path}`);
  const start = performance.now();
  assert.ok(!matchesGlob(`${"*a".repeat(30)}b`, "a".repeat(200)));
  assert.ok(!matchesGlob("{a,b}".repeat(40), `${"a".repeat(39)}c`));
  assert.ok(!matchesGlob("{*a,*b}".repeat(40), "a".repeat(30)));
  assert.ok(performance.now() - start < 500);
});

/** Stands for `**`, so that stars which only meet when groups are replaced can be told from it. */
const FOLDERS = "§";

/** The patterns without groups that a pattern with groups stands for. */
function alternatives(pattern: string): string[] {
  const group = /\{([^{}]*)\}/.exec(pattern);
  if (!group) return [pattern];
  const [whole, inner = ""] = group;
  const [before, after] = [pattern.slice(0, group.index), pattern.slice(group.index + whole.length)];
  return inner.split(",").flatMap(choice => alternatives(before + choice + after));
}

/** Whether names match those of a pattern without groups, name by name. */
function isMatch([first, ...rest]: readonly string[], names: readonly string[]): boolean {
  if (first === undefined) return names.length === 0;
  if (first === FOLDERS)
    return isMatch(rest, names) || (names.length > 0 && isMatch([first, ...rest], names.slice(1)));
  const expression = new RegExp(`^${first.replaceAll(/[*§]/g, ".*").replaceAll("?", ".")}$`);
  return names.length > 0 && expression.test(names[0]!) && isMatch(rest, names.slice(1));
}

test("a pattern matches what one of its alternatives matches name by name", () => {
  const random = seeded(51);
  const one = (of: readonly string[]) => of[below(random, of.length)]!;
  const piece = (depth: number): string => {
    if (depth > 0 && below(random, 4) === 0)
      return `{${Array.from({ length: 1 + below(random, 3) }, () => text(depth - 1)).join(",")}}`;
    return one(["a", "b", "a", "?", "*", "/", "/", `${FOLDERS}/`, `/${FOLDERS}`]);
  };
  const text = (depth: number) => Array.from({ length: below(random, 4) }, () => piece(depth)).join("");
  const seen = { matched: 0, others: 0 };
  while (seen.matched < 2000) {
    const pattern = piece(2) + text(2);
    const all = alternatives(pattern);
    // Stars that only meet in an alternative, and `**` whose slash is in a group beside it, have no agreed meaning.
    if (all.some(each => /[*§]{2}/.test(each)) || /\}[{§]|§\{/.test(pattern)) continue;
    if (pattern.includes(FOLDERS) && /[{,][,}]/.test(pattern)) continue;
    for (let round = 0; round < 8; round++) {
      const names = Array.from({ length: 1 + below(random, 4) }, () => one(["a", "b", "ab", "ba", "aab"]));
      const wanted = all.some(each => isMatch(each.split("/"), names));
      const given = pattern.replaceAll(FOLDERS, "**");
      assert.equal(matchesGlob(given, names.join("/")), wanted, `${given} ${names.join("/")}`);
      seen[wanted ? "matched" : "others"]++;
    }
  }
  assert.ok(seen.others > 2000);
});
