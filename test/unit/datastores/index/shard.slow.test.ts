import assert from "node:assert/strict";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { StoreError, type StoreProblem } from "../../../../datastores/document.ts";
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  SECTIONS,
  type SectionName,
  type ShardHeader,
  sha256,
} from "../../../../datastores/index/format.ts";
import { Lookup } from "../../../../datastores/index/lookup.ts";
import { Shard } from "../../../../datastores/index/shard.ts";
import { keyOf, prefixArray } from "../../../../datastores/index/sort.ts";
import { Store } from "../../../../datastores/index/store.ts";
import { writeShard } from "../../../../datastores/index/writer.ts";
import { below, seeded } from "../../../fakes/random.ts";
import {
  continuationAt,
  corpusOf,
  metadataOf,
  randomTexts,
  shardOf,
  temporaryFolder,
  WAYS,
} from "./corpus.ts";

const VOCABULARY = 90;

/** A corpus of a few hundred entries, so of several samples. */
const someCorpus = () => corpusOf(randomTexts(seeded(12), 30, 6, 13), VOCABULARY);

async function writtenShard(t: TestContext, name = "some.fts"): Promise<string> {
  const path = join(temporaryFolder(t), name);
  await writeShard(path, someCorpus());
  return path;
}

/** The problem that `act` throws; it names the file and a remedy. */
function problemOf(act: () => void, path: string, what: string): StoreProblem {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof StoreError, `${what}: ${error}`);
    assert.ok(error.problem.message.includes(path), `${what} names the file: ${error.message}`);
    const remedy =
      error.problem.code === "unreadable"
        ? /^Check that it can be read/
        : /Rebuild Datastore.*foretoken datastore build/;
    assert.match(error.problem.remedy, remedy, what);
    return error.problem;
  }
  return assert.fail(`${what} is noticed`);
}

for (const way of WAYS)
  test(`${way}, a shard returns its tokens, positions and documents`, async t => {
    const corpus = someCorpus();
    const shard = await shardOf(way, corpus, join(temporaryFolder(t), "contract.fts"));
    const { documents } = shard;
    const { data, keys } = shard.searched;
    const positions = prefixArray(corpus.tokens);
    assert.equal(data.tokens, corpus.tokens.length);
    assert.equal(data.entries, positions.length);
    assert.deepEqual(shard.metadata, corpus.metadata);
    assert.ok(positions.length > 2 * 128, "several blocks");
    assert.deepEqual(
      Array.from(positions, (_, entry) => data.position(entry)),
      [...positions],
    );
    const some = new Uint32Array(200);
    data.readPositions(30, 200, some);
    assert.deepEqual(some, positions.subarray(30, 230));

    const read = new Uint32Array(corpus.tokens.length + 3);
    data.readKeys(0, read.length, read);
    const tokens = [...read].map(key => keys.tokenOf(key) >>> 0);
    assert.deepEqual(tokens.slice(0, -3), [...corpus.tokens]);
    assert.deepEqual([...read.subarray(-3)], [0, 0, 0], "beyond the end there is nothing");

    const following = new Int32Array(9);
    for (let position = 0; position < corpus.tokens.length; position++) {
      data.readFollowing(position, 7, following, 1);
      assert.deepEqual([...following.subarray(1, 8)], continuationAt(corpus.tokens, position, 7));
    }
    assert.equal(documents.count, corpus.documents.length);
    for (const [i, document] of corpus.documents.entries()) assert.deepEqual(documents.get(i), document);
    assert.deepEqual([...documents.all()], corpus.documents);
    for (let position = 0; position < corpus.tokens.length; position++)
      assert.equal(
        documents.indexAt(position),
        corpus.documents.findIndex(({ start, length }) => position >= start && position < start + length),
      );
    assert.throws(() => documents.get(documents.count), RangeError);
    shard.close();
  });

test("thousands of documents are read from a file in order", async t => {
  const corpus = corpusOf(Array.from({ length: 2500 }, (_, i) => [i % 90, 1]));
  const shard = await shardOf("read from a file", corpus, join(temporaryFolder(t), "many.fts"));
  assert.deepEqual([...shard.documents.all()], corpus.documents);
  assert.deepEqual(shard.documents.get(2400), corpus.documents[2400]);
});

