import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenHistory } from "../../../../../server/draft/history.ts";
import { FEATURE_COUNT, Feature, Offers, ROOT_CURSOR } from "../../../../../server/draft/source.ts";
import { RecycledTokens, RecyclingSource } from "../../../../../server/draft/sources/recycling.ts";
import { DraftTree } from "../../../../../server/draft/tree.ts";
import { PieceVocabulary } from "../../../../fakes/pieces.ts";
import { chain } from "./chain.ts";

/** A verified tree that is a chain, and what the model predicts after each node. */
function verified(
  tokens: number[],
  next: number,
  top: (node: number) => number[],
  logit: (place: number) => number = place => -place,
) {
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
      logits.set(found.map((_, i) => logit(i)));
      return found.length;
    },
  };
}

test("tokens that the model found likely after two tokens are offered when these occur again", () => {
  const recycled = new RecycledTokens(100);
  const source = new RecyclingSource(recycled);
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

/** What is offered after a cursor. */
function offered(source: RecyclingSource, cursor: number, path: number) {
  const offers = new Offers();
  source.children(cursor, path, offers);
  return Array.from({ length: offers.count }, (_, i) => ({
    token: offers.tokens[i] as number,
    cursor: offers.cursors[i] as number,
    matched: Math.round(2 ** (offers.features[i * FEATURE_COUNT + Feature.matchLength] as number) - 1),
    share: 2 ** (offers.features[i * FEATURE_COUNT + Feature.share] as number),
  }));
}

test("successors are offered with their shares of the eight likeliest, the unlikely ones left out", () => {
  const source = new RecyclingSource(new RecycledTokens(100));
  source.search(new TokenHistory(Int32Array.of(1, 2)));
  const successors = [20, 21, 22, 23, 24, 25, 26, 27, 28];
  source.learn(
    verified(
      [2],
      20,
      () => successors,
      place => 5 - place,
    ),
  );
  const sum = successors.slice(0, 8).reduce((total, _, place) => total + Math.exp(-place), 0);
  const expected = [20, 21, 22, 23, 24].map((token, place) => ({ token, share: Math.exp(-place) / sum }));
  for (const [before, matched] of [
    [1, 2],
    [0, 1],
  ] as const) {
    source.search(new TokenHistory(Int32Array.of(before, 2)));
    const found = offered(source, ROOT_CURSOR, 2);
    assert.deepEqual(
      found.map(({ token }) => token),
      expected.map(({ token }) => token),
    );
    for (const [i, { share }] of expected.entries())
      assert.ok(Math.abs((found[i]?.share ?? 0) - share) < 1e-6, `${share}`);
    assert.ok(found.every(offer => offer.matched === matched));
  }
  // The next time there are fewer.
  source.learn(verified([2], 30, () => [30]));
  assert.deepEqual(
    offered(source, ROOT_CURSOR, 2).map(({ token, share }) => [token, share]),
    [[30, 1]],
  );
});

test("the two tokens before an offer are the last of its path, the root's from the history with its held word", () => {
  const vocabulary = new PieceVocabulary(["ab", "c"]);
  const [ab, c] = [vocabulary.token("ab"), vocabulary.token("c")];
  const tokens = [..."(x"].map(letter => letter.charCodeAt(0)) as [number, number];
  const cases: [Int32Array, number, number][] = [
    [Int32Array.of(ab, c), ab, c],
    [Int32Array.of(...tokens, ab, c), ab, c],
    [Int32Array.of(tokens[0], c), tokens[0], c],
    [Int32Array.of(tokens[1], tokens[0]), tokens[1], tokens[0]],
    [Int32Array.of(tokens[0]), -1, tokens[0]],
    [Int32Array.of(c), -1, c],
    [new Int32Array(0), -1, c],
    // A root that is not the last token of the history.
    [Int32Array.of(tokens[0], tokens[0]), -1, c],
  ];
  for (const [context, before, root] of cases) {
    const recycled = new RecycledTokens(vocabulary.size);
    const source = new RecyclingSource(recycled);
    source.search(new TokenHistory(context, vocabulary));
    source.learn(verified([root, 50, 51], 60, node => [[50], [51], [60]][node] as number[]));
    const known = (previous: number, token: number) => {
      const offers = new Offers();
      recycled.offer(previous, token, offers);
      return offers.features[Feature.matchLength] === Math.fround(Math.log2(3))
        ? offers.tokens[0]
        : undefined;
    };
    assert.deepEqual([known(before, root), known(root, 50), known(50, 51)], [50, 51, 60], `${context}`);
    const [first] = offered(source, ROOT_CURSOR, root);
    assert.deepEqual([first?.token, first?.matched], [50, 2]);
    const [second] = offered(source, first?.cursor as number, 50);
    assert.deepEqual([second?.token, second?.matched], [51, 2]);
    assert.equal(known(97, root), undefined);
  }
});

test("the first token of a vocabulary is remembered and offered as any other", () => {
  const source = new RecyclingSource(new RecycledTokens(4));
  source.search(new TokenHistory(Int32Array.of(1, 0)));
  const all = [0, 1, 2, 3, 0, 1, 2, 3];
  source.learn(
    verified(
      [0],
      0,
      () => all,
      () => 0,
    ),
  );
  source.learn(
    verified(
      [1],
      0,
      () => all,
      () => 0,
    ),
  );
  assert.deepEqual(
    offered(source, ROOT_CURSOR, 0).map(({ token }) => token),
    all,
  );
  source.search(new TokenHistory(Int32Array.of(3, 0)));
  assert.deepEqual(
    offered(source, ROOT_CURSOR, 0).map(({ token }) => token),
    all,
  );
});

test("a pair of tokens is not taken for another with the same hash", () => {
  const recycled = new RecycledTokens(100);
  const source = new RecyclingSource(recycled);
  source.search(new TokenHistory(Int32Array.of(1, 2)));
  source.learn(verified([2], 3, () => [3]));
  const offers = new Offers();
  for (let previous = 2; previous < 300_000; previous++) {
    offers.clear();
    recycled.offer(previous, 2, offers);
    if (offers.features[Feature.matchLength] !== 1) assert.fail(`${previous} before it`);
  }
});
