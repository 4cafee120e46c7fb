import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenHistory } from "../../../../../server/draft/history.ts";
import { DocumentSource } from "../../../../../server/draft/sources/document.ts";
import { TokenTexts } from "../../../../../server/draft/tokenTexts.ts";
import { PieceVocabulary } from "../../../../fakes/pieces.ts";
import { below, seeded } from "../../../../fakes/random.ts";
import { compareOffers, type Place } from "../expectedOffers.ts";

/** Tokens that two places of a text share before them. */
function shared(text: readonly number[], a: number, b: number): number {
  let length = 0;
  while (length < Math.min(a, b) && text[a - 1 - length] === text[b - 1 - length]) length++;
  return length;
}

const words = new PieceVocabulary(["ab", "b", " a", " ab", " ba", "(", " (", "ba", "bab"]);
const texts = new TokenTexts(words);

/** For each length of a suffix that occurred before, its most recent place, if no longer suffix has it too. */
function placesIn(text: readonly number[]): Place[] {
  const earlier = text
    .map((_, next) => ({ next, length: shared(text, next, text.length) }))
    .filter(({ next }) => next > 0);
  const longest = Math.max(0, ...earlier.map(({ length }) => length));
  const places: Place[] = [];
  let known = -1;
  for (let length = longest; length > 0; length--) {
    const all = earlier.filter(place => place.length >= length);
    const next = Math.max(...all.map(place => place.next));
    if (next === known) continue;
    known = next;
    const recency = 1 / (1 + (text.length - next) / 256);
    places.push({ tokens: text.slice(next, next + 63), length, weight: all.length, recency, nearness: 0 });
  }
  return places.slice(0, 24);
}

test("each suffix that occurred before is followed from its most recent place, with its length, number and age", () => {
  const random = seeded(5);
  for (let round = 0; round < 60; round++) {
    const letters = 2 + below(random, 8);
    const text = Array.from({ length: below(random, 400) }, () => below(random, letters));
    const history = new TokenHistory(Int32Array.from(text.slice(0, below(random, text.length + 1))));
    const source = new DocumentSource(below(random, 300), random() < 0.5 ? texts : undefined);
    if (random() < 0.5) source.prepare(history);
    for (const token of text.slice(history.size)) history.push(token);
    for (let step = 0; step < 4; step++) {
      source.search(history);
      compareOffers((...asked) => source.children(...asked), placesIn(text));
      text.push(below(random, letters));
      history.push(text.at(-1) as number);
    }
  }
});

/** The last 24 places of words that begin like the held one, with the rest of each word and what follows it. */
function wordsIn(text: readonly number[], held: string): Place[] {
  const textOf = (tokens: readonly number[]) =>
    Buffer.concat(tokens.map(token => words.bytes(token))).toString();
  const begins = text.flatMap((token, next) => {
    const word = textOf([token]);
    return word !== "" && (word.startsWith(held) || held.startsWith(word)) ? [next] : [];
  });
  return begins
    .slice(-24)
    .reverse()
    .flatMap((next): Place[] => {
      const following = text.slice(next, next + 63);
      const count =
        following.findIndex((_, i) => textOf(following.slice(0, i + 1)).length >= held.length) + 1;
      const word = textOf(following.slice(0, count));
      if (count === 0 || !word.startsWith(held)) return [];
      const tokens = [...words.tokenize(word.slice(held.length)), ...following.slice(count)].slice(0, 63);
      const recency = 1 / (1 + (text.length - next) / 256);
      const length = Math.min(63, shared(text, next, text.length)) + count;
      return [{ tokens, length, weight: 1, recency, nearness: 0 }];
    });
}

test("within a word, each word that begins with its letters is followed, the most recent first", () => {
  const random = seeded(41);
  let found = 0;
  for (let round = 0; round < 80; round++) {
    const token = () => 256 + below(random, 9);
    const context = [...Array.from({ length: below(random, 150) }, token), words.token(" a")];
    if (random() < 0.5) context.push(words.token("b"));
    const history = new TokenHistory(Int32Array.from(context), words);
    const held = Buffer.from(history.held).toString();
    assert.match(held, /^ ab?$/);
    const source = new DocumentSource(64, texts);
    source.search(history);
    const places = wordsIn(context.slice(0, history.size), held);
    found += places.length;
    if (places.length > 0) compareOffers((...asked) => source.children(...asked), places);
  }
  assert.ok(found > 300, `${found} words`);
});
