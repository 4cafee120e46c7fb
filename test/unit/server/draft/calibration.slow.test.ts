import assert from "node:assert/strict";
import { test } from "node:test";
import { CALIBRATION_VERSION, Calibration, sourceIndex } from "../../../../server/draft/calibration.ts";
import { OfferTable } from "../../../../server/draft/offerTable.ts";
import { FEATURE_COUNT, Feature, Offers } from "../../../../server/draft/source.ts";
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
    { version: CALIBRATION_VERSION, weights: saved.weights.slice(1) },
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
