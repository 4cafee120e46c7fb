import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Metadatum, readGguf, type TensorPlan, writeGguf } from "../../bench/gguf.ts";
import { Bits, FORMATS, floats, randomWeights } from "../../bench/weights.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-gguf-"));

after(() => rmSync(folder, { recursive: true, force: true }));

const metadata = new Map<string, Metadatum>([
  ["general.architecture", { type: "string", value: "llama" }],
  ["some.count", { type: "u32", value: 4_000_000_000 }],
  ["some.offset", { type: "i32", value: -7 }],
  ["some.rate", { type: "f32", value: 0.5 }],
  ["some.flag", { type: "bool", value: true }],
  ["some.names", { type: "strings", value: ["a", "", "Ġnaïve 🙂"] }],
  ["some.numbers", { type: "i32s", value: [1, -2, 3] }],
]);

test("reading a GGUF file returns what was written to it", () => {
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

test("a header of several megabytes is written and read", () => {
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

test("rows that are not whole blocks are refused, and the error names the tensor", () => {
  const plan = { name: "odd", shape: [33, 2], format: FORMATS.q8_0, fill: () => {} };
  assert.throws(() => writeGguf(join(folder, "odd.gguf"), new Map(), [plan]), /odd has rows of 33/);
});

test("a file that is not GGUF or is cut short is refused", () => {
  const other = join(folder, "other.gguf");
  writeFileSync(other, "PK\u0003\u0004 not a model at all");
  assert.throws(() => readGguf(other), /not a GGUF file/);
  const cut = join(folder, "cut.gguf");
  writeGguf(cut, metadata, []);
  truncateSync(cut, 60);
  assert.throws(() => readGguf(cut), RangeError);
});
