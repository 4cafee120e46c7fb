import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  SECTIONS,
  type SectionName,
  sha256,
} from "../../../../datastores/index/format.ts";
import { Shard } from "../../../../datastores/index/shard.ts";
import { writeShard } from "../../../../datastores/index/writer.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { corpusOf, temporaryFolder } from "./corpus.ts";
import { problemOf, writtenShard } from "./someShard.ts";

test("an intact file passes its check", async t => {
  const path = await writtenShard(t);
  Shard.verify(path);
  const folder = temporaryFolder(t);
  for (const texts of [[], [[]], [[1]], [[1, 2], [3]]]) {
    const small = join(folder, "small.fts");
    await writeShard(small, corpusOf(texts));
    Shard.verify(small);
  }
});

/** Offsets of all bytes except the padding between sections. */
function meaningfulBytes(bytes: Buffer): number[] {
  const header = decodeHeader(bytes.subarray(0, HEADER_BYTES), bytes.length, "");
  const offsets = Array.from({ length: HEADER_BYTES }, (_, i) => i);
  for (const name of SECTIONS) {
    const { offset, length } = header.sections[name];
    for (let i = 0; i < length; i++) offsets.push(offset + i);
  }
  return offsets;
}

test("a flipped bit is detected when the file is opened or by the check", async t => {
  const path = await writtenShard(t);
  const whole = readFileSync(path);
  const offsets = meaningfulBytes(whole);
  const random = seeded(2);
  let onOpening = 0;
  const trials = 300;
  for (let trial = 0; trial < trials; trial++) {
    // A third of them in the header, which is small.
    const offset =
      trial % 3 === 0 ? below(random, HEADER_BYTES) : (offsets[below(random, offsets.length)] as number);
    const damaged = Buffer.from(whole);
    damaged[offset] = (whole[offset] as number) ^ (1 << below(random, 8));
    writeFileSync(path, damaged);
    try {
      Shard.open(path).close();
    } catch {
      onOpening++;
    }
    problemOf(() => Shard.verify(path), path, `byte ${offset}`);
    if (offset < HEADER_BYTES) problemOf(() => Shard.open(path), path, `byte ${offset} of the header`);
  }
  assert.ok(onOpening >= trials / 3);
});

/** A file with a change in a section, and all checksums adjusted to it. */
function forged(whole: Buffer, name: SectionName, change: (section: Buffer) => void): Buffer {
  const bytes = Buffer.from(whole);
  const header = decodeHeader(bytes.subarray(0, HEADER_BYTES), bytes.length, "");
  const { offset, length } = header.sections[name];
  const section = bytes.subarray(offset, offset + length);
  change(section);
  const sections = { ...header.sections, [name]: { offset, length, sha256: sha256(section) } };
  bytes.set(encodeHeader({ ...header, sections }));
  return bytes;
}

test("opening a small file, and the check of any, detect disorder that no checksum reveals", async t => {
  const path = await writtenShard(t);
  const whole = readFileSync(path);
  const swap = (width: number) => (section: Buffer) => {
    const first = Buffer.from(section.subarray(0, width));
    section.copy(section, 0, section.length - width);
    first.copy(section, section.length - width);
  };
  const disorders: [SectionName, (section: Buffer) => void, RegExp][] = [
    ["positions", swap(4), /out of order/],
    ["sampleKeys", section => section.writeUInt16LE(60_000, 16), /sample 1 does not match its entry/],
    ["samplePositions", swap(4), /sample 0 does not match its entry/],
    ["documentSpans", swap(8), /is not where it should be/],
    // The last document ends behind the stream.
    ["documentSpans", section => section.writeUInt32LE(1e6, section.length - 4), /is not where it should be/],
    ["documentRecords", section => section.write("x", 0), /no valid record/],
    ["documentOffsets", section => section.writeUInt8(200, 8 * 3 + 7), /no valid record/],
    // The first record begins behind its end.
    ["documentOffsets", section => section.copy(section, 0, 16, 24), /no valid record/],
  ];
  for (const [name, change, message] of disorders) {
    writeFileSync(path, forged(whole, name, change));
    for (const read of [Shard.verify, Shard.open]) {
      const problem = problemOf(() => read(path), path, name);
      assert.equal(problem.code, "corrupt");
      assert.match(problem.message, message);
    }
  }
  writeFileSync(path, forged(whole, "dictionary", swap(4)));
  assert.match(problemOf(() => Shard.open(path), path, "dictionary").message, /dictionary is out of order/);
});

