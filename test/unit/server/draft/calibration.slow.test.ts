import assert from "node:assert/strict";
import { test } from "node:test";
import { CALIBRATION_VERSION, Calibration, sourceIndex } from "../../../../server/draft/calibration.ts";
import { OfferTable } from "../../../../server/draft/offerTable.ts";
import { FEATURE_COUNT, Feature, Offers, SOURCE_NAMES } from "../../../../server/draft/source.ts";
import { below, seeded } from "../../../fakes/random.ts";

const DOCUMENT = sourceIndex("document");
const WORKSPACE = sourceIndex("workspace");

/** Chances of the tokens offered at one node: `[kind, token, match length]` each. */
function probabilities(
  calibration: Calibration,
  offered: readonly [number, number, number][],
  said?: number,
): Map<number, number> {
  const table = new OfferTable(1, 2, calibration);
  const offers = new Offers();
  table.begin(0, 0);
  for (const [kind, token, length] of offered) {
    offers.clear();
    const at = offers.add(token, 0);
    offers.features[at + Feature.matchLength] = length;
    table.add(0, kind === DOCUMENT ? 0 : 1, kind, offers, 0);
  }
  const { first, end } = table.end(0);
  const found = new Map<number, number>();
  for (let i = first; i < end; i++) found.set(table.tokens[i] as number, table.probabilities[i] as number);
  if (said !== undefined) table.learn(0, said);
  return found;
}

test("probabilities at a node sum to less than one, and longer matches and agreement raise them", () => {
  const calibration = new Calibration();
  const one = probabilities(calibration, [[DOCUMENT, 7, 2]]).get(7) as number;
  const longer = probabilities(calibration, [[DOCUMENT, 7, 4]]).get(7) as number;
  const agreed = probabilities(calibration, [
    [DOCUMENT, 7, 2],
    [WORKSPACE, 7, 2],
  ]).get(7) as number;
  const rivalled = probabilities(calibration, [
    [DOCUMENT, 7, 2],
    [WORKSPACE, 9, 2],
  ]);
  assert.ok(one > 0.1 && longer > one && agreed > one && (rivalled.get(7) as number) < one);
  const many = probabilities(
    calibration,
    Array.from({ length: 40 }, (_, i): [number, number, number] => [DOCUMENT, i, 5]),
  );
  assert.ok([...many.values()].reduce((a, b) => a + b) < 1);
});

test("probabilities converge to the observed shares", () => {
  const calibration = new Calibration({ rate: 0.003, pull: 0, bound: 50 });
  const random = seeded(5);
  // Short matches are right one time in five, long ones four times in five.
  for (let i = 0; i < 30_000; i++) {
    const length = below(random, 2) * 4;
    probabilities(calibration, [[DOCUMENT, 1, length]], random() < (length === 0 ? 0.2 : 0.8) ? 1 : 2);
  }
  const short = probabilities(calibration, [[DOCUMENT, 1, 0]]).get(1) as number;
  const long = probabilities(calibration, [[DOCUMENT, 1, 4]]).get(1) as number;
  assert.ok(Math.abs(short - 0.2) < 0.08 && Math.abs(long - 0.8) < 0.08, `${short} and ${long}`);
});

test("no document moves a weight farther than the bound from its prior", () => {
  const calibration = new Calibration({ rate: 1 });
  const before = calibration.save().weights;
  for (let i = 0; i < 500; i++) probabilities(calibration, [[DOCUMENT, 1, 5]], 2);
  const after = calibration.save().weights;
  assert.ok(after.every((weight, i) => Math.abs(weight - (before[i] as number)) <= 2.001));
  assert.notDeepEqual(after, before);
  assert.ok(new Calibration().restore(calibration.save()), "weights at the bound are restored");
});

test("learned weights are saved and restored, and anything else is refused and changes nothing", () => {
  const learned = new Calibration();
  for (let i = 0; i < 50; i++) probabilities(learned, [[DOCUMENT, 1, 3]], 1);
  const saved = learned.save();
  const fresh = new Calibration();
  assert.ok(fresh.restore(JSON.parse(JSON.stringify(saved))));
  assert.deepEqual(fresh.save(), saved);
  const untouched = new Calibration().save();
  for (const bad of [
    undefined,
    "text",
    { version: CALIBRATION_VERSION + 1, weights: saved.weights },
    { version: CALIBRATION_VERSION, weights: saved.weights.slice(0, -1) },
    { version: CALIBRATION_VERSION, weights: [...saved.weights, 0] },
    { version: CALIBRATION_VERSION, weights: saved.weights.map(String) },
    { version: CALIBRATION_VERSION, weights: saved.weights.map(() => "1") },
    { version: CALIBRATION_VERSION, weights: saved.weights.map(() => Number.NaN) },
    { version: CALIBRATION_VERSION, weights: saved.weights.map(() => 1e9) },
  ]) {
    const calibration = new Calibration();
    assert.equal(calibration.restore(bad), false);
    assert.deepEqual(calibration.save(), untouched);
  }
  assert.throws(() => new Calibration({ prior: [1, 2] }), RangeError);
  assert.equal(saved.weights.length % FEATURE_COUNT, 2);
});

