import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { parseCatalogue, readCatalogue } from "../../../../server/catalogue/catalogue.ts";
import { packageRoot } from "../../../../server/system/paths.ts";

const shipped = readCatalogue(join(packageRoot(), "models", "catalogue.json"));
const models = "models" in shipped ? shipped.models : [];

test("the included catalogue is valid and contains the model families that people ask for", () => {
  assert.ok("models" in shipped, JSON.stringify(shipped));
  const names = models.map(({ name }) => name);
  for (const name of [
    ...["0.5b", "1.5b", "3b", "7b", "14b", "32b"].map(size => `qwen2.5-coder:${size}`),
    "qwen3-coder:30b-a3b",
    "starcoder2:3b",
    "starcoder2:7b",
    "codestral:22b",
    "deepseek-coder:1.3b",
    "deepseek-coder:6.7b",
    "deepseek-coder-v2:lite",
    "granite-code:3b",
    "granite-code:8b",
    "seed-coder:8b",
    "codegemma:2b",
    "codegemma:7b",
    "mellum:4b",
  ])
    assert.ok(names.includes(name), name);
});

test("models with a licence that forbids commercial use are marked", () => {
  const forbidden = models.filter(({ licence }) => licence.commercial === "no").map(({ name }) => name);
  assert.deepEqual(forbidden, ["qwen2.5-coder:3b", "codestral:22b"]);
});

test("a file that is pinned to a commit has a length and a hash", () => {
  const pinned = models
    .flatMap(({ files }) => files)
    .filter(({ revision }) => /^[0-9a-f]{40}$/.test(revision));
  assert.ok(pinned.length >= 5);
  for (const file of pinned) assert.ok(file.bytes && file.sha256 && file.path, file.repository);
});

const model = {
  name: "a:1b",
  title: "A",
  parameters: 1e9,
  licence: { name: "MIT", commercial: "yes" },
  files: [{ quantisation: "Q8_0", repository: "a/b", revision: "main", path: "a.gguf" }],
};
const parse = (...given: unknown[]) =>
  parseCatalogue(JSON.stringify({ version: 1, models: given }), "mine.json");

test("a custom catalogue is read, and its errors are reported by model, file and field", () => {
  assert.deepEqual(parse(model), { models: [model] });
  const faults: [unknown[], RegExp][] = [
    [[], /"models" is not a list/],
    [["x"], /model 1: it is not an object/],
    [[{ ...model, name: "No Name" }], /model 1: "name"/],
    [[{ ...model, parameters: "7b" }], /"parameters"/],
    [[{ ...model, licence: { name: "MIT", commercial: "maybe" } }], /"licence"/],
    [[{ ...model, infilling: { singleLine: 120, source: "me" } }], /"infilling"/],
    [[model, model], /two models called a:1b/],
    [[{ ...model, files: [] }], /"files"/],
    ...["../a.gguf", "/a.gguf", "b/../../a.gguf", "c:\\a.gguf", "a.bin"].map((path): [unknown[], RegExp] => [
      [{ ...model, files: [{ ...model.files[0], path }] }],
      /"path" of file 1/,
    ]),
    [[{ ...model, files: [{ ...model.files[0], sha256: "abc" }] }], /"sha256" of file 1/],
    [[{ ...model, files: [{ ...model.files[0], repository: "a" }] }], /"repository" of file 1/],
  ];
  for (const [given, expected] of faults) {
    const outcome = parse(...given);
    assert.ok("problem" in outcome, JSON.stringify(given));
    assert.match(outcome.problem.message, expected);
    assert.match(outcome.problem.message, /mine\.json/);
  }
});

test("a catalogue that is not JSON, of another version or missing is reported as such", () => {
  const other = parseCatalogue('{"version": 2, "models": []}', "mine.json");
  assert.ok("problem" in other && /"version" is not 1/.test(other.problem.message));
  assert.ok("problem" in parseCatalogue("{", "mine.json"));
  const missing = readCatalogue("/nowhere/catalogue.json");
  assert.ok("problem" in missing && missing.problem.remedy.includes("foretoken.catalogue"));
});