for (const way of WAYS)
  test(`${way}, what is before the first document belongs to none`, async t => {
    const { documents, ...corpus } = corpusOf([[], [1, 2]]);
    const later = { ...corpus, documents: documents.slice(1) };
    const shard = await shardOf(way, later, join(temporaryFolder(t), "later.fts"));
    const places = Array.from(corpus.tokens, (_, position) => shard.documents.indexAt(position));
    assert.deepEqual(places, [-1, 0, 0, -1]);
    assert.throws(() => shard.documents.get(-1), RangeError);
  });

for (const way of WAYS)
  test(`${way}, texts are compared backwards and not beyond the start of their document`, async t => {
    const corpus = corpusOf([
      [1, 2, 3, 4],
      [2, 3, 4],
    ]);
    const shard = await shardOf(way, corpus, join(temporaryFolder(t), "compared.fts"));
    const { data, keys } = shard.searched;
    const context = Int32Array.of(3, 2, 1, 4).map(token => keys.keyOf(token));
    assert.equal(data.commonLength(3, context, 0, 4), 3);
    assert.equal(data.differing, 0, "the stream begins");
    assert.equal(data.commonLength(3, context, 2, 3), 3);
    assert.equal(data.commonLength(7, context, 0, 4), 2);
    assert.equal(data.differing, 0, "a document begins");
    assert.equal(data.commonLength(4, context, 0, 4), 0);
    assert.equal(keys.tokenOf(data.differing), 4);
    assert.equal(keyOf(5), 6);
  });

test("a file shard takes less than half a byte per token in memory", async t => {
  const random = seeded(5);
  const path = join(temporaryFolder(t), "resident.fts");
  for (const alphabet of [3000, 70_000]) {
    const tokens = Uint32Array.from({ length: 400_000 }, (_, i) =>
      i < alphabet ? i : below(random, alphabet),
    );
    const { bytes } = await writeShard(path, { tokens, documents: [], metadata: metadataOf(80_000) });
    const shard = Shard.open(path);
    assert.ok(shard.residentBytes / tokens.length < 0.5, `${shard.residentBytes / tokens.length} resident`);
    assert.ok(bytes / tokens.length < 9, `${bytes / tokens.length} on disk`);
    shard.close();
  }
});

test("a file that is missing, foreign, empty or of another version is refused", async t => {
  const folder = temporaryFolder(t);
  const path = join(folder, "refused.fts");
  assert.equal(problemOf(() => Shard.open(path), path, "no file").code, "missing");
  assert.equal(problemOf(() => Shard.open(folder), folder, "a folder").code, "unreadable");
  for (const content of ["", "FTK", "PK\u0003\u0004".repeat(400)]) {
    writeFileSync(path, content);
    assert.equal(problemOf(() => Shard.open(path), path, JSON.stringify(content)).code, "foreign");
  }
  const bytes = readFileSync(await writtenShard(t));
  bytes.writeUInt32LE(2, 8);
  writeFileSync(path, bytes);
  assert.equal(problemOf(() => Shard.open(path), path, "version 2").code, "version");
});

test("a file whose header contradicts its version or its sections is refused", async t => {
  const path = await writtenShard(t);
  const whole = readFileSync(path);
  const header = decodeHeader(whole.subarray(0, HEADER_BYTES), whole.length, "");
  const contradictions: Partial<ShardHeader>[] = [
    { depth: header.depth / 2 },
    { depth: 2 * header.depth },
    { sampleInterval: 0 },
    // As many samples follow from these as from the right numbers.
    { sampleInterval: header.sampleInterval + 1 },
    { sampleKeyTokens: 4 },
    { tokens: header.tokens + 1 },
    { entries: header.entries - 1 },
    { documents: header.documents - 1 },
    { tokenBytes: 4 },
  ];
  const resized = (name: SectionName, length: number): Partial<ShardHeader> => ({
    sections: { ...header.sections, [name]: { ...header.sections[name], length } },
  });
  for (const name of SECTIONS)
    if (name !== "metadata" && name !== "dictionary" && name !== "documentRecords")
      contradictions.push(resized(name, header.sections[name].length - 8));
  // More tokens than two bytes can number.
  contradictions.push(resized("dictionary", 4 * 0x10000));
  for (const contradiction of contradictions) {
    const what = JSON.stringify(contradiction);
    const forgery = Buffer.concat([whole], 2 ** 20);
    forgery.set(encodeHeader({ ...header, ...contradiction }));
    writeFileSync(path, forgery);
    const { code, message } = problemOf(() => Shard.open(path), path, what);
    assert.equal(code, "corrupt", what);
    assert.match(message, /is inconsistent/, what);
  }
});

