import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveIndex } from "../../../datastores/live/liveIndex.ts";
import { TokenHistory } from "../../../server/draft/history.ts";
import {
  type DraftSource,
  FEATURE_COUNT,
  Feature,
  Offers,
  ROOT_CURSOR,
} from "../../../server/draft/source.ts";
import { CorpusDrafts } from "../../../server/draft/sources/corpus.ts";
import { DocumentSource } from "../../../server/draft/sources/document.ts";
import { LiveCorpus } from "../../../server/draft/sources/liveCorpus.ts";
import { NearbySource } from "../../../server/draft/sources/nearby.ts";
import { RecycledTokens, RecyclingSource } from "../../../server/draft/sources/recycling.ts";
import { AcceptedTexts, RecentTexts } from "../../../server/draft/sources/remembered.ts";
import { SourceThrottle } from "../../../server/draft/sourceThrottle.ts";
import { TokenTexts } from "../../../server/draft/tokenTexts.ts";
import { DraftTree } from "../../../server/draft/tree.ts";
import { PieceVocabulary } from "../../fakes/pieces.ts";
import { below, seeded } from "../../fakes/random.ts";

/** The tokens a source offers first, followed along the first offer of each node. */
function chain(source: DraftSource, history: TokenHistory, depth: number): number[] {
  source.search(history);
  const offers = new Offers();
  const tokens: number[] = [];
  let cursor = ROOT_CURSOR;
  let path = history.tokens[history.size - 1] ?? -1;
  for (let i = 0; i < depth; i++) {
    offers.clear();
    source.children(cursor, path, offers);
    if (offers.count === 0) break;
    tokens.push(offers.tokens[0] as number);
    cursor = offers.cursors[0] as number;
    path = offers.tokens[0] as number;
  }
  return tokens;
}

const texts = new TokenTexts(new PieceVocabulary([]));

test("the text after the cursor is a source, and one token in common is no match", () => {
  const behind = Int32Array.of(4, 5, 6, 7, 8);
  const ahead = new NearbySource("ahead", { tokens: behind, size: behind.length }, texts);
  assert.deepEqual(chain(ahead, new TokenHistory(Int32Array.of(1, 4, 5)), 9), [6, 7, 8]);
  assert.deepEqual(chain(ahead, new TokenHistory(Int32Array.of(1, 9, 5)), 9), []);
  assert.deepEqual(chain(ahead, new TokenHistory(new Int32Array(0)), 9), []);
  const nothing = new NearbySource("ahead", { tokens: behind, size: 0 }, texts);
  assert.deepEqual(chain(nothing, new TokenHistory(Int32Array.of(4, 5)), 9), []);
});

test("what was suggested or deleted a moment ago is drafted, and does not run into the next text", () => {
  const recent = new RecentTexts();
  recent.add(Int32Array.of(1, 2, 3, 4));
  recent.add(Int32Array.of(1, 2, 9));
  const source = new NearbySource("recent", recent, texts);
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(7, 1, 2)), 9), [9], "the most recent first");
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(2, 3)), 9), [4]);
});

test("recent texts never outgrow their room, and the newest stays", () => {
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

test("what was accepted comes again, the oldest give way", () => {
  const accepted = new AcceptedTexts();
  accepted.add(Int32Array.of(900, 901, 902, 903));
  const source = new CorpusDrafts(accepted.source, texts);
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(900, 901)), 9), [902, 903]);
  for (let i = 0; i < 500; i++) accepted.add(Int32Array.of(i % 40, 3, 4, 5));
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(900, 901)), 9), []);
});

test("files of the same folder count as nearer", () => {
  const index = new LiveIndex(1000);
  index.put("/p/a/one.py", Int32Array.of(1, 2, 3));
  index.put("/p/b/two.py", Int32Array.of(1, 2, 4));
  const corpus = new LiveCorpus(index, { nearness: file => (file.startsWith("/p/a/") ? 1 : 0.25) });
  const source = new CorpusDrafts({ name: "workspace", corpus, throttle: new SourceThrottle() }, texts);
  source.search(new TokenHistory(Int32Array.of(1, 2)));
  const offers = new Offers();
  source.children(ROOT_CURSOR, 2, offers);
  const nearness = new Map(
    Array.from({ length: offers.count }, (_, i) => [
      offers.tokens[i],
      offers.features[i * FEATURE_COUNT + Feature.nearness],
    ]),
  );
  assert.deepEqual(
    nearness,
    new Map([
      [4, 0.25],
      [3, 1],
    ]),
  );
});

