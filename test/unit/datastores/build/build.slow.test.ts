import assert from "node:assert/strict";
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { buildStore } from "../../../../datastores/build/build.ts";
import { manifestFiles } from "../../../../datastores/build/manifest.ts";
import type { BuildInput, BuildOptions, BuildProgress } from "../../../../datastores/build/options.ts";
import { manifestName } from "../../../../datastores/build/ownFiles.ts";
import { repeatedIn } from "../../../../datastores/build/sketches.ts";
import { readStore } from "../../../../datastores/build/storeManifest.ts";
import {
  addTombstones,
  listStores,
  openStore,
  removedFrom,
  removeStore,
  verifyStore,
} from "../../../../datastores/build/stores.ts";
import { StoreError } from "../../../../datastores/document.ts";
import { Lookup } from "../../../../datastores/index/lookup.ts";
import { isLocked, lock } from "../../../../datastores/lock.ts";
import { takesAll } from "../../../fakes/takesAll.ts";

const root = mkdtempSync(join(tmpdir(), "foretoken-build-"));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const folder = () => join(root, `store${folders++}`);

/** A letter is a token. */
const tokenizer = {
  parallel: 2,
  tokenized: 0,
  async tokenize(texts: readonly string[]) {
    this.tokenized += texts.length;
    return texts.map(text => Int32Array.from(text, letter => letter.charCodeAt(0)));
  },
};

const document = (text: string, repository = "owner/name") => ({
  text,
  origin: `${repository} ${text.slice(0, 8)}`,
  path: "a.py",
  repositories: [repository],
  licences: ["MIT"],
  contentId: "",
});

type Given = ReturnType<typeof document>;

const input = (name: string, documents: readonly Given[], onRead = (_index: number) => {}): BuildInput => ({
  name,
  identity: `${name} ${documents.length}`,
  bytes: 1000,
  async *documents() {
    for (const [index, each] of documents.entries()) {
      onRead(index);
      yield each;
    }
  },
});

/** An input that skips 12 lines, a page and a row in another language before its document. */
const damaged: BuildInput = {
  ...input("folder/a.jsonl", [document("x = 1")]),
  documents(signal, onBytes, onSkipped) {
    for (let line = 1; line <= 12; line++) onSkipped("badLine", `a.jsonl line ${line}`);
    onSkipped("badPage", 'column "content", byte 4');
    onSkipped("otherLanguage", undefined);
    return input("a", [document("x = 1")]).documents(signal, onBytes, onSkipped);
  },
};

const options = (directory: string, inputs: readonly BuildInput[], more: Partial<BuildOptions> = {}) => ({
  directory,
  name: "test",
  sources: ["here"],
  inputs,
  share: { index: 0, count: 1 },
  filter: takesAll,
  tokenizer,
  tokenizerEntry: { fingerprint: "letters", vocabularySize: 128, model: "letters" },
  memoryBytes: 1 << 20,
  builder: "test",
  signal: new AbortController().signal,
  ...more,
});

function following(directory: string, context: string): string[] {
  const store = openStore(directory);
  const lookup = new Lookup(store, { continuation: 4, enough: 1 });
  lookup.find(
    Int32Array.from(context, letter => letter.charCodeAt(0)),
    context.length,
  );
  const found = Array.from({ length: lookup.count }, (_, row) =>
    [...lookup.continuations.subarray(row * 4, row * 4 + 4)]
      .filter(token => token >= 0)
      .map(token => String.fromCharCode(token))
      .join(""),
  );
  store.close();
  return found.sort();
}

/** The list of repeated documents of the store in a folder. */
const repeatedFile = (directory: string) => join(directory, `repeated-${readStore(directory).build}.json`);
const repeatedOf = (directory: string) => repeatedIn(directory, readStore(directory).build);

const problemOf = async (work: Promise<unknown>) => {
  try {
    await work;
  } catch (error) {
    if (error instanceof StoreError) return error.problem;
    throw error;
  }
  return undefined;
};

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

