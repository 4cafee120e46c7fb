import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenHistory } from "../../../../../server/draft/history.ts";
import { CorpusDrafts } from "../../../../../server/draft/sources/corpus.ts";
import { NearbySource } from "../../../../../server/draft/sources/nearby.ts";
import { AcceptedTexts, RecentTexts } from "../../../../../server/draft/sources/remembered.ts";
import { TokenTexts } from "../../../../../server/draft/tokenTexts.ts";
import { PieceVocabulary } from "../../../../fakes/pieces.ts";
import { below, seeded } from "../../../../fakes/random.ts";
import { chain } from "./chain.ts";

const texts = new TokenTexts(new PieceVocabulary([]));

test("recently suggested or deleted texts are drafted from, and do not run into the next text", () => {
  const recent = new RecentTexts();
  recent.add(Int32Array.of(1, 2, 3, 4));
  recent.add(Int32Array.of(1, 2, 9));
  const source = new NearbySource("recent", recent, texts);
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(7, 1, 2)), 9), [9], "the most recent first");
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(2, 3)), 9), [4]);
});

test("recent texts never exceed their room, and the newest one stays", () => {
  const recent = new RecentTexts();
  const random = seeded(2);
  for (let i = 0; i < 500; i++) {
    recent.add(Int32Array.from({ length: 1 + below(random, 300) }, () => below(random, 50)));
    assert.ok(recent.size <= recent.tokens.length);
  }
  recent.add(Int32Array.of(700, 701, 702));
  const source = new NearbySource("recent", recent, texts);
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(700, 701)), 3), [702]);
  recent.add(new Int32Array(100_000));
  recent.add(new Int32Array(0));
});

test("accepted texts are drafted from, and the oldest are dropped", () => {
  const accepted = new AcceptedTexts();
  accepted.add(Int32Array.of(900, 901, 902, 903));
  const source = new CorpusDrafts(accepted.source, texts);
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(900, 901)), 9), [902, 903]);
  for (let i = 0; i < 500; i++) accepted.add(Int32Array.of(i % 40, 3, 4, 5));
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(900, 901)), 9), []);
});
