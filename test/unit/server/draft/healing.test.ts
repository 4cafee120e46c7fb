import assert from "node:assert/strict";
import { test } from "node:test";
import { Evidence } from "../../../../server/draft/evidence.ts";
import { heal } from "../../../../server/draft/healing.ts";
import { Offers, ROOT_CURSOR } from "../../../../server/draft/source.ts";
import { PieceVocabulary } from "../../../fakes/pieces.ts";
import { below, seeded } from "../../../fakes/random.ts";

/** The tokens that are offered after a cursor, with their cursors. */
function offered(evidence: Evidence, cursor: number) {
  const offers = new Offers();
  evidence.children(cursor, offers);
  return Array.from({ length: offers.count }, (_, i) => ({
    token: offers.tokens[i] as number,
    cursor: offers.cursors[i] as number,
  }));
}

const vocabulary = new PieceVocabulary([
  " return",
  " re",
  "turn",
  " result",
  "rn",
  " x",
  "sult",
  "=",
  " retire",
]);

test("healing keeps what begins with the typed letters, and leaves the rest of the word in the model's tokens", () => {
  const evidence = new Evidence(8, 4);
  const add = (text: string, length: number) => {
    const tokens = vocabulary.tokenize(text);
    evidence.add(tokens, 0, tokens.length, length, length);
  };
  add(" return x", 2);
  add(" result=", 3);
  add("= return", 4);
  add(" re", 5);
  heal(evidence, new TextEncoder().encode(" retu"), vocabulary);
  evidence.ready();
  assert.equal(evidence.rows, 1);
  const [rest] = offered(evidence, ROOT_CURSOR);
  assert.equal(rest?.token, vocabulary.token("rn"));
  assert.equal(offered(evidence, rest?.cursor as number)[0]?.token, vocabulary.token(" x"));
});

test("healing leaves the rest of a word without the blank that some tokenizers put before a text", () => {
  const blank = Object.create(vocabulary) as typeof vocabulary;
  blank.tokenize = (text, isContinued = false) => vocabulary.tokenize(isContinued ? text : ` ${text}`);
  const evidence = new Evidence(8, 4);
  const tokens = vocabulary.tokenize(" return x");
  evidence.add(tokens, 0, tokens.length, 2, 1);
  heal(evidence, new TextEncoder().encode(" retu"), blank);
  evidence.ready();
  assert.equal(offered(evidence, ROOT_CURSOR)[0]?.token, vocabulary.token("rn"));
});

test("healing a whole word leaves the text after it", () => {
  const evidence = new Evidence(8, 4);
  const tokens = vocabulary.tokenize(" return x");
  evidence.add(tokens, 0, tokens.length, 2, 1);
  heal(evidence, new TextEncoder().encode(" return"), vocabulary);
  evidence.ready();
  assert.equal(offered(evidence, ROOT_CURSOR)[0]?.token, vocabulary.token(" x"));
});

test("rows that begin with the letters keep their text after them, and all else that is known of them", () => {
  const random = seeded(21);
  const pieces = new PieceVocabulary(["a", "b", "ab", "ba", " a", " ab", " ba", "aab", "b b", " bab"]);
  const letters = (most: number) =>
    Array.from({ length: below(random, most + 1) }, () => "ab"[below(random, 2)]).join("");
  const textOf = (tokens: Iterable<number>) =>
    Buffer.concat([...tokens].map(token => pieces.bytes(token))).toString();
  let kept = 0;
  for (let round = 0; round < 400; round++) {
    const width = 2 + below(random, 6);
    const evidence = new Evidence(8, width);
    const held = ` ${letters(4)}`;
    const expected: (number | number[])[][] = [];
    for (let row = 0; row < 8; row++) {
      const tokens = pieces.tokenize(` ${letters(4)} ${letters(5)}${letters(3)}`);
      const known = [1 + below(random, 9), 1 + below(random, 9), random(), random()].map(Math.fround);
      const [length, weight, recency, nearness] = known as [number, number, number, number];
      const cut = tokens.slice(0, below(random, tokens.length + 1));
      // A control token, which has no letters, ends the word.
      if (random() < 0.1) cut[below(random, 3)] = pieces.end;
      evidence.add(cut, 0, cut.length, length, weight);
      evidence.recencies[row] = recency;
      evidence.nearnesses[row] = nearness;
      const seen = cut.subarray(0, width);
      let word = 0;
      while (word < seen.length && textOf(seen.subarray(0, word)).length < held.length) word++;
      const covering = textOf(seen.subarray(0, word));
      if (!covering.startsWith(held) || seen.subarray(0, word).includes(pieces.end)) continue;
      const rest = [...pieces.tokenize(covering.slice(held.length)), ...seen.subarray(word)].slice(0, width);
      expected.push([length + word, weight, recency, nearness, rest]);
    }
    heal(evidence, new TextEncoder().encode(held), pieces);
    const found = Array.from({ length: evidence.rows }, (_, row) => {
      const tokens = [...evidence.tokens.subarray(row * width, (row + 1) * width)];
      const end = tokens.findIndex(token => token < 0);
      const { lengths, weights, recencies, nearnesses } = evidence;
      return [
        lengths[row],
        weights[row],
        recencies[row],
        nearnesses[row],
        end < 0 ? tokens : tokens.slice(0, end),
      ];
    });
    assert.deepEqual(found, expected);
    kept += found.length;
  }
  assert.ok(kept > 500, `${kept} rows`);
});

test("a row is dropped where the letters end within a character of its token", () => {
  const split = Object.create(vocabulary) as typeof vocabulary;
  // The first byte of a character of two, in one token with a letter.
  split.bytes = token => (token === 1 ? Uint8Array.of(97, 0xc3) : vocabulary.bytes(token));
  const evidence = new Evidence(8, 4);
  evidence.add(Int32Array.of(1, 0xa9), 0, 2, 2, 1);
  heal(evidence, new TextEncoder().encode("a"), split);
  assert.equal(evidence.rows, 0);
});