test("shares built separately make one store, and building a share again changes nothing", async () => {
  const directory = folder();
  const inputs = ["a", "b", "c"].map(name => input(name, [document(`say ${name}`)]));
  await buildStore(options(directory, inputs, { share: { index: 1, count: 2 } }));
  assert.deepEqual(readStore(directory).missingShares, [0]);
  await buildStore(options(directory, inputs, { share: { index: 0, count: 2 } }));
  await buildStore(options(directory, inputs, { share: { index: 1, count: 2 } }));
  assert.deepEqual(following(directory, "say "), ["a", "b", "c"]);
  const store = readStore(directory);
  assert.deepEqual(store.missingShares, []);
  assert.deepEqual(
    store.inputs.map(({ name }) => name),
    ["a", "b", "c"],
    "in the order of the source",
  );
  const alone = await buildStore(options(folder(), inputs));
  assert.notEqual(alone.build, store.build, "another number of shares is another build");
});

/** Inputs that contain the same long text twice, a near duplicate of it, and texts of their own. */
const repeating = (): [BuildInput, BuildInput, BuildInput] => {
  const words = (from: number) => Array.from({ length: 60 }, (_, i) => `w${from + i}`).join(" ");
  return [
    input("a", [document(`${words(0)} end a`), document("own of a")]),
    input("b", [document("own of b"), document(`${words(0)} end a`)]),
    input("c", [document(`${words(0)} end c`), document(words(500))]),
  ];
};

test("documents that repeat another input are left out of searches, however many processes build", async () => {
  const [alone, shared] = [folder(), folder()];
  await buildStore(options(alone, repeating()));
  for (const index of [2, 0, 1])
    await buildStore(options(shared, repeating(), { share: { index, count: 3 } }));
  for (const directory of [alone, shared]) {
    // The first one stays; the near duplicate has another end.
    assert.deepEqual(following(directory, "w59 end"), [" a"]);
    assert.deepEqual(following(directory, "own of "), ["a", "b"]);
    assert.equal(Object.values(repeatedOf(directory)).flat().length, 2);
    verifyStore(directory);
  }
  const parts = (store: string) => readStore(store).shards.map(({ file, tokens }) => [file, tokens]);
  assert.deepEqual(parts(shared), parts(alone), "in the same order");
});

test("documents that repeat are marked where two builds end at once, and neither saw the other's share", async t => {
  const directory = folder();
  for (const index of [0, 1])
    await buildStore(options(directory, repeating(), { share: { index, count: 2 } }));
  const { build } = readStore(directory);
  const marked = repeatedOf(directory);
  rmSync(repeatedFile(directory));
  const [own, others] = [0, 1].map(index => join(directory, manifestName(build, { index, count: 2 })));
  assert.ok(own && others);
  rmSync(own);
  const aside = `${directory}.manifest`;
  renameSync(others, aside);
  const rename = fs.renameSync;
  t.mock.method(fs, "renameSync", (from: string, to: string) => {
    // The other build ends after this one has looked for its share, and before this one's is in place.
    if (to === own) rename(aside, others);
    rename(from, to);
  });
  syncBuiltinESMExports();
  try {
    await buildStore(options(directory, repeating(), { share: { index: 0, count: 2 } }));
  } finally {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  }
  assert.equal(Object.values(marked).flat().length, 2);
  assert.deepEqual(repeatedOf(directory), marked);
  verifyStore(directory);
});

test("a share that was stopped between inputs takes the same documents as one that was not", async () => {
  const [whole, stopped] = [folder(), folder()];
  await buildStore(options(whole, repeating()));
  const cancel = new AbortController();
  const [a, b, c] = repeating();
  const stopping: BuildInput = {
    ...b,
    documents(signal, onBytes, onSkipped) {
      cancel.abort();
      return b.documents(signal, onBytes, onSkipped);
    },
  };
  const problem = await problemOf(buildStore(options(stopped, [a, stopping, c], { signal: cancel.signal })));
  assert.equal(problem?.code, "cancelled");
  await buildStore(options(stopped, repeating()));
  assert.deepEqual(readStore(stopped).shards, readStore(whole).shards);
  assert.deepEqual(repeatedOf(stopped), repeatedOf(whole));
});

