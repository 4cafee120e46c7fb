import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildStore } from "../../../../datastores/build/build.ts";
import type { BuildInput, BuildProgress } from "../../../../datastores/build/options.ts";
import { readStore } from "../../../../datastores/build/storeManifest.ts";
import { addTombstones, listStores, removedFrom, verifyStore } from "../../../../datastores/build/stores.ts";
import { StoreError } from "../../../../datastores/document.ts";
import {
  damaged,
  document,
  folder,
  following,
  type Given,
  input,
  options,
  problemOf,
  root,
  tokenizer,
} from "../../../fakes/builds.ts";

test("a store contains its inputs' documents, reports what was left out, and has the right checksums", async () => {
  const directory = folder();
  await buildStore(
    options(directory, [
      input("first", [document("hello world"), document("")]),
      input("second", [document("hello there")]),
    ]),
  );
  assert.deepEqual(following(directory, "hello "), ["ther", "worl"]);
  const { shards, dropped, skipped, damage, missingShares } = readStore(directory);
  assert.deepEqual([dropped, missingShares], [{ empty: 1 }, []]);
  assert.deepEqual(
    shards.map(({ tokens, documents, textBytes }) => [tokens, documents, textBytes]),
    [
      [11, 1, 11],
      [11, 1, 11],
    ],
  );
  assert.deepEqual([skipped, damage], [{}, { count: 0, names: [] }]);
  verifyStore(directory);
  assert.deepEqual(listStores(root).includes(directory), true);
});

test("an unchanged input is not read again, and a changed one is", async () => {
  const directory = folder();
  const read: string[] = [];
  const inputs = (text: string) => [
    input("same", [document("abcabc")], () => read.push("same")),
    { ...input("other", [document(text)], () => read.push("other")), identity: text },
  ];
  await buildStore(options(directory, inputs("xyz one")));
  await buildStore(options(directory, inputs("xyz two")));
  assert.deepEqual(read, ["same", "other", "other"]);
  assert.deepEqual(following(directory, "xyz "), ["two"]);
  assert.equal(
    readdirSync(directory).filter(file => file.endsWith(".fts")).length,
    2,
    "no shard is left over",
  );
});

test("an input that several sources name is in the store once", async () => {
  const directory = folder();
  const inputs = [input("a", [document("hello world")]), input("b", [document("hello there")])];
  await buildStore(options(directory, [...inputs, ...inputs]));
  assert.deepEqual(following(directory, "hello "), ["ther", "worl"]);
  assert.deepEqual(
    readStore(directory).inputs.map(({ name }) => name),
    ["a", "b"],
  );
  verifyStore(directory);
});

test("a store that was built with another memory limit is built again", async () => {
  const directory = folder();
  const inputs = [input("a", [document("some text")])];
  await buildStore(options(directory, inputs));
  tokenizer.tokenized = 0;
  await buildStore(options(directory, inputs, { memoryBytes: 2 << 20 }));
  assert.equal(tokenizer.tokenized, 1);
});

test("an input that was finished before another one failed is not read again", async () => {
  const directory = folder();
  let reads = 0;
  const first = input("a", [document("some text")], () => reads++);
  const failing = input("b", [document("more")], () => {
    throw new StoreError({ code: "network", message: "The connection broke.", remedy: "Try again." });
  });
  assert.equal((await problemOf(buildStore(options(directory, [first, failing]))))?.code, "network");
  await buildStore(options(directory, [first, input("b", [document("more")])]));
  assert.equal(reads, 1);
});

