import assert from "node:assert/strict";
import { test } from "node:test";
import { barePlace, type Place, placeAt } from "../../../../server/postprocess/place.ts";
import { shape } from "../../../../server/postprocess/shape.ts";
import { surroundings } from "../../../../server/text/snapshot.ts";
import { below, seeded } from "../../../fakes/random.ts";

const context = (linePrefix: string, lineSuffix = "", nextLine = ""): Place =>
  barePlace({ linePrefix, lineSuffix, nextLine });

test("a block ends where the indentation falls back to the statement's", () => {
  const raw = "a):\n    return a\n\nprint(1)\n";
  assert.deepEqual(shape(raw, context("def f("), false), { text: "a):\n    return a", stopped: "blockEnd" });
});

test("lines as deep as the cursor belong to the completion on a blank line", () => {
  const raw = "x = 1\n    y = 2\nz = 3";
  assert.deepEqual(shape(raw, context("    "), false), { text: "x = 1\n    y = 2", stopped: "blockEnd" });
});

test("a closing bracket at the statement's depth still belongs to the statement", () => {
  assert.equal(shape("[\n    1,\n]\nb", context("a = "), false).text, "[\n    1,\n]");
});

test("only one line is completed with text after the cursor", () => {
  assert.deepEqual(shape("a, b)\nmore", context("f(", ")"), false), { text: "a, b)", stopped: "lineEnd" });
});

test("the line below the cursor is not repeated", () => {
  const below = context("    ", "", "    return total");
  assert.deepEqual(shape("total += 1\n    return total\n", below, false), {
    text: "total += 1",
    stopped: "suffix",
  });
  assert.equal(shape("total += 1\n    return to", below, false).text, "total += 1", "nor begun");
  assert.equal(shape("total += 1\n    return top\n", below, false).text, "total += 1\n    return top");
});

test("a line generated several times in a row ends the text", () => {
  const raw = "a()\n    a()\n    a()\n    a()\n";
  assert.deepEqual(shape(raw, context("    "), false), { text: "a()", stopped: "repetition" });
});

test("two blank lines end a block, one does not", () => {
  assert.equal(shape("a = 1\n\nb = 2\n\n\nc = 3", context(""), false).text, "a = 1\n\nb = 2");
});

test("blanks at the end are never shown", () => {
  assert.equal(shape("a = 1   ", context(""), false).text, "a = 1");
  assert.equal(shape("a = 1\n", context(""), true).text, "a = 1");
});

test("the text only grows, however it is cut", () => {
  const random = seeded(1);
  const pieces = [
    "a",
    "b = 1",
    "\n",
    "\n    ",
    "\n  ",
    "\n\n",
    " ",
    "\t",
    ")",
    "return total",
    "return",
    "é",
    "🙂",
  ];
  const contexts = [
    context("    "),
    context("def f("),
    context("x", ")"),
    context("    ", "", "    return total"),
    context(""),
  ];
  for (let round = 0; round < 2000; round++) {
    const where = contexts[round % contexts.length] as Place;
    let raw = "";
    let shown = "";
    for (let i = 0; i < 14; i++) {
      raw += pieces[below(random, pieces.length)];
      const next = shape(raw, where, i === 13, round % 3);
      assert.ok(
        next.text.startsWith(shown),
        `${JSON.stringify(shown)} was taken back by ${JSON.stringify(raw)}`,
      );
      shown = next.text;
      if (next.stopped) break;
    }
  }
});

/** What is shown as a text grows by characters, each time it changes; the last one is that of the ended text. */
function growth(languageId: string, before: string, after: string, raw: string): string[] {
  const snapshot = { uri: "file:///a", version: 1, languageId, text: before + after, offset: before.length };
  const { place } = placeAt(snapshot, surroundings(snapshot), undefined);
  const texts: string[] = [];
  for (let length = 1; length <= raw.length; length++)
    texts.push(shape(raw.slice(0, length), place, false).text);
  texts.push(shape(raw, place, true).text);
  return texts.filter((text, i) => text !== "" && text !== texts[i - 1]);
}

test("what the text repeats of the line's end before it closes the string is never shown", () => {
  for (const end of ["", "\n", "\nmore()"]) {
    assert.deepEqual(growth("typescript", 'log("a ', 'bar");', `bar", x${end}`), []);
    assert.deepEqual(growth("python", "print('a ', 'b", "c d')", `e f, c d', x${end}`).at(-1), "e f, ");
  }
  for (const [languageId, before, after, raw] of [
    ["typescriptreact", 'if x<<<EOF[}@";', 'r"//', 'if x(r"`\n'],
    ["rust", '`case @"<p>}case ', 'r"', '=> /`r"`[\n'],
    ["ruby", "/", "=> /]\\", "$(=> /{# <<'EOF'\n"],
  ] as const) {
    const texts = growth(languageId, before, after, raw);
    for (const [i, text] of texts.entries())
      assert.ok(text.startsWith(texts[i - 1] ?? ""), `${languageId}: ${texts}`);
  }
});

test("a more deeply indented line with the text of the line below is kept", () => {
  const below = context("    ", "", "    return None");
  assert.equal(
    shape("if not key:\n        return None\n", below, false).text,
    "if not key:\n        return None",
  );
});

test("the cursor's own line does not become the same as the line below", () => {
  assert.equal(shape("return None\n", context("    ", "", "    return None"), true).text, "");
  assert.equal(shape("urn None", context("    ret", "", "    return None"), true).text, "");
  assert.equal(shape("urn Nothing", context("    ret", "", "    return None"), true).text, "urn Nothing");
});

test("closing brackets below each other are not a repetition", () => {
  const raw = "[\n    [\n        [1\n        ]\n    ]\n]";
  assert.equal(shape(raw, context("x = "), true).text, raw);
});

test("a text ends after the maximum number of lines, not counting blank ones", () => {
  const raw = "if a:\n    b()\n\n    c()\n    d()\n";
  const lines = (count: number) => shape(raw, context(""), true, count);
  assert.deepEqual(lines(3), { text: "if a:\n    b()\n\n    c()", stopped: "maxLines" });
  assert.deepEqual(shape("\n    b()\n    c()\n", context("if a:"), false, 1), {
    text: "\n    b()",
    stopped: "maxLines",
  });
  assert.equal(lines(0).stopped, undefined);
  assert.equal(lines(5).text, lines(0).text);
});
