import assert from "node:assert/strict";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  SECTIONS,
  type SectionName,
  type ShardHeader,
} from "../../../../datastores/index/format.ts";
import { Lookup } from "../../../../datastores/index/lookup.ts";
import { Shard } from "../../../../datastores/index/shard.ts";
import { Store } from "../../../../datastores/index/store.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { corpusOf, temporaryFolder } from "./corpus.ts";
import { problemOf, VOCABULARY, writtenShard } from "./someShard.ts";

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