test("a table grows beyond its initial room for tokens and offers, up to its bounds", () => {
  const calibration = new Calibration();
  const table = new OfferTable(2, 2, calibration);
  const offers = new Offers(1);
  for (let token = 0; token < 3000; token++) {
    offers.clear();
    if (token === 0) table.begin(0, 0);
    offers.add(token, token + 5);
    for (const source of [0, 1]) table.add(0, source, DOCUMENT, offers, 0);
  }
  const { first, end } = table.end(0);
  assert.deepEqual([first, end], [0, 2048]);
  for (const token of [0, 127, 128, 2047]) {
    assert.equal(table.tokens[token], token);
    assert.deepEqual([...table.cursors.subarray(2 * token, 2 * token + 2)], [token + 5, token + 5]);
  }
  assert.ok(
    table.probabilities.every((p, i) => Math.abs(p - (table.probabilities[0] as number)) < 1e-12 || i >= end),
  );
  let reported = 0;
  table.forEachOffer(0, 2000, (_source, _probability, right) => {
    reported++;
    if (right) assert.ok(reported > 4000);
  });
  assert.equal(reported, 4096);
});

test("a table takes 2048 tokens and 4096 offers a step, whichever are more, and as many at the next step", () => {
  const calibration = new Calibration();
  const table = new OfferTable(1, 1, calibration);
  const offers = new Offers(1);
  const taken = (tokens: number) => {
    table.clear();
    table.begin(0, 0);
    for (let i = 0; i < 5000; i++) {
      offers.clear();
      offers.add(i % tokens, 0);
      table.add(0, 0, DOCUMENT, offers, 0);
    }
    table.end(0);
    let count = 0;
    table.forEachOffer(0, 0, () => count++);
    return [table.count, count];
  };
  assert.deepEqual([5000, 10, 5000].map(taken), [
    [2048, 2048],
    [10, 4096],
    [2048, 2048],
  ]);
});

test("scores beyond the range of exponentials still have their probabilities", () => {
  const far = (score: number) =>
    new Calibration({
      prior: Array.from({ length: 98 }, (_, i) => (i === 0 ? score : i >= 96 ? -score : 0)),
    });
  const only = (score: number) => probabilities(far(score), [[DOCUMENT, 7, 0]]).get(7);
  assert.deepEqual([only(1000), only(-1000), only(0)], [1, 0, 0.5]);
});

test("a source gets credit for a token to the extent that other sources do not make it likely", () => {
  const calibration = new Calibration();
  const table = new OfferTable(1, 3, calibration);
  const offers = new Offers();
  const offer = (kind: number, token: number, length: number) => {
    offers.clear();
    const at = offers.add(token, 0);
    offers.features[at + Feature.matchLength] = length;
    table.add(0, kind === DOCUMENT ? 0 : 1, kind, offers, 0);
  };
  table.begin(0, 0);
  offer(DOCUMENT, 1, 4);
  offer(DOCUMENT, 2, 0);
  offer(WORKSPACE, 2, 5);
  offer(DOCUMENT, 3, 5);
  offer(WORKSPACE, 3, 1);
  table.end(0);
  assert.deepEqual([table.owedTo(DOCUMENT, 0, 0), table.owedTo(WORKSPACE, 0, 0)], [1, 0]);
  assert.ok(table.owedTo(WORKSPACE, 0, 1) > 0.5, "a long match where the other has none");
  assert.ok(table.owedTo(WORKSPACE, 0, 2) < 0.25, "one that says what is known");
  assert.ok(table.owedTo(DOCUMENT, 0, 2) > table.owedTo(WORKSPACE, 0, 2));
});

interface Offer {
  readonly kind: number;
  readonly token: number;
  readonly features: readonly number[];
}

/** The probabilities of a conditional logit model: of each token, and under `none` of no token. */
function softmax(weights: readonly number[], offered: readonly Offer[], depth: number) {
  const scores = new Map<number, number>();
  for (const { kind, token, features } of offered) {
    const score = features.reduce((sum, x, i) => sum + x * (weights[kind * FEATURE_COUNT + i] as number), 0);
    scores.set(token, (scores.get(token) ?? 0) + score);
  }
  const none = (weights.at(-2) as number) + (weights.at(-1) as number) * Math.log2(1 + depth);
  const sum = [...scores.values()].reduce((total, score) => total + Math.exp(score), Math.exp(none));
  const shares = [...scores].map(([token, score]) => [token, Math.exp(score) / sum] as const);
  return { shares: new Map(shares), none: Math.exp(none) / sum };
}

