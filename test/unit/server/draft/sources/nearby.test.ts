import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenHistory } from "../../../../../server/draft/history.ts";
import { NearbySource } from "../../../../../server/draft/sources/nearby.ts";
import { TokenTexts } from "../../../../../server/draft/tokenTexts.ts";
import { PieceVocabulary } from "../../../../fakes/pieces.ts";
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
