import assert from "node:assert/strict";
import { test } from "node:test";
import { type SavedState, SavedStates } from "../../../../server/engine/savedStates.ts";

const state = (tokens: number[], bytes = 10) => ({
  tokens: Int32Array.from(tokens),
  bytes: new Uint8Array(bytes),
});

/** Keeps a state as the prompt cache does, which asks first whether it fits. */
function keep(states: SavedStates, one: SavedState): void {
  if (!states.fits(one.bytes.length)) return;
  states.makeRoom(one.tokens, one.bytes.length);
  states.keep(one);
}

test("the state with the longest common prefix is found, if that is long enough", () => {
  const states = new SavedStates(100);
  const short = state([1, 2, 9, 9]);
  const long = state([1, 2, 3, 4, 8]);
  keep(states, short);
  keep(states, long);
  assert.equal(states.find(Int32Array.of(1, 2, 3, 4, 5), 3, false), long);
  assert.equal(states.find(Int32Array.of(1, 2, 3, 4, 5), 5, false), undefined);
  assert.equal(states.find(Int32Array.of(1, 2, 9), 2, false), short);
});

test("a state that cannot be shortened is found only by tokens that continue it", () => {
  const states = new SavedStates(100);
  keep(states, state([1, 2, 3, 4]));
  assert.equal(states.find(Int32Array.of(1, 2, 3), 1, true), undefined);
  assert.ok(states.find(Int32Array.of(1, 2, 3, 4, 5), 1, true));
});

test("the budget is kept by dropping the least recently used states", () => {
  const states = new SavedStates(30);
  for (const first of [1, 2, 3]) keep(states, state([first, 7, 7]));
  assert.ok(states.find(Int32Array.of(1, 7, 7), 3, false));
  keep(states, state([4, 7, 7]));
  assert.ok(states.find(Int32Array.of(1, 7, 7), 3, false), "used last, so kept");
  assert.equal(states.find(Int32Array.of(2, 7, 7), 3, false), undefined);
  keep(states, state([5], 31));
  assert.equal(states.find(Int32Array.of(5), 1, false), undefined, "larger than the whole budget");
  assert.ok(states.find(Int32Array.of(3, 7, 7), 3, false), "and nothing was dropped for it");
});

test("a state replaces another that it continues", () => {
  const states = new SavedStates(20);
  keep(states, state([9, 9]));
  keep(states, state([1, 2]));
  keep(states, state([1, 2, 3]));
  assert.ok(states.holds(Int32Array.of(1, 2)));
  assert.ok(states.holds(Int32Array.of(9, 9)), "there was room for both");
});

test("only a limited number of small states is kept, however large the budget", () => {
  const states = new SavedStates(1_000_000);
  for (let first = 0; first < 20; first++) keep(states, state([first, 7]));
  const kept = Array.from({ length: 20 }, (_, first) => first).filter(first =>
    states.find(Int32Array.of(first, 7), 2, false),
  );
  assert.deepEqual(kept, [12, 13, 14, 15, 16, 17, 18, 19]);
});

test("a state replaces one whose different end is no longer than the spare tokens", () => {
  const [earlier, later] = [state([1, 2, 3, 4, 8, 8]), state([1, 2, 3, 4, 5, 6, 7])];
  for (const [spare, isKept] of [
    [0, true],
    [1, true],
    [2, false],
  ] as const) {
    const states = new SavedStates(100, spare);
    keep(states, earlier);
    keep(states, later);
    assert.equal(states.holds(earlier.tokens), isKept, `${spare} tokens to spare`);
    assert.equal(states.find(Int32Array.of(1, 2, 3, 4, 9), 4, false)?.tokens.length, isKept ? 6 : 7);
  }
});

test("short states of different places are all kept, however many tokens may be spared", () => {
  const states = new SavedStates(100, 64);
  keep(states, state([1, 7, 7]));
  keep(states, state([2, 7, 7]));
  assert.ok(states.holds(Int32Array.of(1, 7, 7)) && states.holds(Int32Array.of(2, 7, 7)));
});

test("the memory of a dropped state is freed at once if it is not reused", () => {
  const states = new SavedStates(60);
  const kept = [1, 2].map(first => {
    const tokens = Int32Array.of(first, 7, 7);
    const bytes = states.makeRoom(tokens, 25);
    states.keep({ tokens, bytes });
    return bytes;
  });
  const large = states.makeRoom(Int32Array.of(3, 7, 7), 30);
  assert.deepEqual(
    kept.map(({ buffer }) => buffer.byteLength),
    [0, 25],
  );
  states.keep({ tokens: Int32Array.of(3, 7, 7), bytes: large });
  states.clear();
  assert.equal(large.buffer.byteLength, 0);
});

test("the memory of a dropped state is reused if it is as large as needed or slightly larger", () => {
  const states = new SavedStates(60);
  const [first, second] = [state([1, 7, 7], 25), state([2, 7, 7], 25)];
  keep(states, first);
  keep(states, second);
  const again = states.makeRoom(Int32Array.of(3, 7, 7), 20);
  assert.equal(again.buffer, first.bytes.buffer);
  assert.equal(again.length, 20);
  states.keep({ tokens: Int32Array.of(3, 7, 7), bytes: again });
  const small = states.makeRoom(Int32Array.of(4, 7, 7), 12);
  assert.equal(small.buffer.byteLength, 12, "there was room for it");
  states.keep({ tokens: Int32Array.of(4, 7, 7), bytes: small });
  const large = states.makeRoom(Int32Array.of(5, 7, 7), 30);
  assert.equal(large.buffer.byteLength, 30, "none was as large");
  assert.ok(states.holds(Int32Array.of(4, 7, 7)) && !states.holds(Int32Array.of(3, 7, 7)));
});
