import assert from "node:assert/strict";
import { test } from "node:test";
import {
  hubSource,
  languagesFor,
  STACK_LANGUAGES,
  sizeOfStack,
  storeName,
} from "../../../extension/buildSources.ts";

test("a datastore is named after its folder, and differently from that of another folder with the same name", () => {
  assert.match(storeName("app", "/home/me/app"), /^app-[0-9a-f]{6}$/);
  assert.notEqual(storeName("app", "/home/me/app"), storeName("app", "/home/me/other/app"));
  assert.equal(storeName("app", "/home/me/app"), storeName("app", "/home/me/app"));
});

test("a datastore's name is a valid folder name, whatever its folder is called", () => {
  for (const [name, expected] of [
    ["", /^folder-/],
    ["..", /^folder-/],
    ["日本", /^日本-/],
    ["a/b\\c:d", /^a_b_c_d-/],
    [".hidden", /^hidden-/],
  ] as const)
    assert.match(storeName(name, `/home/me/${name}`), expected);
});

test("a part of The Stack is announced with its download, disk space and time", () => {
  assert.equal(sizeOfStack(1), "About 0.2 GB to download, 0.7 GB on disk and 2 minutes.");
  assert.equal(sizeOfStack(10), "About 2.0 GB to download, 6.9 GB on disk and 16 minutes.");
});

test("an empty token is not sent along", () => {
  const [python] = languagesFor(undefined);
  assert.ok(python);
  assert.equal("hubToken" in hubSource(python, 1, ""), false);
  assert.equal(hubSource(python, 1, "hf_x").hubToken, "hf_x");
});

test("each language of The Stack has a source and a datastore of its own, Python those that it had before", () => {
  const sources = STACK_LANGUAGES.map(language => hubSource(language, 2, ""));
  assert.deepEqual(sources[0], { source: "the-stack-dedup", name: "the-stack", first: 2 });
  assert.deepEqual(
    sources.find(({ source }) => source.endsWith("csharp")),
    { source: "the-stack-dedup:csharp", name: "the-stack-csharp", first: 2 },
  );
  assert.equal(new Set(sources.map(({ name }) => name)).size, STACK_LANGUAGES.length);
});

test("the language of the document in front is offered first, all others after it", () => {
  const first = (id: string | undefined) => languagesFor(id)[0]?.label;
  assert.deepEqual(["typescriptreact", "go", "plaintext", undefined].map(first), [
    "TypeScript",
    "Go",
    "Python",
    "Python",
  ]);
  assert.equal(languagesFor("go").length, STACK_LANGUAGES.length);
});