test("the next build to finish removes what an abandoned build left, unless another build is running", async () => {
  const directory = folder();
  const cancel = new AbortController();
  const long = Array.from({ length: 40 }, (_, i) => document(`${"abcdefgh".repeat(7500)} ${i} end`));
  const stopping = input("long", long, index => index === 38 && cancel.abort());
  const stopped = options(directory, [stopping], { memoryBytes: 1, signal: cancel.signal });
  assert.equal((await problemOf(buildStore(stopped)))?.code, "cancelled");
  const begun = readdirSync(directory).filter(file => /^(?:journal|shard)-/.test(file));
  assert.ok(begun.some(file => file.endsWith(".fts")) && begun.some(file => file.startsWith("journal")));
  const unlock = lock(directory, "manifest-0-of-2-0123456789abcdef.json");
  await buildStore(options(directory, [input("a", [document("abc")])]));
  assert.ok(
    begun.every(file => readdirSync(directory).includes(file)),
    "another process may be at it",
  );
  unlock();
  await buildStore(options(directory, [input("a", [document("abc")])]));
  assert.ok(!begun.some(file => readdirSync(directory).includes(file)), readdirSync(directory).join());
});

test("a complete store is replaced even while another process works, and an incomplete one is not", async () => {
  const directory = folder();
  const inputs = ["a", "b"].map(name => input(name, [document(`say ${name}`)]));
  await buildStore(options(directory, inputs, { share: { index: 0, count: 2 } }));
  await buildStore(options(directory, inputs, { share: { index: 1, count: 2 } }));
  const whole = manifestFiles(directory);
  await buildStore(options(directory, inputs, { share: { index: 0, count: 3 } }));
  const [incomplete] = manifestFiles(directory).filter(file => !whole.includes(file));
  const unlock = lock(directory, "manifest-0-of-9-0123456789abcdef.json");
  await buildStore(options(directory, inputs));
  assert.deepEqual(manifestFiles(directory).sort(), [incomplete, "manifest.json"].sort());
  unlock();
  await buildStore(options(directory, inputs));
  assert.deepEqual(manifestFiles(directory), ["manifest.json"]);
});

test("a check of a store that lacks shares fails and names them", async () => {
  const directory = folder();
  await buildStore(options(directory, repeating(), { share: { index: 1, count: 3 } }));
  assert.throws(() => verifyStore(directory), /lacks 2 of 3 shares: 0, 2\. Build them with --shard I\/3/);
});

test("the shares of another build replace the store once all of them are complete, not one by one", async () => {
  const directory = folder();
  const inputs = (text: string) => ["a", "b"].map(name => input(name, [document(`${text}${name}`)]));
  const share = (text: string, index: number) =>
    buildStore(
      options(
        directory,
        inputs(text).map(each => ({ ...each, identity: `${text} ${each.name}` })),
        { share: { index, count: 2 } },
      ),
    );
  await share("old:", 0);
  await share("old:", 1);
  await share("new=", 1);
  assert.deepEqual([following(directory, "old:"), following(directory, "new=")], [["a", "b"], []]);
  assert.throws(
    () => verifyStore(directory),
    /lacks 1 of 2 shares: 0\. Until they exist, the store that was built before stays in use\./,
  );
  await share("new=", 0);
  verifyStore(directory);
  assert.deepEqual([following(directory, "old:"), following(directory, "new=")], [[], ["a", "b"]]);
  const parts = readdirSync(directory).map(name => name.replace(/[0-9a-f]{16}/, "ID"));
  assert.deepEqual(parts.sort(), [
    "manifest-0-of-2-ID.json",
    "manifest-1-of-2-ID.json",
    "repeated-ID.json",
    "shard-ID-0.fts",
    "shard-ID-0.fts",
    "shard-ID-0.sketches",
    "shard-ID-0.sketches",
  ]);
  await buildStore(options(directory, inputs("one>")));
  assert.deepEqual(following(directory, "one>"), ["a", "b"]);
  assert.deepEqual(manifestFiles(directory), ["manifest.json"]);
});

test("damaged lists of documents to leave out are reported and not ignored", async () => {
  const directory = folder();
  await buildStore(options(directory, repeating()));
  for (const damage of ["{", "[]", '{"documents":{"a":[-1]}}']) {
    writeFileSync(repeatedFile(directory), damage);
    assert.throws(
      () => openStore(directory),
      /repeated-[0-9a-f]{16}\.json is damaged\. Build the store again\./,
    );
  }
  const [shard] = readdirSync(directory).filter(file => file.endsWith(".fts"));
  for (const [documents, problem] of [
    [{ [shard as string]: [77] }, /There is no document 77/],
    [{ "shard-of-another": [0] }, /names shard-of-another, which is not a shard of the store/],
  ] as const) {
    writeFileSync(repeatedFile(directory), JSON.stringify({ documents }));
    assert.throws(() => verifyStore(directory), problem);
  }
  rmSync(repeatedFile(directory));
  assert.throws(() => verifyStore(directory), /lacks repeated-[0-9a-f]{16}\.json/);
  await buildStore(options(directory, repeating()));
  openStore(directory).close();
});

