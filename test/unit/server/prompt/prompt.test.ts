import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOf } from "../../../../server/prompt/formats.ts";
import { buildPrompt, type ReusablePrompt } from "../../../../server/prompt/prompt.ts";
import { ByteVocabulary } from "../../../fakes/engine.ts";

const vocabulary = new ByteVocabulary();
const { fillPrefix, fillSuffix, fillMiddle } = vocabulary.special;

const CURSOR = "‸";

function snapshot(marked: string) {
  const offset = marked.indexOf(CURSOR);
  return { uri: "file:///a.py", languageId: "python", version: 1, text: marked.replace(CURSOR, ""), offset };
}
const decode = (tokens: Int32Array | number[]) => new TextDecoder().decode(Uint8Array.from(tokens));

function parts(tokens: Int32Array) {
  const all = [...tokens];
  const suffixAt = all.indexOf(fillSuffix);
  assert.equal(all[0], fillPrefix);
  assert.equal(all.at(-1), fillMiddle);
  return { prefix: decode(all.slice(1, suffixAt)), suffix: decode(all.slice(suffixAt + 1, -1)) };
}

test("prefix and suffix go around the control tokens", () => {
  const { tokens } = buildPrompt(snapshot("def f(‸):\n    pass"), vocabulary, 500);
  assert.deepEqual(parts(tokens), { prefix: "def f(", suffix: "):\n    pass" });
});

test("a prompt keeps to its budget and contains the text nearest to the cursor", () => {
  const line = "value = compute(1, 2, 3)\n";
  for (const budget of [8, 40, 100, 400]) {
    const { tokens } = buildPrompt(
      snapshot(`${line.repeat(500)}here‸\n${line.repeat(500)}`),
      vocabulary,
      budget,
    );
    assert.ok(tokens.length <= budget, `${tokens.length} tokens for a budget of ${budget}`);
    assert.ok(parts(tokens).prefix.endsWith("here".slice(-Math.max(1, Math.min(4, budget - 5)))));
  }
});

test("the beginning of the prompt stays the same during typing", () => {
  const line = "value = compute(1, 2, 3)\n";
  const text = line.repeat(400);
  const starts = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const typed = "x".repeat(i);
    const { tokens } = buildPrompt(snapshot(`${text}${typed}‸\n`), vocabulary, 2000);
    starts.add(decode([...tokens].slice(1, 60)));
  }
  assert.ok(starts.size <= 2, `${starts.size} different beginnings in 60 keystrokes`);
});

test("the window before the cursor moves in strides where tokens have several characters", () => {
  const wide = new ByteVocabulary();
  let window = "";
  wide.tokenize = text => {
    if (text.includes("end")) window = text;
    return new Int32Array(text.length / 4);
  };
  const text = "value = compute(1, 2, 3)\n".repeat(2000);
  const starts = new Set<number>();
  for (let i = 0; i < 200; i++) {
    const typed = `${text}end${"x".repeat(i)}`;
    buildPrompt(snapshot(`${typed}‸\n`), wide, 2000);
    starts.add(typed.length - window.length);
  }
  assert.ok(starts.size <= 2, `${starts.size} different beginnings in 200 keystrokes`);
});

test("unchanged text is not tokenized again, and the prompt is the same as one built anew", () => {
  const counting = new ByteVocabulary();
  let tokenized = 0;
  const tokenize = counting.tokenize.bind(counting);
  counting.tokenize = text => {
    tokenized += text.length;
    return tokenize(text);
  };
  const line = "value = compute(1, 2, 3)\n";
  const at = (typed: string) => snapshot(`${line.repeat(1500)}${typed}‸\n${line.repeat(200)}`);
  const format = formatOf(counting, { modelName: "" });
  let previous: ReusablePrompt | undefined;
  for (const typed of ["", "x", "xy", "xyz"]) {
    tokenized = 0;
    const built = buildPrompt(at(typed), counting, 2000, { format, previous });
    if (previous) assert.ok(tokenized < 8_000, `${tokenized} characters`);
    previous = built.parts;
    const anew = buildPrompt(at(typed), vocabulary, 2000);
    assert.deepEqual([built.tokens, built.history, built.after], [anew.tokens, anew.history, anew.after]);
    assert.ok(built.history.length > 20_000);
  }
});

test("a tokenizer that puts a blank before each text puts none before the text after the cursor", () => {
  const blank = new ByteVocabulary();
  const tokenize = blank.tokenize.bind(blank);
  blank.tokenize = (text, isContinued = false) => tokenize(isContinued ? text : ` ${text}`);
  const { tokens } = buildPrompt(snapshot("def f(‸):\n    pass"), blank, 500);
  assert.deepEqual(parts(tokens), { prefix: " def f(", suffix: "):\n    pass" });
});

