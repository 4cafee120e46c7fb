import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import { after, test } from "node:test";
import { addressParts, hubPath, writeReceipt } from "../../../../server/catalogue/modelFolder.ts";
import { locateModel } from "../../../../server/catalogue/resolveModel.ts";

const base = mkdtempSync(join(tmpdir(), "foretoken-located-"));
after(() => rmSync(base, { recursive: true, force: true }));

const COMMITS = ["1".repeat(40), "2".repeat(40)] as const;

/** A fetched file of the repository a/b, with its receipt. */
function fetched(folder: string, commit: string, path: string, references: string[], day: number): string {
  const file = hubPath(folder, { repository: "a/b", revision: "main", quantisation: "" }, commit, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "GGUF");
  writeReceipt(file, { references, bytes: 4, fetched: `2026-01-0${day}T00:00:00Z` });
  return file;
}

const located = (text: string, folder: string) => {
  const outcome = locateModel(text, [], folder);
  return "path" in outcome ? outcome.path : undefined;
};

test("a revision stands for the commit at which it was fetched last, and for no other", () => {
  const folder = join(base, "revisions");
  const one = fetched(folder, COMMITS[0], "m-Q8_0.gguf", ["hf:a/b@v1:m-Q8_0.gguf"], 2);
  const two = fetched(folder, COMMITS[1], "m-Q8_0.gguf", ["hf:a/b@v2:m-Q8_0.gguf", "hf:a/b:Q8_0"], 1);
  assert.equal(located("hf:a/b@v1:m-Q8_0.gguf", folder), one);
  assert.equal(located("hf:A/B@v2:q8_0", folder), two);
  assert.equal(located("hf:a/b:m-Q8_0.gguf", folder), two);
  assert.equal(located(`hf:a/b@${COMMITS[0]}:m-Q8_0.gguf`, folder), one);
  assert.equal(located("hf:a/b@v3:m-Q8_0.gguf", folder), undefined);
  const newer = fetched(folder, "3".repeat(40), "m-Q8_0.gguf", ["hf:a/b@v1:m-Q8_0.gguf"], 3);
  assert.equal(located("hf:a/b@v1:m-Q8_0.gguf", folder), newer, "the revision has moved on");
});

test("a model is found at any depth in its repository and by any of its parts", () => {
  const folder = join(base, "deep");
  const deep = fetched(folder, COMMITS[0], "a/b/c/d/e/m-f16.gguf", ["hf:a/b:a/b/c/d/e/m-f16.gguf"], 1);
  assert.equal(located("hf:a/b:a/b/c/d/e/m-f16.gguf", folder), deep);
  const part = (number: number) => `Q4_K_M/m-Q4_K_M-0000${number}-of-00002.gguf`;
  const second = hubPath(folder, { repository: "a/b", revision: "", quantisation: "" }, COMMITS[0], part(2));
  mkdirSync(dirname(second), { recursive: true });
  writeFileSync(second, "rest");
  const first = fetched(folder, COMMITS[0], part(1), [`hf:a/b:${part(2)}`], 1);
  for (const text of [`hf:a/b:${part(2)}`, `hf:a/b:${part(1)}`, "hf:a/b:q4_k_m"])
    assert.equal(located(text, folder), first, text);
  assert.equal(located("hf:a/b:q4_k", folder), undefined);
});

test("all parts of a split model at an address are in one folder, and names with odd escapes are accepted", () => {
  const parts = addressParts(base, "https://example.org/x/m-00002-of-00003.gguf?key=1");
  assert.deepEqual(
    parts.map(({ url }) => url),
    ["1", "2", "3"].map(number => `https://example.org/x/m-0000${number}-of-00003.gguf?key=1`),
  );
  assert.equal(new Set(parts.map(({ path }) => dirname(path))).size, 1);
  const [first] = addressParts(base, "https://example.org/x/m-00001-of-00003.gguf?key=1");
  assert.equal(first?.path, parts[0]?.path, "whichever part is named");
  for (const name of ["a%FF.gguf", "a%zz.gguf"])
    assert.match(addressParts(base, `https://example.org/${name}`)[0]?.path ?? "", /a%\w\w\.gguf$/);
  assert.equal(located("https://example.org/a%FF.gguf", base), undefined);
});

test("a file fetched from any address has a name that every system accepts", () => {
  const nameOf = (url: string) => (addressParts(base, url)[0]?.path ?? "").slice(base.length + 1).split(sep);
  assert.deepEqual(nameOf("http://[::1]:8080/a%3Cb%3F%7C.gguf").toSpliced(2, 1), [
    "url",
    "[__1]",
    "a_b__.gguf",
  ]);
  assert.deepEqual(nameOf("https://example.org/aux.gguf").at(-1), "_aux.gguf");
  assert.deepEqual(nameOf("https://example.org/model.%20").at(-1), "model_");
});

test("a model that was not fetched from its repository is not found, and the remedy says how to fetch it", () => {
  const folder = join(base, "others");
  fetched(folder, COMMITS[0], "m-Q8_0.gguf", ["hf:a/b:m-Q8_0.gguf"], 1);
  assert.equal(located("hf:a/other:m-Q8_0.gguf", folder), undefined);
  assert.equal(located("hf:a/b:other-Q8_0.gguf", folder), undefined);
  assert.deepEqual(locateModel("hf:a/other:Q8_0", [], folder), {
    problem: {
      message: "The model hf:a/other:Q8_0 has not been fetched.",
      remedy: 'Fetch it with "Foretoken: Choose Model", or "foretoken model get hf:a/other:Q8_0".',
    },
  });
});

test("a path counts within the workspace's folders, also one that looks like a name, and one without a file is named", () => {
  const workspace = join(base, "workspace");
  mkdirSync(workspace);
  for (const name of ["m.gguf", "model"]) {
    writeFileSync(join(workspace, name), "GGUF");
    assert.deepEqual(locateModel(name, [], base, [workspace]), { path: join(workspace, name) });
  }
  const file = { quantisation: "Q8_0", repository: "a/b", revision: "main" };
  const licence = { name: "MIT", commercial: "yes" } as const;
  const models = [{ name: "m:1b", title: "M", parameters: 1, licence, files: [file] }];
  const missing = join(workspace, "none.gguf");
  assert.deepEqual(locateModel(missing, models, base), {
    problem: { message: `There is no model at ${missing}.`, remedy: "The catalogue has m:1b." },
  });
  assert.ok("problem" in locateModel("unknown", models, base, [workspace]));
});
