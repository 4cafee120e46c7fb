import assert from "node:assert/strict";
import { test } from "node:test";
import { overlap as overlapAt } from "../../../../server/postprocess/overlap.ts";
import { barePlace } from "../../../../server/postprocess/place.ts";
import { replacedNow } from "../../../../server/protocol/typedAlong.ts";
import { place } from "../../../fakes/places.ts";

/** The overlap of a text with `rest`, whose closers belong to brackets opened earlier; a string is opened in the line. */
const overlap = (text: string, rest: string) =>
  overlapAt(
    text,
    barePlace({ linePrefix: rest.startsWith('"') ? 'f("' : "", lineSuffix: rest, nextLine: "" }),
  );

/** The overlap of a text at the cursor of a document. */
function at(marked: string, text: string, languageId: string): number {
  const { place: there, dispose } = place(marked, languageId);
  dispose();
  return overlapAt(text, there);
}

test("brackets that the text closes without opening them are superfluous after it", () => {
  assert.equal(overlap("a, b)", ")"), 1);
  assert.equal(overlap("x])", "])"), 2);
  assert.equal(overlap("a):", "):"), 2);
  assert.equal(overlap("a):\n    return a", ")"), 1);
  assert.equal(overlap("a) + f(b)", ")"), 1);
});

test("the quote after a character's literal is replaced by the one that the text closes it with", () => {
  assert.equal(at("g('‸');", "(');", "rust"), 3);
  assert.equal(at("g(b'‸');", "\\n'", "rust"), 1);
  assert.equal(at("let f = g '‸'", "a'", "ocaml"), 1);
  assert.equal(at("fn f<'‸>() {}", "a", "rust"), 0, "a lifetime");
});

test("each bracket that the text closes without opening it makes one superfluous", () => {
  assert.equal(overlap("a) + b)", "))"), 2);
  assert.equal(overlap("a) + b", "))"), 1);
  assert.equal(overlap("a) + b):", ")):"), 3);
  assert.equal(overlap("a)]", ") ]"), 3);
});

test("brackets that the text opens itself leave those after it in place", () => {
  assert.equal(overlap("len(items)", ")"), 0);
  assert.equal(overlap("a[0]", "]"), 0);
  assert.equal(overlap("g()", "):"), 0);
  assert.equal(overlap("f(')')", ")"), 0);
});

test("a quote is superfluous when the text ends the string", () => {
  assert.equal(overlap('abc"', '"'), 1);
  assert.equal(overlap('abc")', '")'), 2);
  assert.equal(overlap('abc" + "def', '"'), 0);
  assert.equal(overlap("abc", '"'), 0);
  assert.equal(overlap('a\\"b"', '"'), 1);
});

test("punctuation is superfluous when the text ends with it", () => {
  assert.equal(overlap("else:", ":"), 1);
  assert.equal(overlap("else", ":"), 0);
  assert.equal(overlap("", ")"), 0);
  assert.equal(overlap("a", ""), 0);
});

test("the language decides what is a string and what is an expression within one", () => {
  assert.equal(at('print(f"{‸}")', 'name}!")', "python"), 3);
  assert.equal(at('print("{‸}")', 'name}!")', "python"), 3);
  assert.equal(at(`const url = \`/api/\${‸}\`;`, "id}/posts`;", "javascript"), 3);
  assert.equal(at("fn f(x: &'a str, ‸)", "y: &'a str)", "rust"), 1);
  assert.equal(at("f(‸)", "b'(', b')')", "rust"), 1);
  assert.equal(at("'''‸'''", "Sum.'''", "python"), 3);
});

test("brackets that the editor has closed since are also replaced, and text that was typed over is not", () => {
  assert.equal(replacedNow(1, ")", ")"), 1);
  assert.equal(replacedNow(0, "", ")"), 1);
  assert.equal(replacedNow(1, ")", "])"), 2);
  assert.equal(replacedNow(1, ")", ""), 0);
  assert.equal(replacedNow(0, ");", ";"), 0);
});