const vocabulary = new PieceVocabulary([" return", " retu", "rn", " value", "\n"]);

test("inside a word, what follows words that begin alike is drafted, from the document and from others", () => {
  const before = vocabulary.tokenize("a return value\nb retu");
  const document = new DocumentSource(before.length, new TokenTexts(vocabulary));
  const expected = [vocabulary.token("rn"), vocabulary.token(" value")];
  assert.deepEqual(chain(document, new TokenHistory(before, vocabulary), 2), expected);
  const index = new LiveIndex(1000);
  index.put("other", vocabulary.tokenize("xyz\nb return value\n"));
  const corpus = new LiveCorpus(index, {});
  const other = new CorpusDrafts(
    { name: "workspace", corpus, throttle: new SourceThrottle() },
    new TokenTexts(vocabulary),
  );
  assert.deepEqual(chain(other, new TokenHistory(vocabulary.tokenize("q\nb retu"), vocabulary), 2), expected);
});

test("a word that stands in a corpus as the model has it is found where healing finds nothing", () => {
  const index = new LiveIndex(1000);
  const [retu, rn] = [vocabulary.token(" retu"), vocabulary.token("rn")];
  index.put("odd", Int32Array.of(5, 6, 7, retu, rn, 8));
  const source = new CorpusDrafts(
    { name: "workspace", corpus: new LiveCorpus(index, {}), throttle: new SourceThrottle() },
    new TokenTexts(vocabulary),
  );
  const history = new TokenHistory(Int32Array.of(99, 7, retu), vocabulary);
  assert.deepEqual(chain(source, history, 2), [rn, 8]);
});

/** A verified tree that is a chain, and what the model predicts after each node. */
function verified(tokens: number[], next: number, top: (node: number) => number[]) {
  const tree = new DraftTree(16);
  tree.plant(tokens[0] as number);
  for (const [i, token] of tokens.slice(1).entries()) tree.grow(i, token);
  return {
    tree,
    path: tokens.map((_, i) => i),
    next,

    top: (node: number, count: number, ids: Int32Array, logits: Float32Array) => {
      const found = top(node).slice(0, count);
      ids.set(found);
      logits.set(found.map((_, i) => -i));
      return found.length;
    },
  };
}

test("what the model found likely after two tokens is offered when they come again", () => {
  const recycled = new RecycledTokens(100);
  const source = new RecyclingSource(recycled, texts);
  const history = new TokenHistory(Int32Array.of(1, 2));
  source.search(history);
  source.learn(verified([2, 3], 4, node => (node === 0 ? [3, 30] : [4, 40])));
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(1, 2)), 2), [3, 4]);
  source.search(new TokenHistory(Int32Array.of(9, 2)));
  source.learn(verified([2], 5, () => [50, 51]));
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(9, 2)), 1), [50], "behind another token");
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(1, 2)), 1), [3], "the pair is kept");
  assert.deepEqual(
    chain(source, new TokenHistory(Int32Array.of(70, 3)), 1),
    [4],
    "else the last token alone",
  );
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(1, 98)), 1), []);
  assert.deepEqual(
    chain(source, new TokenHistory(Int32Array.of(1, 5000)), 1),
    [],
    "a token of no vocabulary",
  );
});

test("no source minds empty texts, one token without end, noise, or tokens of no vocabulary", () => {
  const random = seeded(9);
  const histories = [
    new Int32Array(0),
    new Int32Array(100_000).fill(7),
    Int32Array.from({ length: 20_000 }, () => below(random, 256)),
    Int32Array.from({ length: 2_000 }, () => 1e9 + below(random, 5)),
  ];
  for (const tokens of histories) {
    const index = new LiveIndex(200_000);
    index.put("same", tokens);
    const recent = new RecentTexts();
    recent.add(tokens);
    const sources: DraftSource[] = [
      new DocumentSource(tokens.length, texts),
      new NearbySource("ahead", { tokens, size: tokens.length }, texts),
      new NearbySource("recent", recent, texts),
      new CorpusDrafts(
        { name: "workspace", corpus: new LiveCorpus(index, {}), throttle: new SourceThrottle() },
        texts,
      ),
      new RecyclingSource(new RecycledTokens(256), texts),
    ];
    const history = new TokenHistory(tokens, texts.vocabulary);
    for (const source of sources)
      for (let step = 0; step < 20; step++) {
        chain(source, history, 20);
        history.push(step % 3 === 0 ? 7 : below(random, 256));
      }
  }
});
