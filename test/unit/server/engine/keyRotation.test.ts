import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyRotation } from "../../../../server/engine/keyRotation.ts";

/** Element of a Hadamard matrix of order 2^n in its natural order. */
const sign = (row: number, column: number) => {
  let common = row & column;
  let parity = 1;
  for (; common > 0; common &= common - 1) parity = -parity;
  return parity;
};

const nearly = (actual: number, expected: number) => Math.abs(actual - expected) < 1e-3;

for (const [headValues, size] of [
  [64, 64],
  [128, 128],
  [192, 64],
  [256, 256],
] as const)
  test(`heads of ${headValues} values are multiplied by a Hadamard matrix of ${size}`, () => {
    const rotation = new KeyRotation(40_000, headValues);
    const count = 2 * headValues;
    for (let i = 0; i < rotation.values.length; i++) rotation.values[i] = ((i * 37) % 101) - 50;
    const before = rotation.values.slice();
    rotation.rotate(count);
    for (let i = 0; i < count; i++) {
      const start = i - (i % size);
      let sum = 0;
      for (let k = 0; k < size; k++) sum += sign(i - start, k) * (before[start + k] as number);
      assert.ok(nearly(rotation.values[i] as number, sum / Math.sqrt(size)), `value ${i}`);
    }
    assert.deepEqual(rotation.values.subarray(count), before.subarray(count), "what follows stays");
  });

test("a value is spread over its head, and rotating twice restores it", () => {
  const rotation = new KeyRotation(128, 64);
  rotation.values[64] = 8;
  rotation.rotate(128);
  assert.deepEqual(
    rotation.values,
    Float32Array.from({ length: 128 }, (_, i) => (i < 64 ? 0 : 1)),
  );
  rotation.rotate(128);
  assert.deepEqual(
    rotation.values,
    Float32Array.from({ length: 128 }, (_, i) => (i === 64 ? 8 : 0)),
  );
});

test("heads whose size no power of two from 64 on divides are left unchanged", () => {
  for (const headValues of [32, 80, 96, 112]) {
    const rotation = new KeyRotation(2 * headValues, headValues);
    for (let i = 0; i < rotation.values.length; i++) rotation.values[i] = i;
    rotation.rotate(2 * headValues);
    assert.equal(rotation.values[headValues + 5], headValues + 5);
  }
});
