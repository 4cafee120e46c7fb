import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import {
  addressPath,
  fetchedModel,
  fetchedModels,
  hubPath,
  removeModel,
  writeReceipt,
} from "../../../../server/catalogue/modelFolder.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-models-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const FILE = { repository: "a/b", revision: "main", quantisation: "" };
const RECEIPT = { references: ["x"], bytes: 4, fetched: "2026-01-01T00:00:00Z" };

function put(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "GGUF");
  }
}

test("a model is removed with all of its parts, what fetching left of them, and folders that become empty", () => {
  const first = hubPath(folder, FILE, "1", "m-00001-of-00002.gguf");
  const second = hubPath(folder, FILE, "1", "m-00002-of-00002.gguf");
  const other = hubPath(folder, FILE, "2", "m.gguf");
  put(first, second, `${second}.part`, `${second}.part.etag`, other);
  writeReceipt(first, RECEIPT);
  writeReceipt(other, RECEIPT);
  const model = fetchedModel(first);
  assert.ok(model);
  removeModel(folder, model);
  assert.deepEqual(readdirSync(join(folder, "hf", "a", "b")), ["2"]);
  removeModel(folder, { ...RECEIPT, path: other });
  assert.deepEqual(readdirSync(folder), []);
  assert.ok(existsSync(folder), "the folder of models itself stays");
});

test("a model counts as fetched once it has a receipt and all of its parts", () => {
  const first = hubPath(folder, FILE, "3", "m-00001-of-00002.gguf");
  put(first);
  writeReceipt(first, RECEIPT);
  assert.deepEqual(fetchedModels(folder), []);
  put(hubPath(folder, FILE, "3", "m-00002-of-00002.gguf"));
  assert.deepEqual(fetchedModels(folder), [{ ...RECEIPT, path: first }]);
  for (const damaged of ["{", JSON.stringify({ ...RECEIPT, references: [] })]) {
    writeFileSync(`${first}.fetched.json`, damaged);
    assert.deepEqual(fetchedModels(folder), []);
  }
});

test("files of different addresses lie apart, under names that every system allows", () => {
  const path = (url: string) => addressPath(folder, url);
  assert.notEqual(path("https://a.example/m.gguf?x=1"), path("https://a.example/m.gguf?x=2"));
  assert.match(path("https://a.example/a%3Ab.gguf"), /a_b\.gguf$/);
  assert.match(path("https://a.example/con.gguf"), /_con\.gguf$/);
  assert.match(path("https://a.example/%FF.gguf"), /%FF\.gguf$/);
});
