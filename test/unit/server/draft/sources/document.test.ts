import { test } from "node:test";
import { TokenHistory } from "../../../../../server/draft/history.ts";
import { DocumentSource } from "../../../../../server/draft/sources/document.ts";
import { below, seeded } from "../../../../fakes/random.ts";
import { compareOffers, type Place } from "../expectedOffers.ts";

/** Tokens that two places of a text share before them. */
function shared(text: readonly number[], a: number, b: number): number {
  let length = 0;
  while (length < Math.min(a, b) && text[a - 1 - length] === text[b - 1 - length]) length++;
  return length;
}

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
    const source = new DocumentSource(below(random, 300));
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