test("a stopped build resumes where it was, and the store is the same", async () => {
  const many = Array.from({ length: 40 }, (_, i) => document(`${"abcdefgh".repeat(7500)} ${i} end`));
  const whole = folder();
  await buildStore(options(whole, [input("many", many)], { memoryBytes: 1 }));
  const directory = folder();
  const cancel = new AbortController();
  const stopping = input("many", many, index => index === 38 && cancel.abort());
  const problem = await problemOf(
    buildStore(options(directory, [stopping], { memoryBytes: 1, signal: cancel.signal })),
  );
  assert.equal(problem?.code, "cancelled");
  assert.ok(!existsSync(join(directory, "manifest.json")), "no manifest before the end");
  assert.ok(
    readdirSync(directory).some(file => file.endsWith(".fts")),
    "a part is finished",
  );
  tokenizer.tokenized = 0;
  await buildStore(options(directory, [input("many", many)], { memoryBytes: 1 }));
  assert.ok(tokenizer.tokenized < 40, `${tokenizer.tokenized} of 40 tokenized again`);
  const parts = (store: string) => readStore(store).shards.map(({ file, tokens }) => [file, tokens]);
  assert.deepEqual(parts(directory), parts(whole));
  assert.ok(!readdirSync(directory).some(file => file.startsWith("journal")), "no journal is left");
});

test("a failing build leaves the old store in use", async () => {
  const directory = folder();
  await buildStore(options(directory, [input("a", [document("old text")])]));
  const failing = {
    ...input("a", [document("new text")]),
    identity: "new",
    async *documents(): AsyncGenerator<Given> {
      yield document("new text");
      throw new StoreError({ code: "network", message: "The connection broke.", remedy: "Try again." });
    },
  };
  assert.equal((await problemOf(buildStore(options(directory, [failing]))))?.code, "network");
  assert.deepEqual(following(directory, "old "), ["text"]);
  assert.ok(
    !readdirSync(directory).some(file => file.startsWith("journal")),
    "nothing was written to go on from",
  );
  const nothing = await problemOf(buildStore(options(directory, [input("none", [document("")])])));
  assert.equal(nothing?.code, "empty");
  assert.deepEqual(following(directory, "old "), ["text"]);
});

test("removed documents no longer appear in any search", async () => {
  const directory = folder();
  await buildStore(
    options(directory, [
      input("a", [document("see me"), document("see him", "Other/Thing"), document("see us", "third/part")]),
    ]),
  );
  assert.deepEqual(following(directory, "see "), ["him", "me", "us"]);
  assert.equal(addTombstones(directory, ["OTHER"]), 1);
  assert.deepEqual(following(directory, "see "), ["me", "us"]);
  assert.equal(addTombstones(directory, ["third/part"]), 1, "those removed before do not count again");
  assert.deepEqual(following(directory, "see "), ["me"]);
  assert.deepEqual(removedFrom(directory), ["other", "third/part"]);
});

test("short documents count with what is stored for each, so that many of them make several shards", async () => {
  const directory = folder();
  const short = Array.from({ length: 20_000 }, (_, i) => document(`x${i % 7}`));
  const { inputs } = await buildStore(options(directory, [input("short", short)]));
  const shards = inputs.flatMap(each => each.shards);
  const sizes = shards.map(({ documents }) => documents);
  assert.deepEqual(
    shards.map(({ textBytes }) => textBytes),
    sizes.map(documents => 2 * documents),
  );
  const [first = 0, second] = sizes;
  assert.deepEqual(sizes, [first, second]);
  assert.equal(second, 20_000 - first);
  assert.ok(first > 12_000 && first < 15_000, `${first}`);
});

test("what is skipped is counted, and damaged parts are named with their input", async () => {
  const directory = folder();
  const page: BuildInput = {
    ...input("b.parquet", [document("y = 2")]),
    documents(signal, onBytes, onSkipped) {
      onSkipped("badPage", 'column "content", byte 4');
      return input("b", [document("y = 2")]).documents(signal, onBytes, onSkipped);
    },
  };
  const wanted = {
    skipped: { badLine: 12, badPage: 2, otherLanguage: 1 },
    damage: {
      count: 14,
      names: [
        ...Array.from({ length: 10 }, (_, i) => `a.jsonl line ${i + 1}`),
        'b.parquet, column "content", byte 4',
      ],
    },
  };
  // The second build takes over what the first has found.
  for (let i = 0; i < 2; i++) {
    await buildStore(options(directory, [damaged, page]));
    const { skipped, damage } = readStore(directory);
    assert.deepEqual({ skipped, damage }, wanted);
  }
});

