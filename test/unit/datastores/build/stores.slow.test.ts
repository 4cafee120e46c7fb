import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildStore } from "../../../../datastores/build/build.ts";
import { readStore } from "../../../../datastores/build/storeManifest.ts";
import { listStores, openStore, removeStore, verifyStore } from "../../../../datastores/build/stores.ts";
import { StoreError } from "../../../../datastores/document.ts";
import { damaged, document, folder, input, options, problemOf, root } from "../../../fakes/builds.ts";

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

type Fields = Record<string, unknown>;

/** The objects and lists of a manifest, each with the fields whose names the format does not choose. */
function* fieldsOf(
  value: unknown,
  isFree = false,
): Generator<{ holder: Fields; key: string; isFree: boolean }> {
  for (const key of Object.keys(value as Fields)) {
    const holder = value as Fields;
    yield { holder, key, isFree };
    const inner = holder[key];
    if (typeof inner === "object") yield* fieldsOf(inner, isFree || key === "dropped" || key === "skipped");
  }
}

/** Values that no field of the kind of `value` may have. */
function wrongFor(value: unknown): unknown[] {
  if (typeof value === "string") return [null, 1, [], {}];
  if (typeof value === "number") return [null, "1", -1, 1.5, []];
  return Array.isArray(value) ? [null, "text", { length: 0 }, [null], [[]]] : [null, "text", 1];
}

test("a manifest with a field that is missing or of another kind is refused", async () => {
  const directory = folder();
  await buildStore(options(directory, [damaged, input("b", [document("some text"), document("")])]));
  const path = join(directory, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  const check = (what: string) => {
    writeFileSync(path, JSON.stringify(manifest));
    assert.throws(() => readStore(directory), /manifest\.json is damaged/, what);
  };
  let fields = 0;
  for (const { holder, key, isFree } of fieldsOf(manifest)) {
    if (holder === manifest && (key === "format" || key === "version")) continue;
    const value = holder[key];
    for (const wrong of wrongFor(value)) {
      holder[key] = wrong;
      check(`${key}: ${JSON.stringify(wrong)} for ${JSON.stringify(value)}`);
    }
    if (!isFree && !Array.isArray(holder) && key !== "skipped" && key !== "damage") {
      delete holder[key];
      check(`without ${key}`);
    }
    holder[key] = value;
    fields++;
  }
  assert.ok(fields > 40, `${fields} fields`);
  writeFileSync(path, JSON.stringify(manifest));
  readStore(directory);
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
    ({ problem }: StoreError) =>
      problem.code === "unreadable" && problem.message.includes(path) && problem.remedy === "Check the path.",
  );
  assert.deepEqual(listStores(join(root, "nowhere")), []);
});

test("a file in place of a store's folder is no store, and neither is a folder below it", () => {
  const file = join(root, "a file");
  writeFileSync(file, "kept");
  for (const path of [file, join(file, "store")])
    for (const use of [openStore, verifyStore, removeStore])
      assert.throws(
        () => use(path),
        ({ problem }: StoreError) =>
          problem.code === "missing" && problem.message === `There is no datastore in ${path}.`,
      );
  assert.equal(readFileSync(file, "utf8"), "kept");
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
