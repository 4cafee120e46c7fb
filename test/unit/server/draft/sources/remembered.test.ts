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

test("recent texts are whole but for the ends of long ones, and no more are dropped than make room", () => {
  const random = seeded(14);
  const recent = new RecentTexts();
  const added: number[][] = [];
  for (let i = 0; i < 300; i++) {
    const length = i % 5 === 0 ? 0 : below(random, i % 7 === 0 ? 3000 : 200);
    const text = Array.from({ length }, () => below(random, 50));
    recent.add(Int32Array.from(text));
    if (text.length > 0) added.push([...text.slice(0, 1024), -1]);
    const kept = [...recent.tokens.subarray(0, recent.size)];
    let first = added.length;
    for (let size = 0; first > 0 && size < kept.length; first--)
      size += (added[first - 1] as number[]).length;
    assert.equal(kept.join(), added.slice(first).flat().join());
    assert.ok(first === 0 || kept.length > 4096 / 4 - 1, `${kept.length} tokens are kept`);
  }
});

test("recent texts that fill the room to the last token are all kept, and the next one drops the oldest", () => {
  const recent = new RecentTexts();
  for (const length of [1024, 1024, 1024, 1020]) recent.add(new Int32Array(length));
  assert.equal(recent.size, 4096);
  recent.add(Int32Array.of(7));
  assert.equal(recent.size, 1025 + 1021 + 2, "the first two are dropped");
  const larger = new RecentTexts();
  for (const length of [1024, 1024, 1024, 1021]) larger.add(new Int32Array(length));
  assert.equal(larger.size, 1025 + 1022);
});

test("the last four hundred accepted texts are kept, each older one counting as less recent", () => {
  const accepted = new AcceptedTexts();
  const { corpus } = accepted.source;
  for (let i = 0; i < 450; i++) accepted.add(Int32Array.of(1000 + i, 2000 + i, 3000 + i));
  for (let i = 0; i < 450; i++) {
    corpus.find(Int32Array.of(1000 + i, 2000 + i), 2);
    assert.equal(corpus.count, i < 50 ? 0 : 1, `text ${i}`);
    if (i < 50) continue;
    assert.equal(corpus.continuations[0], 3000 + i);
    assert.ok(Math.abs((corpus.recencies?.[0] ?? 0) - 1 / (1 + (449 - i) / 32)) < 1e-6);
  }
});

test("the oldest accepted texts make room for a long one, and one that never fits leaves the index usable", () => {
  const accepted = new AcceptedTexts();
  const { corpus } = accepted.source;
  const found = (first: number) => {
    corpus.find(Int32Array.of(first, 1), 2);
    return corpus.count;
  };
  const text = (first: number) => Int32Array.from({ length: 1 << 16 }, (_, i) => (i === 0 ? first : i));
  accepted.add(Int32Array.of(7, 1, 2));
  accepted.add(text(8));
  assert.deepEqual([7, 8].map(found), [1, 1]);
  accepted.add(text(9));
  assert.deepEqual([7, 8, 9].map(found), [0, 0, 1]);
  accepted.add(new Int32Array(1 << 18));
  accepted.add(Int32Array.of(5, 1, 2));
  assert.deepEqual([9, 5].map(found), [0, 1]);
});
