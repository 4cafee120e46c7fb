import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Metadatum, readGguf, type TensorPlan, writeGguf } from "../bench/gguf.ts";
import { Bits, FORMATS, floats, halfBits, randomWeights } from "../bench/weights.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-gguf-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The number a half-precision pattern stands for. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

const metadata = new Map<string, Metadatum>([
  ["general.architecture", { type: "string", value: "llama" }],
  ["some.count", { type: "u32", value: 4_000_000_000 }],
  ["some.offset", { type: "i32", value: -7 }],
  ["some.rate", { type: "f32", value: 0.5 }],
  ["some.flag", { type: "bool", value: true }],
  ["some.names", { type: "strings", value: ["a", "", "Ġnaïve 🙂"] }],
  ["some.numbers", { type: "i32s", value: [1, -2, 3] }],
]);

test("what is written to a GGUF file is read from it", () => {
  const path = join(folder, "written.gguf");
  const bits = new Bits(1);
  const tensors: TensorPlan[] = [
    { name: "norm", shape: [3], format: FORMATS.f32, fill: floats(1, 0, bits) },
    { name: "matrix", shape: [64, 5], format: FORMATS.q8_0, fill: randomWeights("q8_0", 0.1, bits) },
    { name: "last", shape: [4, 2], format: FORMATS.f16, fill: randomWeights("f16", 0.1, bits) },
  ];
  const bytes = writeGguf(path, metadata, tensors);
  const file = readFileSync(path);
  assert.equal(file.length, bytes);
  const read = readGguf(path);
  assert.deepEqual(
    [...read.metadata],
    [...metadata].map(([key, { value }]) => [key, value]),
  );
  assert.deepEqual(
    read.tensors.map(({ name, shape, ggmlType }) => ({ name, shape, ggmlType })),
    tensors.map(({ name, shape, format }) => ({ name, shape, ggmlType: format.ggmlType })),
  );
  for (const { offset } of read.tensors) assert.equal(offset % 32, 0);
  const [norm, matrix] = read.tensors;
  assert.deepEqual(
    [0, 4, 8].map(at => file.readFloatLE(norm!.offset + at)),
    [1, 1, 1],
  );
  assert.equal(read.tensors[2]!.offset - matrix!.offset, Math.ceil((10 * 34) / 32) * 32);
});

test("a header of megabytes is written and read", () => {
  const path = join(folder, "large.gguf");
  const names = Array.from({ length: 200_000 }, (_, i) => `token ${i}`);
  writeGguf(path, new Map([["names", { type: "strings", value: names }]]), []);
  assert.deepEqual(readGguf(path).metadata.get("names"), names);
});

test("a tensor larger than a chunk is filled in consecutive chunks", () => {
  const path = join(folder, "chunks.gguf");
  const chunks: number[] = [];
  const fill = (chunk: Uint8Array) => {
    chunk.fill(chunks.push(chunk.length));
  };
  writeGguf(path, new Map(), [{ name: "big", shape: [1024, 3000], format: FORMATS.f32, fill }]);
  assert.ok(chunks.length > 1);
  assert.equal(
    chunks.reduce((a, b) => a + b, 0),
    1024 * 3000 * 4,
  );
  const file = readFileSync(path);
  const start = readGguf(path).tensors[0]!.offset;
  assert.deepEqual([file[start], file[start + chunks[0]!]], [1, 2]);
});

test("rows that are not whole blocks are refused by name", () => {
  const plan = { name: "odd", shape: [33, 2], format: FORMATS.q8_0, fill: () => {} };
  assert.throws(() => writeGguf(join(folder, "odd.gguf"), new Map(), [plan]), /odd has rows of 33/);
});

test("what is no GGUF file, or a part of one, is refused", () => {
  const other = join(folder, "other.gguf");
  writeFileSync(other, "PK\u0003\u0004 not a model at all");
  assert.throws(() => readGguf(other), /not a GGUF file/);
  const cut = join(folder, "cut.gguf");
  writeGguf(cut, metadata, []);
  truncateSync(cut, 60);
  assert.throws(() => readGguf(cut), RangeError);
});

test("half precision is rounded to nearest, small and large numbers included", () => {
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

test("random weights have the spread that was asked for, in every format", () => {
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

test("the same seed gives the same weights, another seed others", () => {
  const weights = (seed: number) => {
    const chunk = new Uint8Array(340);
    randomWeights("q8_0", 1, new Bits(seed))(chunk);
    return Buffer.from(chunk).toString("hex");
  };
  assert.equal(weights(3), weights(3));
  assert.notEqual(weights(3), weights(4));
});