test("learning takes one step along the gradient of the logarithm of what was generated", () => {
  const random = seeded(8);
  for (let round = 0; round < 30; round++) {
    const prior = Array.from({ length: SOURCE_NAMES.length * FEATURE_COUNT + 2 }, () => 2 * random() - 1);
    const calibration = new Calibration({ prior, rate: 1, pull: 0, bound: 100 });
    const table = new OfferTable(3, 4, calibration);
    const nodes = [0, 1, 2].map(node => {
      const depth = below(random, 5);
      table.begin(node, depth);
      const offered = Array.from({ length: below(random, 10) }, (): Offer => {
        const features = Array.from({ length: FEATURE_COUNT }, () =>
          Math.fround(random() < 0.3 ? 0 : 2 * random() - 1),
        );
        return { kind: below(random, SOURCE_NAMES.length), token: below(random, 6), features };
      });
      const offers = new Offers();
      for (const [at, { kind, token, features }] of offered.entries()) {
        offers.features.set(features, offers.add(token, 0));
        table.add(node, below(random, 4), kind, offers, at);
      }
      const { first, end } = table.end(node);
      const { shares } = softmax(prior, offered, depth);
      assert.deepEqual([...table.tokens.subarray(first, end)], [...shares.keys()]);
      for (const [i, share] of [...shares.values()].entries())
        assert.ok(Math.abs((table.probabilities[first + i] as number) - share) < 1e-6);
      return { offered, depth };
    });
    const { offered, depth } = nodes[1] as (typeof nodes)[number];
    const generated = below(random, 8);
    table.learn(1, generated);
    const chance = (weights: readonly number[]) => {
      const { shares, none } = softmax(weights, offered, depth);
      return Math.log(shares.get(generated) ?? none);
    };
    const { weights } = calibration.save();
    for (const [i, weight] of prior.entries()) {
      const [above, below] = [1e-4, -1e-4].map(step => chance(prior.with(i, weight + step)));
      const slope = ((above as number) - (below as number)) / 2e-4;
      assert.ok(Math.abs((weights[i] as number) - weight - slope) < 2e-4, `weight ${i}`);
    }
  }
});

test("nothing is learned at a node that was not looked at", () => {
  const calibration = new Calibration({ rate: 1 });
  const table = new OfferTable(2, 1, calibration);
  // An observation that taught nothing would still draw these weights back.
  calibration.learnNone(1, 1);
  const before = calibration.save();
  table.learn(1, 5);
  table.begin(1, 0);
  table.end(1);
  table.clear();
  table.learn(1, 5);
  table.forEachOffer(1, 5, () => assert.fail("an offer of an earlier step"));
  assert.deepEqual(calibration.save(), before);
});

test("each observation takes the weights it moves a share of the way back to the prior", () => {
  const prior = [...new Array(FEATURE_COUNT * SOURCE_NAMES.length + 2).keys()];
  const calibration = new Calibration({ prior, rate: 0.5, pull: 0.25, bound: 2 });
  const features = Float32Array.from({ length: FEATURE_COUNT }, (_, i) => (i === 3 ? 2 : 0));
  const moved = () =>
    (calibration.save().weights[WORKSPACE * FEATURE_COUNT + 3] as number) -
    (prior[WORKSPACE * FEATURE_COUNT + 3] as number);
  calibration.learn(WORKSPACE, features, 0, 0.8);
  assert.ok(Math.abs(moved() - 0.75 * 0.8) < 1e-4);
  calibration.learn(WORKSPACE, features, 0, 0);
  assert.ok(Math.abs(moved() - 0.75 * 0.75 * 0.8) < 1e-4);
  for (let i = 0; i < 20; i++) calibration.learn(WORKSPACE, features, 0, -3);
  assert.equal(moved(), -2);
  assert.deepEqual(
    calibration.save().weights.flatMap((weight, i) => (weight === prior[i] ? [] : [i])),
    [WORKSPACE * FEATURE_COUNT + 3],
  );
});

test("the chance of a source's first offer is its probability where no other source offers anything", () => {
  const random = seeded(3);
  const prior = Array.from({ length: SOURCE_NAMES.length * FEATURE_COUNT + 2 }, () => 2 * random() - 1);
  const calibration = new Calibration({ prior });
  for (const count of [1, 2, 5]) {
    const offers = new Offers();
    const offered = Array.from({ length: count }, (_, token): Offer => {
      const features = Array.from({ length: FEATURE_COUNT }, () => Math.fround(random()));
      offers.features.set(features, offers.add(token, 0));
      return { kind: DOCUMENT, token, features };
    });
    const expected = softmax(prior, offered, count).shares.get(0) as number;
    assert.ok(Math.abs(calibration.chanceOfFirst(DOCUMENT, offers, count) - expected) < 1e-9);
  }
});
