import assert from "node:assert/strict";
import { test } from "node:test";
import { isInCharacter, surroundings, wantsCompletion } from "../../../../server/text/snapshot.ts";
import { snapshot } from "../prompt/controlVocabulary.ts";

test("the surroundings of a cursor are its line and the next one with text", () => {
  assert.deepEqual(surroundings(snapshot("a\n  b(‸) # c\r\n\n\n  next(1)\nlast")), {
    linePrefix: "  b(",
    lineSuffix: ") # c",
    nextLine: "  next(1)",
  });
  assert.deepEqual(surroundings(snapshot("‸")), { linePrefix: "", lineSuffix: "", nextLine: "" });
});

test("twenty blank lines below a cursor are skipped, and no more", () => {
  const next = (blank: number) => surroundings(snapshot(`a‸${"\n \t".repeat(blank)}\n  b \n`)).nextLine;
  assert.deepEqual([0, 1, 20, 21].map(next), ["  b", "  b", "  b", ""]);
});

test("only the place between the two halves of a character is within it", () => {
  const within = [..."a😀b".split("").keys(), 4].filter(offset => isInCharacter("a😀b", offset));
  assert.deepEqual(within, [2]);
  assert.ok(!isInCharacter("😀", 0) && isInCharacter("😀", 1) && !isInCharacter("😀", 2));
});

test("the surroundings of a cursor in a line of five million characters are cut", () => {
  const text = "x".repeat(5_000_000);
  const { linePrefix } = surroundings({ uri: "", languageId: "", version: 0, text, offset: 2_500_000 });
  assert.ok(linePrefix.length <= 1000);
});

test("completions are offered at the end of a line and before closers, and not before words", () => {
  for (const lineSuffix of ["", "  ", ")", "])", '"):', ");", "}, ", " # note", ") // note", " />", '" />'])
    assert.ok(wantsCompletion({ linePrefix: "f(a", lineSuffix }), lineSuffix);
  for (const lineSuffix of ["x", " + 1", "(a)", ") + 1", ", b)"])
    assert.ok(!wantsCompletion({ linePrefix: "f(a", lineSuffix }), lineSuffix);
});

test("completions are also offered in an empty place of a list", () => {
  for (const [linePrefix, lineSuffix] of [
    ["f(", ", b)"],
    ["f(a, ", ", c);"],
    ["import { ", ' } from "m";'],
    ["[", "] + b"],
  ] as const)
    assert.ok(wantsCompletion({ linePrefix, lineSuffix }), linePrefix + lineSuffix);
});

test("completions are also offered in an empty string or list of types", () => {
  for (const [linePrefix, lineSuffix] of [
    ['<a href="', '">text</a>'],
    ["f('", "', b)"],
    ["`${a.map(b => `", "`).join()}`"],
    ["std::vector<", "> values;"],
  ] as const)
    assert.ok(wantsCompletion({ linePrefix, lineSuffix }), linePrefix + lineSuffix);
  for (const [linePrefix, lineSuffix] of [
    ['f("a', '" + b)'],
    ["a ", "> b"],
    ["a <", "> b"],
  ] as const)
    assert.ok(!wantsCompletion({ linePrefix, lineSuffix }), linePrefix + lineSuffix);
});

test("many blanks after the cursor are scanned in bounded time", () => {
  const start = performance.now();
  assert.ok(!wantsCompletion({ linePrefix: "", lineSuffix: `${" ".repeat(50_000)}x` }));
  assert.ok(performance.now() - start < 100);
});