test("another model's tokens are not reused", () => {
  const other = new ByteVocabulary();
  other.tokenize = text => new Int32Array(text.length).fill(1);
  const marked = snapshot("before‸\nbehind\n");
  const { parts: previous } = buildPrompt(marked, other, 500);
  const built = buildPrompt(marked, vocabulary, 500, {
    format: formatOf(vocabulary, { modelName: "" }),
    previous,
  });
  assert.deepEqual(built.tokens, buildPrompt(marked, vocabulary, 500).tokens);
});

test("carriage returns are dropped, and control words in the text stay text", () => {
  const { tokens } = buildPrompt(snapshot("a\r\n<|fim_middle|>\r\nb‸"), vocabulary, 500);
  assert.equal(parts(tokens).prefix, "a\n<|fim_middle|>\nb");
  assert.equal([...tokens].filter(token => token === fillMiddle).length, 1);
});

/** A budget with 20 tokens, or 80 characters, for the text after the cursor and 300 characters for the text before it. */
const BUDGET = 104;

test("no cut splits a surrogate pair, and half a pair on its own is not moved to the other side of one", () => {
  const x = "x".repeat(79);
  const after = (text: string) => buildPrompt(snapshot(`‸${text}${x}`), vocabulary, BUDGET).parts.suffix.text;
  for (const pair of ["\u{10000}", "🙂", "\u{10ffff}"]) {
    assert.equal(after(x + pair), x);
    assert.equal(after(x.slice(1) + pair), x.slice(1) + pair, "a pair before the cut");
    assert.equal(after(`${x}-${pair}`), `${x}-`, "a pair after the cut");
  }
  for (const others of ["x\udc00", "\udc00\udc00", "\ud800x", "\ud800\ufffd", "\ud800\ud800"])
    assert.equal(after(x + others), x + others[0]);
  const emoji = "🙂".repeat(4000);
  for (const shift of ["", "x"]) {
    const { parts: built } = buildPrompt(snapshot(`${shift}${emoji}‸`), vocabulary, BUDGET);
    assert.doesNotMatch(built.earlier.text, /^[\udc00-\udfff]|[\ud800-\udbff]$/);
  }
});

/** The place where the prompt's window begins. */
const startOf = (marked: string) =>
  buildPrompt(snapshot(marked), vocabulary, BUDGET).parts.earlier.text.length;

test("the window before the cursor begins at a line and is at most a quarter and a line shorter than it may be", () => {
  const line = "value = compute(1, 2, 3)\n";
  for (let lines = 1; lines < 60; lines++)
    for (const typed of ["", "x", "y = compute("]) {
      const text = `${line.repeat(lines)}${typed}`;
      const start = startOf(`${text}‸`);
      const length = text.length - start;
      if (text.length <= 300) assert.equal(start, 0);
      else assert.ok(length <= 300 && length > 225 - line.length, `${length} characters`);
      assert.equal(start % line.length, 0);
    }
  assert.equal(startOf(`a\n${"x".repeat(298)}‸`), 0, "a text of just the window's length");
});

test("a line longer than the window is cut, so that the model sees what is right before the cursor", () => {
  const long = "x".repeat(1000);
  for (const end of ["", "\n", "\ny = "]) {
    const { tokens } = buildPrompt(snapshot(`${long}${end}‸`), vocabulary, BUDGET);
    assert.ok(parts(tokens).prefix.endsWith(`${"x".repeat(70)}${end}`), end);
    const start = startOf(`${long}${end}‸`);
    assert.ok(start % 75 === 0 && long.length + end.length - start <= 300, `from ${start}`);
  }
});

test("other text than the last prompt's is shown as it is where the prefix comes first", () => {
  const format = formatOf(vocabulary, { modelName: "" });
  const below = "value = compute(1, 2, 3)\n".repeat(2);
  const { parts: previous } = buildPrompt(snapshot(`f(‸)\n${below}`), vocabulary, 500, { format });
  const { tokens } = buildPrompt(snapshot(`f(‸\n${below}`), vocabulary, 500, { format, previous });
  assert.equal(parts(tokens).suffix, `\n${below}`);
});

test("the history goes further back than the prompt", () => {
  const { tokens, history } = buildPrompt(snapshot(`${"abc\n".repeat(2000)}‸`), vocabulary, 200);
  assert.ok(history.length > tokens.length);
  assert.ok(decode(history).endsWith("abc\n"));
});

test("a model without fill-in-the-middle gets only the text before the cursor", () => {
  const plain = {
    special: { beginning: 1, fillPrefix: undefined, fillSuffix: undefined, fillMiddle: undefined },
    tokenize: (text: string) => vocabulary.tokenize(text),
    find: () => undefined,
  };
  const { tokens, after } = buildPrompt(snapshot("ab‸cd"), plain, 100);
  assert.deepEqual([...tokens], [1, 97, 98]);
  assert.equal(after.length, 0);
});
