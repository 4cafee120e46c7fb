import assert from "node:assert/strict";
import { test } from "node:test";
import { Evidence } from "../../../../server/draft/evidence.ts";
import { FEATURE_COUNT, Feature, NO_CURSOR, Offers, ROOT_CURSOR } from "../../../../server/draft/source.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { compareOffers, type Place } from "./expectedOffers.ts";

/** Evidence of `[what followed, match length, occurrences]`. */
function found(rows: readonly [number[], number, number][], ending?: { token: number; after: Int32Array }) {
  const evidence = new Evidence(16, 6, ending);
  for (const [tokens, length, weight] of rows)
    evidence.add(Int32Array.from(tokens), 0, tokens.length, length, weight);
  evidence.ready();
  return evidence;
}

/** What is offered after a cursor: by token, its cursor and a few features. */
function offered(evidence: Evidence, cursor: number) {
  const offers = new Offers();
  evidence.children(cursor, offers);
  return Array.from({ length: offers.count }, (_, i) => {
    const feature = (index: number) => offers.features[i * FEATURE_COUNT + index] as number;
    return {
      token: offers.tokens[i] as number,
      cursor: offers.cursors[i] as number,
      share: Math.round(1000 * 2 ** feature(Feature.share)) / 1000,
      matched: 2 ** feature(Feature.matchLength) - 1,
      occurrences: 2 ** feature(Feature.occurrences) - 1,
      ending: feature(Feature.ending),
    };
  });
}

test("places with the same continuation are one offer with their share, and separate where their texts differ", () => {
  const evidence = found([
    [[1, 2, 3], 4, 1],
    [[1, 2, 4], 4, 2],
    [[5, 6], 4, 1],
  ]);
  const [one, five] = offered(evidence, ROOT_CURSOR);
  assert.deepEqual([one?.token, one?.share, Math.round(one?.occurrences ?? 0)], [1, 0.75, 3]);
  assert.deepEqual([five?.token, five?.share], [5, 0.25]);
  const [two] = offered(evidence, one?.cursor as number);
  assert.deepEqual([two?.token, two?.share, Math.round(two?.matched ?? 0)], [2, 1, 5]);
  assert.deepEqual(
    offered(evidence, two?.cursor as number).map(({ token, share }) => [token, Math.round(share * 3)]),
    [
      [3, 1],
      [4, 2],
    ],
  );
  assert.deepEqual(offered(evidence, offered(evidence, five?.cursor as number)[0]?.cursor as number), []);
});

test("each token by which a match is shorter than the longest halves its weight", () => {
  const [long, short] = offered(
    found([
      [[1], 5, 1],
      [[2], 3, 1],
    ]),
    ROOT_CURSOR,
  );
  assert.deepEqual([long?.share, short?.share], [0.8, 0.2]);
});

test("the end is offered where a text runs into what follows the cursor", () => {
  const ending = { token: 99, after: Int32Array.of(7, 8, 9, 10) };
  const evidence = found(
    [
      [[7, 8, 9], 3, 1],
      [[7, 8, 1], 3, 1],
    ],
    ending,
  );
  const end = offered(evidence, ROOT_CURSOR).find(({ token }) => token === 99);
  assert.deepEqual([end?.ending, end?.cursor, end?.share], [1, NO_CURSOR, 0.5]);
  assert.ok(!offered(found([[[7, 1], 3, 1]], ending), ROOT_CURSOR).some(({ token }) => token === 99));
});

test("places, tokens and groups beyond the room are left out", () => {
  const evidence = new Evidence(4, 3);
  for (let i = 0; i < 9; i++) evidence.add(Int32Array.of(i, i, i, i), 0, 4, 1, 1);
  evidence.ready();
  assert.equal(evidence.rows, 4);
  assert.equal(offered(evidence, ROOT_CURSOR).length, 4);
  assert.deepEqual(offered(evidence, 500), []);
  evidence.clear();
  evidence.ready();
  assert.deepEqual(offered(evidence, ROOT_CURSOR), []);
});

test("many places with different continuations are followed separately", () => {
  const evidence = new Evidence(500, 40);
  const offers = new Offers();
  evidence.clear();
  // Fifty rows for each of ten tokens, each of which continues with a token of its own.
  for (let row = 0; row < 500; row++) {
    const text = Int32Array.from({ length: 40 }, (_, depth) => (depth === 0 ? row % 10 : 100 + (row % 10)));
    evidence.add(text, 0, 40, 3, 1);
  }
  evidence.ready();
  let cursors = [0];
  for (let depth = 0; depth < 40; depth++) {
    const next: number[] = [];
    for (const cursor of cursors) {
      offers.clear();
      evidence.children(cursor, offers);
      for (let at = 0; at < offers.count; at++) {
        next.push(offers.cursors[at] as number);
        const expected = depth === 0 ? at : 100 + cursors.indexOf(cursor);
        assert.equal(offers.tokens[at], expected, `depth ${depth}`);
      }
    }
    assert.equal(next.length, 10);
    // One step follows at most sixteen times five hundred rows.
    if (next.includes(-1)) {
      assert.ok(depth >= 14, `followed to depth ${depth}`);
      return;
    }
    cursors = next;
  }
  assert.fail("the bound was never met");
});

test("each offer's features are what they mean, after every path that the places continue with", () => {
  const random = seeded(7);
  const width = 6;
  for (let round = 0; round < 40; round++) {
    const letters = round % 3 === 0 ? 20 : 2 + below(random, 2);
    const text = (most: number) =>
      Array.from({ length: below(random, most + 1) }, () => below(random, letters));
    const end = { token: 99, after: text(4) };
    const evidence = new Evidence(16, width, { token: end.token, after: Int32Array.from(end.after) });
    for (let search = 0; search < 3; search++) {
      evidence.clear();
      const places = Array.from({ length: below(random, 17) }, (): Place => {
        const tokens = text(width + 2);
        const [length, weight] = [below(random, 12), 1 + below(random, 40)];
        const [recency, nearness] = [below(random, 5) / 4, below(random, 5) / 4];
        // A text may end in a longer one with a negative token, or where the longer one ends.
        const around = [7, ...tokens, ...(random() < 0.5 ? [-1, 5] : [])];
        const row = evidence.add(Int32Array.from(around), 1, around.length, length, weight);
        evidence.recencies[row] = recency;
        evidence.nearnesses[row] = nearness;
        return { tokens: tokens.slice(0, width), length, weight, recency, nearness };
      });
      evidence.ready();
      compareOffers((cursor, _path, offers) => evidence.children(cursor, offers), places, end);
    }
  }
});
