import assert from "node:assert/strict";
import { test } from "node:test";
import { firstKeysAgree, withKeysInQ8 } from "../../../../server/engine/stateKeys.ts";

const F16 = 1;
const Q8_0 = 8;
const CELLS = 3;
const LAYERS = 2;
/** Values of a key in one head. */
const HEAD = 64;

interface StateParts {
  readonly streams?: number;
  readonly transposed?: number;
  /** The number of layers that the state gives; it has two. */
  readonly layers?: number;
  readonly keyType?: number;
  readonly valueType?: number;
  readonly keyBytes?: number;
  readonly spare?: number;
}

/** A state of three cells and two layers, as llama.cpp writes it. @param key bytes of keys by their place in a row */
function state(parts: StateParts = {}, key: (at: number) => number = () => 0): Uint8Array {
  const { streams = 1, transposed = 0, layers = LAYERS } = parts;
  const { keyType = F16, valueType = F16, keyBytes = 128, spare = 0 } = parts;
  const bytes: number[] = [1, 2, 3, 4, 0, 0, 0, 0];
  const number = (value: number, size = 4) => {
    for (let i = 0; i < size; i++) bytes.push((value / 2 ** (8 * i)) & 255);
  };
  number(streams);
  number(CELLS);
  for (let cell = 0; cell < CELLS; cell++) for (const value of [cell, 1, 0]) number(value);
  number(transposed);
  number(layers);
  for (const [type, rowBytes] of [
    [keyType, keyBytes],
    [valueType, 64],
  ] as const)
    for (let layer = 0; layer < LAYERS; layer++) {
      number(type);
      number(rowBytes, 8);
      for (let at = 0; at < CELLS * rowBytes; at++) bytes.push(key(at % rowBytes) & 255);
    }
  for (let i = 0; i < spare; i++) bytes.push(0);
  return Uint8Array.from(bytes);
}

/** Records calls: nothing may be computed with a state that is left alone. */
function library() {
  const calls: string[] = [];
  const native = (name: string, result: number) => () => {
    calls.push(name);
    return result;
  };
  const quantised = CELLS * 2 * 34;
  return {
    calls,
    halfToFloat: native("float", 0),
    quantise: native("quantise", quantised),
  } as never as Parameters<typeof withKeysInQ8>[0] & { calls: string[] };
}

test("a state with keys in F16 becomes one with keys in Q8_0, with cells and values unchanged", async () => {
  const used = library();
  const converted = await withKeysInQ8(
    used,
    state({}, at => at),
    CELLS,
    HEAD,
  );
  assert.deepEqual(used.calls, ["float", "quantise", "float", "quantise"]);
  const expected = state({ keyType: Q8_0, keyBytes: 68 }, at => at);
  assert.equal(converted?.length, expected.length);
  const values = expected.length - LAYERS * (12 + CELLS * 64);
  assert.deepEqual(converted?.subarray(values), expected.subarray(values));
  assert.deepEqual(converted?.subarray(0, 72), expected.subarray(0, 72), "up to the first layer's rows");
});

test("a state with another layout is left alone", async () => {
  const others: [string, Uint8Array, number][] = [
    ["two streams", state({ streams: 2 }), CELLS],
    ["transposed values", state({ transposed: 1 }), CELLS],
    ["any number of layers", state({ layers: 2 ** 32 - 1 }), CELLS],
    ["keys in Q8_0", state({ keyType: Q8_0 }), CELLS],
    ["values in Q8_0", state({ valueType: Q8_0 }), CELLS],
    ["rows that are no whole blocks", state({ keyBytes: 96 }), CELLS],
    ["other cells than were computed", state(), CELLS + 1],
    ["bytes at its end", state({ spare: 1 }), CELLS],
    ["cut short", state().subarray(0, -1), CELLS],
    ["no layers", state().subarray(0, 60), CELLS],
    ["next to nothing", state().subarray(0, 10), CELLS],
  ];
  for (const [what, bytes, cells] of others) {
    const used = library();
    const before = bytes.slice();
    assert.equal(await withKeysInQ8(used, bytes, cells, HEAD), undefined, what);
    assert.deepEqual(used.calls, [], what);
    assert.deepEqual(bytes, before, what);
  }
});

test("keys agree up to rounding, and not if they are negated, scaled or in another layout", () => {
  const q8 = { keyType: Q8_0, keyBytes: 68 };
  const key = (at: number) => (at % 34 < 2 ? 40 : at * 5 - 100);
  const one = state(q8, key);
  assert.ok(firstKeysAgree(one, one));
  assert.ok(
    firstKeysAgree(
      one,
      state(q8, at => key(at) + (at % 34 > 2 ? 1 : 0)),
    ),
    "a step apart",
  );
  assert.ok(
    !firstKeysAgree(
      one,
      state(q8, at => (at % 34 < 2 ? 40 : 100 - at * 5)),
    ),
    "turned",
  );
  assert.ok(
    !firstKeysAgree(
      one,
      state(q8, at => (at % 34 < 2 ? 48 : key(at))),
    ),
    "scaled",
  );
  assert.ok(!firstKeysAgree(one, state({ keyType: Q8_0, keyBytes: 34 }, key)), "narrower");
  assert.ok(!firstKeysAgree(one, state({}, key)), "in F16");
});
