import assert from "node:assert/strict";
import { test } from "node:test";
import { SavedStates } from "../../../../server/engine/savedStates.ts";

const state = (tokens: number[], bytes = 10) => ({
  tokens: Int32Array.from(tokens),
  bytes: new Uint8Array(bytes),
});

test("the state with the longest common beginning is found, if it is long enough", () => {
  const states = new SavedStates(100);
  const short = state([1, 2, 9, 9]);
  const long = state([1, 2, 3, 4, 8]);
  states.keep(short);
  states.keep(long);
  assert.equal(states.find(Int32Array.of(1, 2, 3, 4, 5), 3, false), long);
  assert.equal(states.find(Int32Array.of(1, 2, 3, 4, 5), 5, false), undefined);
  assert.equal(states.find(Int32Array.of(1, 2, 9), 2, false), short);
});

test("what cannot be shortened is found only by tokens that continue it", () => {
  const states = new SavedStates(100);
  states.keep(state([1, 2, 3, 4]));
  assert.equal(states.find(Int32Array.of(1, 2, 3), 1, true), undefined);
  assert.ok(states.find(Int32Array.of(1, 2, 3, 4, 5), 1, true));
});

test("the budget is kept by dropping what was not used for longest", () => {
  const states = new SavedStates(30);
  for (const first of [1, 2, 3]) states.keep(state([first, 7, 7]));
  assert.ok(states.find(Int32Array.of(1, 7, 7), 3, false));
  states.keep(state([4, 7, 7]));
  assert.ok(states.find(Int32Array.of(1, 7, 7), 3, false), "used last, so kept");
  assert.equal(states.find(Int32Array.of(2, 7, 7), 3, false), undefined);
  states.keep(state([5], 31));
  assert.equal(states.find(Int32Array.of(5), 1, false), undefined, "larger than the whole budget");
  assert.ok(states.find(Int32Array.of(3, 7, 7), 3, false), "and nothing was dropped for it");
});

test("a state that continues another takes its place", () => {
  const states = new SavedStates(20);
  states.keep(state([9, 9]));
  states.keep(state([1, 2]));
  states.keep(state([1, 2, 3]));
  assert.ok(states.holds(Int32Array.of(1, 2)));
  assert.ok(states.holds(Int32Array.of(9, 9)), "there was room for both");
});

test("of small states no more are kept than there are places one comes back to", () => {
  const states = new SavedStates(1_000_000);
  for (let first = 0; first < 20; first++) states.keep(state([first, 7]));
  const kept = Array.from({ length: 20 }, (_, first) => first).filter(first =>
    states.find(Int32Array.of(first, 7), 2, false),
  );
  assert.deepEqual(kept, [12, 13, 14, 15, 16, 17, 18, 19]);
});

test("a state takes the place of one that ends otherwise, where states can be shortened", () => {
  const [earlier, later] = [state([1, 2, 3, 4, 8, 8]), state([1, 2, 3, 4, 5, 6, 7])];
  for (const [spare, isKept] of [
    [0, true],
    [1, true],
    [2, false],
  ] as const) {
    const states = new SavedStates(100, spare);
    states.keep(earlier);
    states.keep(later);
    assert.equal(states.holds(earlier.tokens), isKept, `${spare} tokens to spare`);
    assert.equal(states.find(Int32Array.of(1, 2, 3, 4, 9), 4, false)?.tokens.length, isKept ? 6 : 7);
  }
});

test("short states of different places stand side by side, however many tokens may be spared", () => {
  const states = new SavedStates(100, 64);
  states.keep(state([1, 7, 7]));
  states.keep(state([2, 7, 7]));
  assert.ok(states.holds(Int32Array.of(1, 7, 7)) && states.holds(Int32Array.of(2, 7, 7)));
});
