import assert from "node:assert/strict";
import fs, {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { hostname } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { buildStore } from "../../../../datastores/build/build.ts";
import { manifestFiles } from "../../../../datastores/build/manifest.ts";
import type { BuildInput } from "../../../../datastores/build/options.ts";
import { readStore } from "../../../../datastores/build/storeManifest.ts";
import { addTombstones, removeStore, verifyStore } from "../../../../datastores/build/stores.ts";
import { lock } from "../../../../datastores/lock.ts";
import { document, folder, following, input, options, problemOf, repeating } from "../../../fakes/builds.ts";

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

test("a build of shares without a document fails at the last one and keeps the earlier store", async () => {
  const directory = folder();
  await buildStore(options(directory, [input("a", [document("say a")])]));
  const inputs = ["b", "c", "d"].map(name => input(name, [document("")]));
  const share = (index: number) => buildStore(options(directory, inputs, { share: { index, count: 3 } }));
  await share(1);
  await share(0);
  const files = readdirSync(directory);
  // Also when it is started again.
  for (let attempt = 0; attempt < 2; attempt++) {
    const problem = await problemOf(share(2));
    assert.equal(problem?.code, "empty");
    assert.equal(problem.message, "here has no documents that could be taken. Left out: 3 almost empty.");
    assert.deepEqual(readdirSync(directory), files);
  }
  assert.deepEqual(following(directory, "say "), ["a"]);
  assert.throws(() => verifyStore(directory), /lacks 1 of 3 shares: 2\. Until they exist, the store/);
});

test("shares without a document that end at once fail, and never replace the earlier store", async t => {
  const directory = folder();
  await buildStore(options(directory, [input("a", [document("say a")])]));
  const inputs = ["b", "c"].map(name => input(name, [document("")]));
  const share = (index: number) => buildStore(options(directory, inputs, { share: { index, count: 2 } }));
  await share(0);
  const [first = ""] = manifestFiles(directory).filter(file => file !== "manifest.json");
  const text = readFileSync(join(directory, first), "utf8");
  rmSync(join(directory, first));
  // The other share's manifest appears once this one's was written.
  const { renameSync } = fs;
  t.mock.method(fs, "renameSync", (from: string, to: string) => {
    renameSync(from, to);
    if (/manifest-1-of-2/.test(to)) writeFileSync(join(directory, first), text);
  });
  syncBuiltinESMExports();
  try {
    assert.equal((await problemOf(share(1)))?.code, "empty");
  } finally {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  }
  assert.deepEqual(manifestFiles(directory), [first, "manifest.json"]);
  assert.deepEqual(following(directory, "say "), ["a"]);
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
