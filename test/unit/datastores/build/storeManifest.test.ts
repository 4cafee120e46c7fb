import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { MANIFEST_VERSION, type Manifest, writeManifest } from "../../../../datastores/build/manifest.ts";
import { manifestName } from "../../../../datastores/build/ownFiles.ts";
import { buildsOf, readBuilds, readManifests } from "../../../../datastores/build/storeManifest.ts";
import type { StoreError } from "../../../../datastores/document.ts";
import { folder } from "../../../fakes/builds.ts";

const [OLD, NEW] = ["f".repeat(16), "0".repeat(16)];

const SHARD = { file: `shard-${OLD}-0.fts`, tokens: 10, documents: 1, bytes: 99, textBytes: 20 };

/** The manifest of a share, made in that minute of an hour. */
function manifest(
  build: string,
  [index, count]: [number, number],
  minute: number,
  ...names: string[]
): Manifest {
  return {
    format: "foretoken-datastore",
    version: MANIFEST_VERSION,
    build,
    name: "test",
    created: `2026-01-02T03:${String(minute).padStart(2, "0")}:00.000Z`,
    tokenizer: { fingerprint: "letters", vocabularySize: 128, model: "letters" },
    sources: ["here"],
    share: { index, count },
    inputs: names.map(name => ({ name, key: name, shards: [SHARD], dropped: { empty: 1, data: 2 } })),
  };
}

/** A folder with these manifests and damaged ones of these shares. */
function folderWith(manifests: readonly Manifest[], damaged: readonly Manifest[] = []): string {
  const directory = folder();
  mkdirSync(directory);
  for (const each of manifests) writeManifest(directory, each);
  for (const { build, share } of damaged) writeFileSync(join(directory, manifestName(build, share)), "{");
  return directory;
}

test("shares make builds with their inputs in the source's order, and the build begun first comes first", () => {
  const shares = [
    manifest(NEW, [0, 1], 20, "x"),
    manifest(OLD, [2, 3], 30, "c"),
    manifest(OLD, [0, 3], 10, "a", "d"),
  ];
  for (const given of [shares, shares.toReversed()]) {
    const builds = buildsOf(given);
    assert.deepEqual(
      builds.map(({ build, created, missingShares }) => [build, created.slice(14, 16), missingShares]),
      [
        [OLD, "10", [1]],
        [NEW, "20", []],
      ],
    );
    assert.deepEqual(
      builds.map(({ inputs }) => inputs.map(({ name }) => name)),
      [["a", "c", "d"], ["x"]],
    );
    assert.deepEqual(builds[0]?.dropped, { empty: 3, data: 6 });
  }
});

test("the latest build with all its shares is in use, or the latest if none has them", () => {
  const whole = [manifest(OLD, [0, 2], 10, "a"), manifest(OLD, [1, 2], 11, "b")];
  const later = manifest(NEW, [0, 2], 20, "a");
  const ids = (manifests: readonly Manifest[]) => {
    const { store, last } = readBuilds(folderWith(manifests));
    return [store.build, last.build];
  };
  assert.deepEqual(ids([...whole, later]), [OLD, NEW]);
  assert.deepEqual(ids([...whole, later, manifest(NEW, [1, 2], 21, "b")]), [NEW, NEW]);
  assert.deepEqual(ids([whole[0]!, later]), [NEW, NEW]);
  const empty = [manifest(NEW, [0, 2], 20), manifest(NEW, [1, 2], 21)];
  assert.deepEqual(ids([...whole, ...empty]), [OLD, NEW], "a build without documents is never used");
});

test("a damaged manifest is reported unless another build is complete, and an empty folder has no store", () => {
  const whole = [manifest(OLD, [0, 2], 10, "a"), manifest(OLD, [1, 2], 11, "b")];
  const damaged = manifest(NEW, [0, 2], 20);
  const beside = folderWith(whole, [damaged]);
  assert.equal(readBuilds(beside).store.build, OLD);
  assert.deepEqual([...readManifests(beside).damaged.keys()], [manifestName(NEW, damaged.share)]);
  const code = (wanted: string) => (error: StoreError) => error.problem.code === wanted;
  assert.throws(() => readBuilds(folderWith([whole[0]!], [damaged])), code("corrupt"));
  assert.throws(() => readBuilds(folderWith([])), code("missing"));
  assert.throws(() => readBuilds(folder()), code("missing"));
});
