import assert from "node:assert/strict";
import { test } from "node:test";
import { Bits, FORMATS, halfBits, randomWeights } from "../../bench/weights.ts";

/** The number a half-precision pattern stands for. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

test("numbers are rounded to the nearest half-precision value, very small and large ones included", () => {
  for (const value of [0, 1, -1, 0.1, 1 / 3, 65504, 6.1e-5, 6e-5, -5.96e-8, 1e-9, 2 ** -14, 1234.5]) {
    const near = halfValue(halfBits(value));
    const step = Math.max(2 ** -24, 2 ** (Math.floor(Math.log2(Math.abs(value) || 1)) - 10));
    assert.ok(Math.abs(near - value) <= step / 2, `${value} became ${near}`);
  }
  assert.equal(halfBits(1e6), 0x7c00);
  assert.equal(halfBits(-1e6), 0xfc00);
});

/** The weights of blocks, as ggml's `dequantize_row_*` reads them. */
const dequantise: Record<string, (block: DataView) => number[]> = {
  f16: block => [halfValue(block.getUint16(0, true))],
  q8_0: block => {
    const scale = halfValue(block.getUint16(0, true));
    return Array.from({ length: 32 }, (_, i) => scale * block.getInt8(2 + i));
  },
  q4_0: block => {
    const scale = halfValue(block.getUint16(0, true));
    return Array.from(
      { length: 32 },
      (_, i) => scale * (((block.getUint8(2 + (i % 16)) >> (i < 16 ? 0 : 4)) & 15) - 8),
    );
  },
  q5_0: block => {
    const scale = halfValue(block.getUint16(0, true));
    const high = block.getUint32(2, true);
    return Array.from({ length: 32 }, (_, i) => {
      const low = (block.getUint8(6 + (i % 16)) >> (i < 16 ? 0 : 4)) & 15;
      return scale * ((low | (((high >>> i) & 1) << 4)) - 16);
    });
  },
  q4_k: block => {
    const scale = halfValue(block.getUint16(0, true));
    const least = halfValue(block.getUint16(2, true));
    const packed = (i: number) => block.getUint8(4 + i);
    return Array.from({ length: 256 }, (_, i) => {
      const sub = i >> 5;
      const [scaleBits, leastBits] =
        sub < 4
          ? [packed(sub) & 63, packed(sub + 4) & 63]
          : [
              (packed(sub + 4) & 15) | ((packed(sub - 4) >> 6) << 4),
              (packed(sub + 4) >> 4) | ((packed(sub) >> 6) << 4),
            ];
      const byte = block.getUint8(16 + (i >> 6) * 32 + (i & 31));
      return scale * scaleBits! * ((byte >> (sub & 1 ? 4 : 0)) & 15) - least * leastBits!;
    });
  },
};

test("random weights have the requested spread in every format", () => {
  for (const [name, weights] of Object.entries(dequantise)) {
    const format = name as Exclude<keyof typeof FORMATS, "f32">;
    const { blockBytes, blockValues } = FORMATS[format];
    const chunk = new Uint8Array(blockBytes * Math.ceil(200_000 / blockValues));
    randomWeights(format, 0.03, new Bits(5))(chunk);
    let [sum, squares, count] = [0, 0, 0];
    for (let at = 0; at < chunk.length; at += blockBytes)
      for (const weight of weights(new DataView(chunk.buffer, at, blockBytes))) {
        sum += weight;
        squares += weight * weight;
        count++;
      }
    const deviation = Math.sqrt(squares / count);
    assert.ok(Math.abs(deviation / 0.03 - 1) < 0.05, `${name}: ${deviation}`);
    assert.ok(Math.abs(sum / count) < 0.004, `${name}: mean ${sum / count}`);
  }
});

test("the same seed gives the same weights, and another seed gives others", () => {
  const weights = (seed: number) => {
    const chunk = new Uint8Array(340);
    randomWeights("q8_0", 1, new Bits(seed))(chunk);
    return Buffer.from(chunk).toString("hex");
  };
  assert.equal(weights(3), weights(3));
  assert.notEqual(weights(3), weights(4));
});
