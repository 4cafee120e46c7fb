import assert from "node:assert/strict";
import { test } from "node:test";
import { Evidence } from "../../../../server/draft/evidence.ts";
import { heal } from "../../../../server/draft/healing.ts";
import { FEATURE_COUNT, Feature, NO_CURSOR, Offers, ROOT_CURSOR } from "../../../../server/draft/source.ts";
import { PieceVocabulary } from "../../../fakes/pieces.ts";
import { below, seeded } from "../../../fakes/random.ts";

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

interface Place {
  readonly tokens: readonly number[];
  readonly length: number;
  readonly weight: number;
  readonly recency: number;
  readonly nearness: number;
}

/** The offers after the places that continue with `path`, worked out from the meaning of each feature. */
function expectedOffers(
  places: readonly Place[],
  path: readonly number[],
  end: { readonly token: number; readonly after: readonly number[] },
) {
  const depth = path.length;
  const group = places.filter(({ tokens }) => path.every((token, i) => tokens[i] === token));
  const most = (part: readonly Place[], value: (place: Place) => number) => Math.max(0, ...part.map(value));
  const longest = most(group, ({ length }) => length);
  const massOf = (part: readonly Place[]) =>
    part.reduce((sum, { weight, length }) => sum + weight / 2 ** Math.min(6, longest - length), 0);
  const offer = (token: number, part: readonly Place[], isEnding: boolean) => {
    const own = most(part, ({ length }) => length);
    return {
      token,
      goesOn: !isEnding,
      features: [
        1,
        Math.log2(1 + own + depth),
        Math.log2((1 + longest + depth) / (1 + own + depth)),
        Math.log2(massOf(part) / massOf(group)),
        Math.min(6, Math.log2(1 + part.reduce((sum, { weight }) => sum + weight, 0))),
        isEnding ? 0 : most(part, ({ recency }) => recency),
        isEnding ? 0 : most(part, ({ nearness }) => nearness),
        Math.log2(1 + depth),
        0,
        0,
        isEnding ? 1 : 0,
        0,
      ],
    };
  };
  const tokens = [...new Set(group.flatMap(place => place.tokens.slice(depth, depth + 1)))].slice(0, 12);
  const after = end.after.slice(0, 3);
  const ended = group.filter(place => after.every((token, i) => place.tokens[depth + i] === token));
  return [
    ...tokens.map(token =>
      offer(
        token,
        group.filter(place => place.tokens[depth] === token),
        false,
      ),
    ),
    ...(after.length > 0 && ended.length > 0 ? [offer(end.token, ended, true)] : []),
  ];
}

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
      const compare = (cursor: number, path: readonly number[]) => {
        const offers = new Offers();
        evidence.children(cursor, offers);
        const expected = expectedOffers(places, path, end);
        assert.deepEqual(
          [...offers.tokens.subarray(0, offers.count)],
          expected.map(({ token }) => token),
        );
        for (const [i, { token, goesOn, features }] of expected.entries()) {
          const row = offers.features.subarray(i * FEATURE_COUNT, (i + 1) * FEATURE_COUNT);
          for (const [feature, value] of features.entries())
            assert.ok(Math.abs((row[feature] as number) - value) < 1e-5, `feature ${feature} is ${value}`);
          assert.equal(offers.cursors[i] !== NO_CURSOR, goesOn);
          if (goesOn) compare(offers.cursors[i] as number, [...path, token]);
        }
      };
      compare(ROOT_CURSOR, []);
    }
  }
});