test("a shard that is damaged, cut short or without sketches is built again, and the others are not", async () => {
  const directory = folder();
  const inputs = [input("a", [document("some text")]), input("b", [document("other words")])];
  await buildStore(options(directory, inputs));
  const whole = readdirSync(directory).filter(file => file.startsWith("shard-"));
  const expected = whole.map(file => readFileSync(join(directory, file)));
  const damages: [ending: string, damage: (path: string, bytes: Buffer) => void][] = [
    [".fts", (path, bytes) => writeFileSync(path, bytes.fill(bytes.readUInt8(4096) ^ 1, 4096, 4097))],
    [".fts", (path, bytes) => writeFileSync(path, bytes.subarray(0, bytes.length - 1))],
    [".fts", path => rmSync(path)],
    [".sketches", (path, bytes) => writeFileSync(path, bytes.subarray(1))],
    [".sketches", (path, bytes) => writeFileSync(path, bytes.fill(bytes.readUInt8(40) ^ 1, 40, 41))],
  ];
  for (const [ending, damage] of damages) {
    const path = join(directory, whole.find(file => file.endsWith(ending)) as string);
    damage(path, readFileSync(path));
    assert.throws(() => verifyStore(directory), StoreError);
    tokenizer.tokenized = 0;
    await buildStore(options(directory, inputs));
    assert.equal(tokenizer.tokenized, 1);
    verifyStore(directory);
    for (const [index, file] of whole.entries())
      if (file.endsWith(".sketches")) assert.deepEqual(readFileSync(join(directory, file)), expected[index]);
  }
});

test("a full disk is reported with the folder and a remedy, whichever file is being written, and leaves no new folder", {
  skip: !existsSync("/dev/full"),
}, async () => {
  const named = folder();
  await buildStore(options(named, [input("a", [document("some text")])]));
  const written = readdirSync(named).filter(file => /^(shard|repeated|manifest)/.test(file));
  assert.equal(written.length, 4);
  for (const file of written) {
    const directory = folder();
    const ending = file.endsWith(".fts") ? `tmp-${process.pid}` : `${process.pid}.tmp`;
    const filling = input("a", [document("some text")], () =>
      symlinkSync("/dev/full", join(directory, `${file}.${ending}`)),
    );
    const problem = await problemOf(buildStore(options(directory, [filling])));
    assert.equal(problem?.code, "noSpace", file);
    assert.ok(problem.message.includes(directory), file);
    assert.match(problem.remedy, /Free (some )?space/);
    assert.ok(!existsSync(directory) || !file.startsWith("shard"), file);
  }
});

test("a build that is cancelled before its first shard leaves no new folder", async () => {
  const directory = folder();
  const controller = new AbortController();
  const onProgress = ({ phase }: BuildProgress) => {
    if (phase === "sort") controller.abort();
  };
  const { signal } = controller;
  const more = { signal, onProgress };
  const problem = await problemOf(buildStore(options(directory, [input("a", [document("text")])], more)));
  assert.equal(problem?.code, "cancelled");
  assert.ok(!existsSync(directory));
});

test("a build that finds nothing leaves no new folder", async () => {
  const directory = folder();
  await assert.rejects(buildStore(options(directory, [input("a", [])])), StoreError);
  assert.ok(!existsSync(directory));
  mkdirSync(directory);
  await assert.rejects(buildStore(options(directory, [input("a", [])])), StoreError);
  assert.ok(existsSync(directory));
  const failing: BuildInput = {
    ...input("a", []),
    documents: () => {
      throw new StoreError({ code: "network", message: "The connection broke.", remedy: "Try again." });
    },
  };
  const fresh = folder();
  await assert.rejects(buildStore(options(fresh, [failing])), StoreError);
  assert.ok(!existsSync(fresh));
});

test("a build that finds nothing reports what it has left out", async () => {
  const directory = folder();
  const empty: BuildInput = {
    ...input("a.jsonl", []),
    documents(signal, onBytes, onSkipped) {
      onSkipped("badLine", "a.jsonl line 1");
      return input("a", [document("")]).documents(signal, onBytes, onSkipped);
    },
  };
  await assert.rejects(
    buildStore(options(directory, [empty])),
    /Left out: 1 on damaged lines, 1 almost empty\./,
  );
});
