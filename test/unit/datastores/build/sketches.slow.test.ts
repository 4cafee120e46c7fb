import assert from "node:assert/strict";
import fs, { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { buildStore } from "../../../../datastores/build/build.ts";
import type { BuildInput } from "../../../../datastores/build/options.ts";
import { manifestName } from "../../../../datastores/build/ownFiles.ts";
import { readStore } from "../../../../datastores/build/storeManifest.ts";
import { openStore, verifyStore } from "../../../../datastores/build/stores.ts";
import {
  folder,
  following,
  options,
  problemOf,
  repeatedFile,
  repeatedOf,
  repeating,
} from "../../../fakes/builds.ts";

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