test("a store that cannot open one of its files reports that file", async t => {
  const path = await writtenShard(t);
  const missing = `${path}.missing`;
  assert.equal(problemOf(() => Store.open([path, missing]), missing, "one missing").code, "missing");
});

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

test("a file cut short anywhere is refused", async t => {
  const path = await writtenShard(t);
  const { length } = readFileSync(path);
  const random = seeded(1);
  const lengths = [length - 1, HEADER_BYTES, HEADER_BYTES - 1, 8, 0];
  for (let i = 0; i < 200; i++) lengths.push(below(random, length));
  for (const kept of lengths.sort((a, b) => b - a)) {
    truncateSync(path, kept);
    const { code, message } = problemOf(() => Shard.open(path), path, `${kept} of ${length} bytes`);
    assert.equal(code, kept < 8 ? "foreign" : "corrupt", `${kept} bytes`);
    if (kept >= 8) assert.match(message, /is cut short(: \w+ ends at byte \d+)?\.$/);
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

test("damage while a file is open can mislead a search but gives no token outside the vocabulary", async t => {
  const path = await writtenShard(t);
  const whole = readFileSync(path);
  const header = decodeHeader(whole.subarray(0, HEADER_BYTES), whole.length, "");
  const random = seeded(3);
  for (let trial = 0; trial < 60; trial++) {
    const damaged = Buffer.from(whole);
    for (const name of ["tokens", "positions"] as const) {
      const { offset, length } = header.sections[name];
      for (let i = 0; i < 40; i++) damaged[offset + below(random, length)] = below(random, 256);
    }
    writeFileSync(path, whole);
    const store = Store.open([path]);
    writeFileSync(path, damaged);
    const lookup = new Lookup(store);
    for (let search = 0; search < 20; search++) {
      const context = Int32Array.from({ length: 6 }, () => 13 * below(random, 6));
      lookup.find(context, context.length);
      for (const token of lookup.continuations) assert.ok(token >= -1 && token < VOCABULARY);
    }
    store.close();
  }
});

test("a file that is deleted while it is open is still searched", {
  skip: process.platform === "win32",
}, async t => {
  const path = await writtenShard(t);
  const store = Store.open([path]);
  const lookup = new Lookup(store);
  rmSync(path);
  lookup.find(Int32Array.of(13), 1);
  assert.equal(lookup.matchLength, 1);
  assert.deepEqual(store.problems, []);
  store.close();
});

test("a file cut short while it is open is reported once and left out, and the other files are searched", async t => {
  const cut = await writtenShard(t);
  const { tokens, documents, metadata } = corpusOf([[13, 26, 39]]);
  const store = Store.open([cut]);
  store.add(Shard.fromTokens(tokens, documents, metadata));
  const lookup = new Lookup(store);
  truncateSync(cut, 4096);
  for (let i = 0; i < 3; i++) {
    lookup.find(Int32Array.of(13, 26), 2);
    assert.equal(lookup.matchLength, 2);
    assert.equal(lookup.continuations[0], 39);
    assert.equal(lookup.occurrences, 1);
  }
  assert.equal(store.shards.length, 1);
  assert.deepEqual(
    store.problems.map(({ code }) => code),
    ["corrupt"],
  );
});

test("a closed shard is no longer read, even if another file has its descriptor now", async t => {
  const path = await writtenShard(t);
  const store = Store.open([path]);
  const lookup = new Lookup(store);
  store.shards[0]?.close();
  const other = Shard.open(path);
  lookup.find(Int32Array.of(13), 1);
  assert.equal(lookup.matchLength, 0);
  assert.deepEqual(
    store.problems.map(({ code }) => code),
    ["unreadable"],
  );
  other.close();
});
