import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenHistory } from "../../../../../server/draft/history.ts";
import { NearbySource } from "../../../../../server/draft/sources/nearby.ts";
import { TokenTexts } from "../../../../../server/draft/tokenTexts.ts";
import { PieceVocabulary } from "../../../../fakes/pieces.ts";
import { below, seeded } from "../../../../fakes/random.ts";
import { compareOffers } from "../expectedOffers.ts";
import { matchesIn } from "../matchesIn.ts";
import { chain } from "./chain.ts";

const texts = new TokenTexts(new PieceVocabulary([]));

test("the text after the cursor is drafted from, and one common token is not a match", () => {
  const behind = Int32Array.of(4, 5, 6, 7, 8);
  const ahead = new NearbySource("ahead", { tokens: behind, size: behind.length }, texts);
  assert.deepEqual(chain(ahead, new TokenHistory(Int32Array.of(1, 4, 5)), 9), [6, 7, 8]);
  assert.deepEqual(chain(ahead, new TokenHistory(Int32Array.of(1, 9, 5)), 9), []);
  assert.deepEqual(chain(ahead, new TokenHistory(new Int32Array(0)), 9), []);
  const nothing = new NearbySource("ahead", { tokens: behind, size: 0 }, texts);
  assert.deepEqual(chain(nothing, new TokenHistory(Int32Array.of(4, 5)), 9), []);
});

test("an unfinished word is looked up in the model's own tokens where its letters lead nowhere", () => {
  const vocabulary = new PieceVocabulary([" retu", "rn"]);
  const [retu, rn] = [vocabulary.token(" retu"), vocabulary.token("rn")];
  const ahead = Int32Array.of(5, 6, 7, retu, rn, 8);
  const source = new NearbySource("ahead", { tokens: ahead, size: ahead.length }, new TokenTexts(vocabulary));
  const history = new TokenHistory(Int32Array.of(99, 7, retu), vocabulary);
  assert.deepEqual([...history.heldTokens], [retu]);
  assert.deepEqual(chain(source, history, 2), [rn, 8]);
});

test("the eight longest matches of two tokens and more are followed, later ones counting as more recent", () => {
  const random = seeded(51);
  for (let round = 0; round < 60; round++) {
    const letters = 2 + below(random, 3);
    const text = (length: number) => Array.from({ length }, () => below(random, letters));
    const nearby = [...text(below(random, 60)), -1, ...text(below(random, 60))];
    const size = below(random, nearby.length + 1);
    const source = new NearbySource("recent", { tokens: Int32Array.from(nearby), size });
    for (let search = 0; search < 3; search++) {
      const context = text(below(random, 40));
      source.search(new TokenHistory(Int32Array.from(context)));
      const places = matchesIn(nearby.slice(0, size), context, 2).slice(0, 8);
      const ends = [...nearby.slice(0, size), -1];
      compareOffers(
        (...asked) => source.children(...asked),
        places.map(([length, next]) => ({
          tokens: ends.slice(next, ends.indexOf(-1, next)),
          length,
          weight: 1,
          recency: next / size,
          nearness: 0,
        })),
      );
    }
  }
});
