import assert from "node:assert/strict";
import { test } from "node:test";
import { afterStroke, LOOK_MS, type Stroke, Typist } from "../../../bench/editor/typist.ts";
import { seeded } from "../../../fakes/random.ts";

const TEXT = `def largest(values, key):
    best = None
    for value in values:
        if best is None or key(value) > key(best):
            best = value
        else:
            continue
    return combine(
        best,
        values,
    )`;

interface Typed {
  readonly strokes: Stroke[];
  readonly pauses: number[];
  readonly text: string;
}

/** Types a text to its end; `shown` says what is suggested after what has been typed. */
function typeOut(seed: number, text = TEXT, margin = "", shown: (typed: string) => string = () => ""): Typed {
  const typist = new Typist(text, margin, seeded(seed));
  const strokes: Stroke[] = [];
  const pauses: number[] = [];
  let before = margin;
  while (!typist.isDone) {
    pauses.push(typist.pauseMs());
    const stroke = typist.next(shown(typist.typed));
    before = afterStroke(before, stroke);
    assert.equal(before, typist.typed);
    strokes.push(stroke);
    assert.ok(strokes.length < 10 * text.length, "it comes to an end");
  }
  return { strokes, pauses, text: before };
}

const kinds = ({ strokes }: Typed, kind: Stroke["kind"]) => strokes.filter(stroke => stroke.kind === kind);

test("the text is complete at the end, whatever slips happen", () => {
  for (let seed = 0; seed < 200; seed++) assert.equal(typeOut(seed).text, TEXT);
});

test("a method is typed after its indentation", () => {
  const indented = TEXT.replaceAll("\n", "\n    ");
  assert.equal(typeOut(1, indented, "    ").text, `    ${indented}`);
});

test("the same seed types the same, and another seed does not", () => {
  assert.deepEqual(typeOut(7), typeOut(7));
  assert.notDeepEqual(typeOut(7).pauses, typeOut(8).pauses);
});

test("the typist types five to eight keys a second, with longer pauses after Enter", () => {
  const runs = Array.from({ length: 50 }, (_, seed) => typeOut(seed));
  const pauses = runs.flatMap(run => run.pauses);
  const mean = pauses.reduce((sum, ms) => sum + ms, 0) / pauses.length;
  assert.ok(mean > 1000 / 8 && mean < 1000 / 5, `${mean} ms`);
  const behindEnter = runs.flatMap(({ strokes, pauses }) =>
    pauses.filter((_, i) => strokes[i - 1]?.kind === "enter"),
  );
  assert.ok(behindEnter.reduce((sum, ms) => sum + ms, 0) / behindEnter.length > 1.5 * mean);
});

test("a slip hits a neighbouring key, and is noticed and taken back after at most three more keys", () => {
  const typed = Array.from({ length: 100 }, (_, seed) => typeOut(seed, "x".repeat(50)));
  const slips = typed.flatMap(({ strokes }) =>
    strokes.filter(({ kind }, i) => kind === "backspace" && strokes[i - 1]?.kind !== "backspace"),
  );
  assert.ok(slips.length > 50, `${slips.length} slips in 5,000 letters`);
  for (const { strokes } of typed) {
    let behind = 0;
    let wrong = false;
    for (const stroke of strokes) {
      if (stroke.kind === "backspace") behind--;
      else if (wrong) behind++;
      else if (stroke.kind === "character" && stroke.character !== "x") {
        assert.ok("zc".includes(stroke.character));
        wrong = true;
        behind = 1;
      }
      assert.ok(behind <= 4);
      if (behind === 0) wrong = false;
    }
  }
});

test("Enter indents as VS Code does for Python, and Backspace goes to the previous tab stop", () => {
  const enter = (before: string) => afterStroke(before, { kind: "enter" });
  const backspace = (before: string) => afterStroke(before, { kind: "backspace" });
  assert.equal(enter("def f():"), "def f():\n    ");
  assert.equal(enter("a\n    b = f("), "a\n    b = f(\n        ");
  assert.equal(enter("a\n    b"), "a\n    b\n    ");
  assert.equal(enter("a:"), "a:\n");
  assert.equal(backspace("a\n        "), "a\n    ");
  assert.equal(backspace("a\n      "), "a\n    ");
  assert.equal(backspace("a\n    b"), "a\n    ");
});

test("a suggestion that is right is first looked at and then accepted", () => {
  const typed = typeOut(3, TEXT, "", text => (text === "def largest" ? "(values, key):" : ""));
  assert.deepEqual(kinds(typed, "accept"), [{ kind: "accept", text: "(values, key):" }]);
  const look = typed.strokes.findIndex(({ kind }) => kind === "look");
  assert.equal(typed.strokes[look + 1]?.kind, "accept");
  assert.equal(typed.pauses[look + 1], LOOK_MS);
  assert.equal(typed.text, TEXT);
});

test("a suggestion that has grown is looked at again, and one that has become wrong is not accepted", () => {
  const typist = new Typist("abcdefghij", "", seeded(1));
  assert.equal(typist.next("abcd").kind, "look");
  assert.equal(typist.next("abcdef").kind, "look");
  assert.deepEqual(typist.next("abcdef"), { kind: "accept", text: "abcdef" });
  assert.equal(typist.next("ghij").kind, "look");
  assert.deepEqual(typist.next("gone"), { kind: "character", character: "g" });
});

test("a suggestion that is short, wrong or begins with blanks is not accepted", () => {
  const [first] = TEXT.split("\n");
  for (const shown of ["alu", "alueless", "    best"]) {
    const typed = typeOut(5, TEXT, "", text => (first?.startsWith(text) ? shown : ""));
    assert.equal(kinds(typed, "accept").length, 0, shown);
  }
});