test("a record that is not an array of a text, two lists of texts and a text is refused", async t => {
  const path = await writtenShard(t);
  const whole = readFileSync(path);
  const valid = ["o", ["MIT"], ["r"], ""];
  const wrong: unknown[] = [null, "text", 1, {}, [], { 0: "o", 1: [], 2: [], 3: "" }];
  for (let field = 0; field < 4; field++)
    for (const value of [1, null, {}, [1], ["a", 1], field % 3 === 0 ? [] : "MIT"])
      wrong.push(valid.with(field, value as string));
  for (const record of [valid, ...wrong]) {
    const text = JSON.stringify(record);
    // JSON allows spaces up to where the next record begins.
    const change = (section: Buffer) => section.write(text.padEnd(section.indexOf("][") + 1), 0);
    writeFileSync(path, forged(whole, "documentRecords", change));
    if (record === valid) Shard.verify(path);
    else
      assert.match(problemOf(() => Shard.open(path), path, text).message, /document 0 has no valid record/);
  }
});

test("disorder in any part of a large file is detected when the file is opened", async t => {
  const path = join(temporaryFolder(t), "large.fts");
  const random = seeded(13);
  await writeShard(path, corpusOf([Array.from({ length: 20_000 }, () => below(random, 400))]));
  const whole = readFileSync(path);
  for (let tenth = 0; tenth < 10; tenth++) {
    // Where there is no sample, so only the order shows it.
    const reverse = (section: Buffer) => {
      const positions = new Uint32Array(section.buffer, section.byteOffset, section.length / 4);
      for (let entry = 2000 * tenth; entry < 2000 * (tenth + 1) - 128; entry += 128)
        positions.subarray(entry + 1, Math.min(entry + 128, positions.length)).reverse();
    };
    writeFileSync(path, forged(whole, "positions", reverse));
    for (const read of [Shard.verify, Shard.open])
      assert.match(problemOf(() => read(path), path, `tenth ${tenth}`).message, /is out of order/);
  }
});

test("a section within the header is refused", async t => {
  const path = join(temporaryFolder(t), "overlapping.fts");
  await writeShard(path, corpusOf([]));
  const whole = readFileSync(path);
  const header = decodeHeader(whole.subarray(0, HEADER_BYTES), whole.length, "");
  // Bytes 48 to 63 are zero, as the only offset of no documents is.
  const documentOffsets = { ...header.sections.documentOffsets, offset: 48 };
  whole.set(encodeHeader({ ...header, sections: { ...header.sections, documentOffsets } }));
  writeFileSync(path, whole);
  for (const read of [Shard.verify, Shard.open])
    assert.equal(problemOf(() => read(path), path, "within the header").code, "corrupt");
});

test("damage to a small section, or to much of a large one, is detected when the file is opened", async t => {
  const path = await writtenShard(t);
  const whole = readFileSync(path);
  const header = decodeHeader(whole.subarray(0, HEADER_BYTES), whole.length, "");
  for (const name of SECTIONS) {
    const { offset, length } = header.sections[name];
    if (length === 0 || name === "documentRecords") continue;
    const isLarge = name === "tokens" || name === "positions";
    const damaged = Buffer.from(whole);
    if (isLarge) damaged.fill(0, offset, offset + length);
    else damaged.writeUInt8(whole.readUInt8(offset + (length >> 1)) ^ 4, offset + (length >> 1));
    writeFileSync(path, damaged);
    problemOf(() => Shard.open(path), path, name);
  }
});
