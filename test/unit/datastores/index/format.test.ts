import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { decodeHeader } from "../../../../datastores/index/format.ts";
import { writeShard } from "../../../../datastores/index/writer.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { type Corpus, corpusOf, randomTexts, temporaryFolder } from "./corpus.ts";

// What is expected uses nothing of the index: the numbers are those of FORMAT.md.
const SECTIONS = [
  "metadata",
  "dictionary",
  "tokens",
  "positions",
  "sampleKeys",
  "samplePositions",
  "documentSpans",
  "documentRecords",
  "documentOffsets",
] as const;
type Sections = Record<(typeof SECTIONS)[number], Buffer>;

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** The sections of a file; asserts that the table and the checksums are as the format describes them. */
function sectionsOf(file: Buffer): Sections {
  assert.equal(file.subarray(496, 528).toString("hex"), sha256(file.subarray(0, 496)), "header");
  const spans = SECTIONS.map((name, i) => {
    const at = 64 + 48 * i;
    const offset = Number(file.readBigUInt64LE(at));
    const bytes = file.subarray(offset, offset + Number(file.readBigUInt64LE(at + 8)));
    assert.equal(offset % 4096, 0, `${name} begins at ${offset}`);
    assert.equal(file.subarray(at + 16, at + 48).toString("hex"), sha256(bytes), name);
    return { name, bytes, offset };
  });
  let end = 528;
  for (const { name, bytes, offset } of [...spans].sort((a, b) => a.offset - b.offset)) {
    assert.ok(offset >= end, `${name} begins at ${offset}, where another section is`);
    if (bytes.length > 0) end = offset + bytes.length;
  }
  assert.equal(file.length, end);
  return Object.fromEntries(spans.map(({ name, bytes }) => [name, bytes])) as Sections;
}

const numbersIn = (section: Buffer, width: number) =>
  Array.from({ length: section.length / width }, (_, i) => section.readUIntLE(i * width, Math.min(width, 6)));

/** The keys before a position, nearest first, as they are compared: up to 32, and none from a separator's on. */
function keysBefore(stream: readonly number[], position: number, separator: number): number[] {
  const before = stream.slice(Math.max(0, position - 32), position).reverse();
  const end = before.indexOf(separator);
  return before.slice(0, end < 0 ? before.length : end).map(token => token + 1);
}

/** Order of two lists of keys; one that ends comes first. */
function compare(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((key, i) => key !== b[i]);
  return differing < 0 ? a.length - b.length : (a[differing] ?? 0) - (b[differing] ?? 0);
}

function assertLaidOut(file: Buffer, { tokens, documents, metadata }: Corpus, width: 2 | 4): void {
  const sections = sectionsOf(file);
  const ids = [...new Set(tokens)].filter(token => token !== 0xffffffff).sort((a, b) => a - b);
  const separator = width === 2 ? 0xffff : 0xffffffff;
  const numberOf = new Map(ids.map((id, i) => [id, width === 2 ? i : id]));
  const stream = Array.from(tokens, token => numberOf.get(token) ?? separator);
  const positions = numbersIn(sections.positions, 4);
  assert.equal(file.toString("latin1", 0, 8), "FTKSHARD");
  assert.deepEqual(
    numbersIn(file.subarray(8, 64), 4),
    [
      1,
      528,
      width,
      32,
      128,
      8,
      metadata.vocabularySize,
      tokens.length,
      positions.length,
      documents.length,
    ].concat([0, 0, 0, 0]),
  );
  const { sections: _, ...read } = decodeHeader(file.subarray(0, 528), file.length, "");
  assert.deepEqual(read, {
    tokenBytes: width,
    depth: 32,
    sampleInterval: 128,
    sampleKeyTokens: 8,
    vocabularySize: metadata.vocabularySize,
    tokens: tokens.length,
    entries: positions.length,
    documents: documents.length,
  });
  assert.deepEqual(JSON.parse(sections.metadata.toString()), metadata);
  assert.deepEqual(numbersIn(sections.dictionary, 4), width === 2 ? ids : []);
  assert.deepEqual(numbersIn(sections.tokens, width), stream);
  assert.deepEqual(
    [...positions].sort((a, b) => a - b),
    stream.flatMap((token, p) => (p > 0 && token !== separator && stream[p - 1] !== separator ? p : [])),
  );
  const keys = positions.map(position => keysBefore(stream, position, separator));
  for (let i = 1; i < keys.length; i++) assert.ok(compare(keys[i - 1]!, keys[i]!) <= 0, `entry ${i}`);

  const samples = positions.filter((_, entry) => entry % 128 === 0);
  assert.deepEqual(numbersIn(sections.samplePositions, 4), samples);
  assert.deepEqual(
    numbersIn(sections.sampleKeys, width),
    samples.flatMap((_, i) => Array.from({ length: 8 }, (_, key) => keys[128 * i]![key] ?? 0)),
  );
  const records = documents.map(({ origin, licences, repositories, contentId }) =>
    JSON.stringify([origin, licences, repositories, contentId]),
  );
  assert.equal(sections.documentRecords.toString(), records.join(""));
  assert.deepEqual(
    numbersIn(sections.documentOffsets, 8),
    [...records, ""].map((_, i) => Buffer.byteLength(records.slice(0, i).join(""))),
  );
  assert.deepEqual(
    numbersIn(sections.documentSpans, 4),
    documents.flatMap(({ start, length }) => [start, length]),
  );
}

test("a file with at most 65,535 different tokens is laid out as FORMAT.md says, with a dictionary", async t => {
  const path = join(temporaryFolder(t), "short.fts");
  const random = seeded(31);
  const all = Array.from({ length: 0xffff }, (_, i) => i + 1);
  for (const texts of [[], [[5]], randomTexts(random, 30, 6, 13), [all, [9, 8]]]) {
    const corpus = corpusOf(texts, 80_000);
    await writeShard(path, corpus);
    assertLaidOut(readFileSync(path), corpus, 2);
  }
});

test("a file with more different tokens is laid out as FORMAT.md says, without a dictionary", async t => {
  const path = join(temporaryFolder(t), "long.fts");
  const random = seeded(32);
  const all = Array.from({ length: 0x10000 }, (_, i) => i + 1);
  const corpus = corpusOf([all, Array.from({ length: 900 }, () => 65_000 + below(random, 9))], 80_000);
  await writeShard(path, corpus);
  assertLaidOut(readFileSync(path), corpus, 4);
});