test("a build waits for a share that another process builds, and takes over its shards", async () => {
  const directory = folder();
  const share = { index: 0, count: 2 };
  await buildStore(options(directory, [input("a", [document("abc")])], { share }));
  const unlock = lock(directory, manifestFiles(directory)[0] as string);
  const messages: string[] = [];
  const waiting = buildStore(
    options(directory, [input("a", [document("abc")], () => assert.fail("read again"))], {
      share,
      pollMs: 5,
      onWaiting: who => {
        messages.push(who);
        setTimeout(unlock, 30);
      },
    }),
  );
  await waiting;
  assert.equal(messages.length, 1);
  assert.match(messages[0] ?? "", /Another build is running in .*\(process \d+ on /);
});

test("a build that waits for another process can be cancelled", async () => {
  const directory = folder();
  await buildStore(options(directory, [], { share: { index: 0, count: 2 } }));
  const unlock = lock(directory, manifestFiles(directory)[0] as string);
  const cancel = new AbortController();
  const more = { share: { index: 0, count: 2 }, signal: cancel.signal, onWaiting: () => cancel.abort() };
  assert.equal((await problemOf(buildStore(options(directory, [], more))))?.code, "cancelled");
  unlock();
});

test("an input that moves to a share that is being built is in the store, whichever share finishes first", async () => {
  const directory = folder();
  const plain = (name: string) => input(name, [document(`own of ${name}`)]);
  for (const index of [0, 1])
    await buildStore(options(directory, [plain("a"), plain("b")], { share: { index, count: 2 } }));
  const inputs = [plain("d"), plain("slow"), plain("e"), plain("a")];
  const slow: BuildInput = {
    ...plain("slow"),
    async *documents(signal, onBytes, onSkipped) {
      // The other share ends meanwhile, and its manifest no longer names the shards of "a".
      await buildStore(options(directory, inputs, { share: { index: 0, count: 2 } }));
      yield* plain("slow").documents(signal, onBytes, onSkipped);
    },
  };
  const mine = inputs.map(each => (each.name === "slow" ? slow : each));
  await buildStore(options(directory, mine, { share: { index: 1, count: 2 } }));
  verifyStore(directory);
  assert.deepEqual(following(directory, "own of "), ["a", "d", "e", "slow"]);
  assert.ok(!readdirSync(directory).some(file => file.startsWith("journal")), "no journal is left");
});

test("a second build of a store at the same time is refused, and a lock left by a dead process is ignored", async () => {
  const directory = folder();
  await buildStore(options(directory, [input("a", [document("abc")])]));
  const unlock = lock(directory, "manifest.json");
  const problem = await problemOf(buildStore(options(directory, [input("a", [document("abc")])])));
  assert.equal(problem?.code, "busy");
  assert.match(problem?.message ?? "", new RegExp(`process ${process.pid}`));
  unlock();
  writeFileSync(join(directory, "manifest.json.lock"), JSON.stringify({ host: hostname(), pid: 2 ** 30 }));
  await buildStore(options(directory, [input("a", [document("abc")])]));
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

test("a damaged store's error names the file, and removing a store leaves other files in place", async () => {
  const directory = folder();
  await buildStore(options(directory, [input("a", [document("some text")])]));
  const [shard] = readdirSync(directory).filter(file => file.endsWith(".fts"));
  const path = join(directory, shard as string);
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  writeFileSync(path, bytes);
  assert.throws(
    () => verifyStore(directory),
    (error: StoreError) => error.message.includes(path),
  );
  writeFileSync(join(directory, "mine.txt"), "mine");
  removeStore(directory);
  assert.deepEqual(readdirSync(directory), ["mine.txt"]);
  assert.throws(() => removeStore(directory), StoreError);
  writeFileSync(join(directory, "manifest.json"), "{}");
  assert.throws(() => readStore(directory), /manifest.json is not a datastore's manifest/);
  writeFileSync(join(directory, "manifest.json"), "{");
  assert.throws(() => readStore(directory), /manifest.json is damaged/);
});

test("a manifest with an impossible share, or with a shard outside its folder, is refused", async () => {
  const directory = folder();
  await buildStore(options(directory, [input("a", [document("some text")])]));
  const path = join(directory, "manifest.json");
  const text = readFileSync(path, "utf8");
  const { file } = readStore(directory).shards[0] as { file: string };
  const changes: [was: string, is: string][] = [
    ['"index": 0', '"index": 1'],
    ['"index": 0', '"index": -1'],
    ['"count": 1', '"count": 0'],
    ['"count": 1', '"count": 65537'],
    [file, `../${file}`],
    [file, `/${file}`],
    [file, `sub/${file}`],
    [file, ""],
  ];
  for (const [was, is] of changes) {
    assert.ok(text.includes(was), was);
    writeFileSync(path, text.replace(was, is));
    assert.throws(() => readStore(directory), /manifest\.json is damaged/, is);
  }
});

test("a file of a store that cannot be read is not taken for a damaged one", async () => {
  const directory = folder();
  await buildStore(options(directory, [input("a", [document("some text")])]));
  writeFileSync(join(directory, "tombstones.json"), '{"denied":[],"documents":{}}');
  const names = readdirSync(directory).filter(file => !file.endsWith(".fts"));
  assert.equal(names.length, 4);
  for (const name of names) {
    const path = join(directory, name);
    renameSync(path, join(root, name));
    mkdirSync(path);
    assert.throws(
      () => verifyStore(directory),
      ({ problem }: StoreError) =>
        problem.code === "unreadable" && problem.message.includes(path) && /readable/.test(problem.remedy),
      name,
    );
    rmSync(path, { recursive: true });
    renameSync(join(root, name), path);
  }
  verifyStore(directory);
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

test("a store is neither built in nor removed from a folder with another program's manifest", async () => {
  const directory = folder();
  mkdirSync(directory, { recursive: true });
  const manifest = join(directory, "manifest.json");
  writeFileSync(manifest, '{"manifest_version":3}');
  const refused = /manifest\.json is not a datastore's manifest\. Choose a folder/;
  await assert.rejects(buildStore(options(directory, [input("a", [document("some text")])])), refused);
  assert.throws(() => removeStore(directory), refused);
  assert.deepEqual(readdirSync(directory), ["manifest.json"]);
});

test("nothing is removed from a store while a build is running, and what a build leaves can be removed", async () => {
  const directory = folder();
  await buildStore(options(directory, [input("a", [document("some text")])]));
  const unlock = lock(directory, "manifest.json");
  assert.throws(() => removeStore(directory), /Another build is running/);
  assert.throws(() => addTombstones(directory, ["other"]), /Another build is running/);
  unlock();
  const share = lock(directory, "manifest-0-of-2-0123456789abcdef.json");
  assert.throws(() => removeStore(directory), /Another build is running/);
  share();
  const removing = lock(directory, "store");
  const refused = await problemOf(buildStore(options(directory, [input("a", [document("some text")])])));
  assert.match(refused?.message ?? "", /Another change of the store is running/);
  removing();
  verifyStore(directory);
  rmSync(join(directory, "manifest.json"));
  const download = join(directory, "downloads", "owner", "data", "0".repeat(40), "part");
  mkdirSync(download, { recursive: true });
  writeFileSync(join(download, "a.parquet"), "");
  // Of processes that were ended while they made a claim, or took one over.
  for (const left of ["manifest.json.lock.12.new", "manifest.json.lock.12", "store.lock.12.new"])
    writeFileSync(join(directory, left), "");
  removeStore(directory);
  assert.equal(existsSync(directory), false);
});

test("a lock left by a process that has ended is taken over, whatever machine it ran on", () => {
  const directory = folder();
  mkdirSync(directory, { recursive: true });
  const path = join(directory, "manifest.json.lock");
  const write = (owner: unknown, ageMs = 0) => {
    writeFileSync(path, JSON.stringify(owner));
    const time = new Date(Date.now() - ageMs);
    utimesSync(path, time, time);
  };
  const hour = 60 * 60_000;
  const free: [owner: unknown, ageMs: number][] = [
    [{ host: "elsewhere", pid: 5, began: "" }, hour],
    [{ host: "elsewhere", pid: 5, began: "" }, -1000 * hour],
    [{ host: hostname(), pid: process.pid, began: "" }, hour],
    [{ host: hostname(), pid: 2 ** 30, began: "" }, 0],
    ["half writ", 0],
    [{ host: hostname(), pid: "x" }, 0],
  ];
  if (process.platform === "linux") free.push([{ host: hostname(), pid: process.pid, began: "1" }, 0]);
  for (const [owner, age] of free) {
    write(owner, age);
    assert.equal(isLocked(directory, "manifest.json"), false, JSON.stringify(owner));
    lock(directory, "manifest.json")();
  }
  mkdirSync(path);
  lock(directory, "manifest.json")();
  for (const owner of [
    { host: "elsewhere", pid: 5, began: "" },
    { host: hostname(), pid: process.pid },
  ]) {
    write(owner);
    assert.throws(() => lock(directory, "manifest.json"), StoreError);
  }
  assert.deepEqual(readdirSync(directory), ["manifest.json.lock"]);
});

test("a build removes half-written files of ended builds, and only the owner can read what it writes", async () => {
  const directory = folder();
  mkdirSync(directory, { recursive: true });
  const [key, mine] = ["0123456789abcdef", ["mine.tmp", "shard-00000-of-00002.jsonl", "journal-2024.md"]];
  const halfWritten = [`shard-${key}-0.fts.tmp-99`, "manifest.json.99.tmp", `journal-${key}.json.9.tmp`];
  for (const name of [...halfWritten, ...mine]) writeFileSync(join(directory, name), "");
  await buildStore(options(directory, [input("a", [document("some text")])]));
  const names = readdirSync(directory);
  assert.ok(!names.some(name => !mine.includes(name) && name.includes(".tmp")), names.join());
  assert.ok(
    mine.every(name => names.includes(name)),
    "what others have named likewise stays",
  );
  const unlock = lock(directory, "manifest-0-of-2-0123456789abcdef.json");
  const [written] = halfWritten as [string];
  writeFileSync(join(directory, written), "");
  await buildStore(options(directory, [input("a", [document("some text")])]));
  assert.ok(existsSync(join(directory, written)), "another process may be writing it");
  unlock();
  rmSync(join(directory, written));
  if (process.platform === "win32") return;
  for (const name of names.filter(each => !mine.includes(each)))
    assert.equal(statSync(join(directory, name)).mode & 0o077, 0, name);
  const fresh = folder();
  await buildStore(options(fresh, [input("a", [document("some text")])]));
  assert.equal(statSync(fresh).mode & 0o077, 0);
});

test("a build in a folder that cannot be written fails as unreadable", async t => {
  if (process.platform === "win32" || process.getuid?.() === 0) return t.skip("everything can be written");
  const directory = folder();
  mkdirSync(directory, { recursive: true, mode: 0o500 });
  assert.equal((await problemOf(buildStore(options(directory, [input("a", [])]))))?.code, "unreadable");
});

test("a folder that cannot be read is listed, and does not keep the stores beside it from being found", async t => {
  if (process.platform === "win32" || process.getuid?.() === 0) return t.skip("everything can be read");
  const stores = folder();
  const [closed, store] = [join(stores, "closed"), join(stores, "store")];
  await buildStore(options(store, [input("a", [document("some text")])]));
  mkdirSync(closed, { mode: 0 });
  assert.deepEqual(listStores(stores), [closed, store]);
  assert.throws(
    () => readStore(closed),
    ({ problem }: StoreError) => problem.code === "unreadable" && problem.message.includes(closed),
  );
});

test("stores are not listed below a file, and there are none below a missing folder", () => {
  const path = join(root, "file");
  writeFileSync(path, "");
  assert.throws(
    () => listStores(path),
    ({ problem }: StoreError) => problem.code === "unreadable" && problem.message.includes(path),
  );
  assert.deepEqual(listStores(join(root, "nowhere")), []);
});

test("a shard of another store is detected by a check and when the store is opened", async () => {
  const [one, two] = [folder(), folder()];
  await buildStore(options(one, [input("a", [document("some text")])]));
  const tokenizerEntry = { fingerprint: "others", vocabularySize: 256, model: "m" };
  await buildStore(options(two, [input("a", [document("some text")])], { tokenizerEntry }));
  const shardOf = (directory: string) =>
    join(directory, readdirSync(directory).find(file => file.endsWith(".fts")) as string);
  writeFileSync(shardOf(one), readFileSync(shardOf(two)));
  assert.throws(() => verifyStore(one), /was made with a different tokenizer/);
  assert.throws(() => openStore(one), /was made with a different tokenizer/);
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
