import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenHistory } from "../../../../server/draft/history.ts";
import { PieceVocabulary } from "../../../fakes/pieces.ts";
import { below, seeded } from "../../../fakes/random.ts";

const vocabulary = new PieceVocabulary(["return", " return", " retu", "rn", " value", "(", "ue"]);
const textOf = (tokens: Iterable<number>) =>
  Buffer.concat([...tokens].map(token => vocabulary.bytes(token))).toString();
const known = (history: TokenHistory) => textOf(history.tokens.subarray(0, history.size));

test("the word at the cursor is held back with the blank before it", () => {
  const history = new TokenHistory(vocabulary.tokenize("x = 1\n  retu"), vocabulary);
  assert.equal(known(history), "x = 1\n ");
  assert.equal(Buffer.from(history.held).toString(), " retu");
  assert.deepEqual(history.heldTokens, [vocabulary.token(" retu")]);
});

test("the whole word replaces the held one once it has ended, tokenized as in a corpus", () => {
  const history = new TokenHistory(vocabulary.tokenize("x = 1\n  retu"), vocabulary);
  history.push(vocabulary.token("rn"));
  assert.equal(known(history), "x = 1\n ", "the word may still go on");
  history.push(vocabulary.token(" value"));
  const tokens = [...history.tokens.subarray(0, history.size)];
  assert.deepEqual(tokens.slice(-2), [vocabulary.token(" return"), vocabulary.token(" value")]);
  assert.equal(history.held.length, 0);
  history.push(vocabulary.token("("));
  assert.equal(known(history), "x = 1\n  return value(");
});

test("a token that contains the end of the word is split there", () => {
  const pieces = new PieceVocabulary(["value", "val", "ue)", ")"]);
  const history = new TokenHistory(pieces.tokenize("val"), pieces);
  history.push(pieces.token("ue)"));
  assert.deepEqual([...history.tokens.subarray(0, history.size)], [pieces.token("value"), pieces.token(")")]);
});

test("a tokenizer that puts a blank before each text puts none before a word that follows others", () => {
  const pieces = new PieceVocabulary(["value", "val", "ue)", ")"]);
  const tokenize = pieces.tokenize.bind(pieces);
  pieces.tokenize = (text, isContinued = false) => tokenize(isContinued ? text : ` ${text}`);
  const history = new TokenHistory(tokenize("(val"), pieces);
  history.push(pieces.token("ue)"));
  const expected = [...tokenize("(value)")];
  assert.deepEqual([...history.tokens.subarray(0, history.size)], expected);
});

test("nothing is held back after anything but a letter, or without a vocabulary", () => {
  for (const text of ["f(", "x = ", "a\n", ""]) {
    const history = new TokenHistory(vocabulary.tokenize(text), vocabulary);
    assert.equal(known(history), text);
    assert.equal(history.held.length, 0);
  }
  const plain = new TokenHistory(vocabulary.tokenize("retu"));
  assert.equal(plain.held.length, 0);
  plain.push(5);
  assert.equal(plain.tokens[plain.size - 1], 5);
});

test("a very long word is not held back", () => {
  const long = new TokenHistory(vocabulary.tokenize("a".repeat(200)), vocabulary);
  assert.equal(known(long), "a".repeat(200));
  const growing = new TokenHistory(vocabulary.tokenize("aaa"), vocabulary);
  for (let i = 0; i < 300; i++) growing.push(97);
  assert.ok(growing.size > 0 && growing.held.length <= 49);
  growing.push(vocabulary.token("("));
  assert.equal(known(growing), `${"a".repeat(303)}(`);
});

test("the end of the text also ends a held word", () => {
  const history = new TokenHistory(vocabulary.tokenize("retu"), vocabulary);
  history.push(vocabulary.end);
  assert.equal(known(history), "retu");
  assert.equal(history.tokens[history.size - 1], vocabulary.end);
});

test("the text is always that of all tokens so far, with only a word held back, and ended words are tokenized as a whole", () => {
  const random = seeded(23);
  const words = ["a", "b", "ab", "ba", " a", " ab", "bab ", "a(b", "(", ")", "b)", " (", "aa"];
  const pieces = new PieceVocabulary(words);
  const text = (tokens: Iterable<number>) =>
    Buffer.concat([...tokens].map(token => pieces.bytes(token))).toString();
  const anyToken = () =>
    random() < 0.02 ? pieces.end : pieces.token(words[below(random, words.length)] as string);
  for (let round = 0; round < 500; round++) {
    const all = Array.from({ length: below(random, 12) }, anyToken);
    const history = new TokenHistory(Int32Array.from(all), pieces);
    const before = [...history.tokens.subarray(0, history.size)];
    assert.deepEqual(all.slice(0, before.length), before, "the model's own tokens before the word");
    const endsInLetter = /[ab]$/.test(text(all.slice(-1)));
    assert.equal(history.held.length > 0, endsInLetter);
    // A piece with something else between letters is held as it is.
    if (!history.heldTokens.includes(pieces.token("a(b")))
      assert.match(Buffer.from(history.held).toString(), /^([^ab]*[ab]+)?$/, "one word");
    assert.ok(!/[ab]$/.test(text(before.slice(-1))) || !/^[ab]/.test(Buffer.from(history.held).toString()));
    let ended: number[] | undefined;
    for (let step = 0; step < 8; step++) {
      const token = anyToken();
      const held = Buffer.from(history.held).toString();
      const [letters] = /^[ab]*/.exec(text([token])) as unknown as [string];
      if (history.heldTokens.length === 0) ended?.push(token);
      else if (letters.length < pieces.bytes(token).length || token === pieces.end) {
        const rest = letters === "" ? [token] : [...pieces.tokenize(text([token]).slice(letters.length))];
        ended = [...before, ...pieces.tokenize(held + letters), ...rest];
      }
      history.push(token);
      all.push(token);
      assert.equal(
        text(history.tokens.subarray(0, history.size)) + Buffer.from(history.held).toString(),
        text(all),
      );
      assert.equal(text(history.heldTokens), Buffer.from(history.held).toString());
      assert.deepEqual(
        [...history.whole()],
        [...history.tokens.subarray(0, history.size), ...history.heldTokens],
      );
      if (ended) assert.deepEqual([...history.tokens.subarray(0, history.size)], ended);
    }
  }
});

test("a history keeps its tokens however many are added", () => {
  const history = new TokenHistory(Int32Array.of(1, 2));
  const added = [...new Array(2000).keys()];
  for (const token of added) history.push(token);
  assert.deepEqual([...history.tokens.subarray(0, history.size)], [1, 2, ...added]);
});

test("a word of forty-eight letters is held back, and a longer one is not", () => {
  const held = (letters: number) =>
    new TokenHistory(vocabulary.tokenize(`(${"a".repeat(letters)}`), vocabulary).held.length;
  // The bracket is not part of the word: only a blank in the word's own token is.
  assert.deepEqual([47, 48, 49].map(held), [47, 48, 0]);
  const growing = new TokenHistory(vocabulary.tokenize("a"), vocabulary);
  const lengths = Array.from({ length: 48 }, () => {
    growing.push(97);
    return growing.held.length;
  });
  assert.deepEqual(lengths.slice(-2), [48, 0]);
});
