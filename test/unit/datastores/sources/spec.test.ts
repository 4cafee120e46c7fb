import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { StoreError } from "../../../../datastores/document.ts";
import { matchesGlob } from "../../../../datastores/sources/glob.ts";
import { listInputs, readInput } from "../../../../datastores/sources/inputs.ts";
import { findPython } from "../../../../datastores/sources/python.ts";
import { parseSource, statesLicences, termsOf } from "../../../../datastores/sources/spec.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-spec-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function spec(source: string) {
  const outcome = parseSource(source, folder);
  assert.ok("spec" in outcome, `${source}: ${"problem" in outcome && outcome.problem.message}`);
  return outcome.spec;
}

function problem(source: string) {
  const outcome = parseSource(source, folder);
  assert.ok("problem" in outcome, `${source} is understood`);
  return outcome.problem;
}

test("short names refer to data sets and their Python files, with an optional revision", () => {
  assert.deepEqual(spec("the-stack-dedup"), {
    kind: "hub",
    repository: "bigcode/the-stack-dedup",
    revision: "main",
    files: "data/python/*.parquet",
    language: "python",
  });
  assert.deepEqual(spec("stack-v3@v3.0"), {
    kind: "hub",
    repository: "HuggingFaceCode/stack-v3-train",
    revision: "v3.0",
    files: "data/*.parquet",
    language: "python",
  });
  for (const name of ["the-stack", "the-stack-smol", "starcoderdata"]) assert.equal(spec(name).kind, "hub");
});

test("a short name may be followed by a revision and a language, under any of its names", () => {
  const files = (source: string) => {
    const found = spec(source);
    assert.ok(found.kind === "hub");
    return [found.files, found.language, found.revision];
  };
  assert.deepEqual(files("the-stack-dedup:go"), ["data/go/*.parquet", "go", "main"]);
  assert.deepEqual(files("the-stack@v1.2:TypeScript"), ["data/typescript/*.parquet", "typescript", "v1.2"]);
  assert.deepEqual(files("the-stack-smol:csharp"), ["data/c-sharp/*.json", "c-sharp", "main"]);
  assert.deepEqual(files("the-stack-dedup:c++"), ["data/c++/*.parquet", "c++", "main"]);
  assert.deepEqual(files("starcoderdata:cpp"), ["cpp/*.parquet", "c++", "main"]);
  assert.deepEqual(files("starcoderdata:go"), ["go/*.parquet", "go", "main"]);
  assert.deepEqual(files("stack-v3:rust"), ["data/*.parquet", "rust", "main"]);
  assert.ok(matchesGlob("data/c++/*.parquet", "data/c++/a.parquet"));
  for (const source of ["the-stack:", "the-stack:go@v1.2", "the-stack:../x", "the-stack:*", "the-stack:a/b"])
    assert.equal(problem(source).code, "missing", source);
});

test("what looks like a path is reported as a missing file, anything else as no source", () => {
  for (const source of ["gone.parquet", "./gone"]) {
    assert.equal(problem(source).message, `There is no ${join(folder, source)}.`);
    assert.equal(problem(source).remedy, "Check the path.");
  }
  assert.equal(problem("gone").message, 'There is no source "gone".');
  assert.equal(problem(" ").message, "No source is given.");
  assert.equal(spec(" python ").kind, "python");
});

test("any data set of the hub can be specified with a revision and a pattern", () => {
  const hub = (source: string) => {
    const found = spec(source);
    assert.ok(found.kind === "hub");
    return [found.repository, found.revision, found.files];
  };
  assert.deepEqual(hub("hub:me/my.data-set@refs/pr/1:py/*.parquet"), [
    "me/my.data-set",
    "refs/pr/1",
    "py/*.parquet",
  ]);
  assert.deepEqual(hub("hub:me/x:a.jsonl"), ["me/x", "main", "a.jsonl"]);
  const [, , files] = hub("hub:me/x");
  for (const path of ["a.parquet", "deep/er/b.jsonl.gz", "c.json"])
    assert.ok(matchesGlob(files!, path), path);
  assert.ok(!matchesGlob(files!, "README.md"));
  for (const source of ["hub:", "hub:me", "hub:me/x y", "hub:a/b/c", "hub:../..", "hub:a/.."])
    assert.match(problem(source).remedy, /hub:OWNER\/NAME/);
});

test("paths are folders or files of a readable kind, and a short name takes precedence over a folder", () => {
  mkdirSync(join(folder, "python"));
  writeFileSync(join(folder, "rows.JSONL.gz"), "");
  writeFileSync(join(folder, "table.parquet"), "");
  writeFileSync(join(folder, "code.zip"), "");
  assert.deepEqual(spec("python"), { kind: "python" });
  assert.deepEqual(spec("./python"), { kind: "folder", path: join(folder, "python") });
  assert.deepEqual(spec("rows.JSONL.gz"), {
    kind: "file",
    path: join(folder, "rows.JSONL.gz"),
    format: "jsonl",
  });
  assert.deepEqual(spec("table.parquet"), {
    kind: "file",
    path: join(folder, "table.parquet"),
    format: "parquet",
  });
  assert.equal(problem("code.zip").code, "schema");
  assert.equal(problem("none.parquet").code, "missing");
  assert.match(problem("none.parquet").message, /none\.parquet/);
});

test("a device, a pipe and links in a circle are refused by name", t => {
  if (process.platform === "win32") {
    t.skip("Windows has none of them in folders");
    return;
  }
  const circle = join(folder, "circle.jsonl");
  symlinkSync(circle, circle);
  const pipe = join(folder, "pipe.jsonl");
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  for (const [path, code] of [
    ["/dev/zero", "schema"],
    [pipe, "schema"],
    [circle, "unreadable"],
  ] as const) {
    const outcome = parseSource(path);
    assert.ok("problem" in outcome);
    assert.equal(outcome.problem.code, code);
    assert.ok(outcome.problem.message.includes(path), outcome.problem.message);
  }
});

test("an unknown source is answered with a list of all sources", () => {
  for (const source of ["the-stacks", "", "toString"])
    for (const name of ["the-stack-dedup", "stack-v3", "python", "folder", "hub:", ".parquet"])
      assert.ok(problem(source).remedy.includes(name), `${source}: ${name}`);
});

test("BigCode's data sets have terms, and others have none", () => {
  assert.match(termsOf(spec("starcoderdata")) ?? "", /opt/i);
  assert.match(termsOf(spec("hub:bigcode/other")) ?? "", /terms/i);
  assert.equal(termsOf(spec("stack-v3")), undefined);
  assert.equal(termsOf(spec("python")), undefined);
  const states = (source: string) => statesLicences(spec(source));
  for (const source of ["the-stack", "hub:BigCode/the-stack-v2"]) assert.ok(states(source), source);
  // Letter case does not matter, as for the terms.
  for (const source of ["starcoderdata", "hub:BigCode/StarCoderData", "stack-v3", "hub:me/x", "python", "."])
    assert.ok(!states(source), source);
});

test("a file is one input, and a changed file has another identity", async () => {
  const path = join(folder, "rows.jsonl");
  writeFileSync(path, '{"content":"x = 1"}\n');
  const [before] = await listInputs(spec("rows.jsonl"));
  assert.ok(before?.kind === "file");
  assert.match(before.identity, /#any$/, "stores of only its rows in Python are built again");
  const texts: string[] = [];
  for await (const { text } of readInput(before)) texts.push(text);
  assert.deepEqual(texts, ["x = 1"]);
  writeFileSync(path, '{"content":"x = 12"}\n');
  const [later] = await listInputs(spec("rows.jsonl"));
  assert.notEqual(later?.identity, before.identity);
  assert.equal(later?.bytes, 21);
});

test("the error without Python names the interpreters that were tried", async () => {
  await assert.rejects(findPython(["no-such-python-1", "no-such-python-2"]), (error: unknown) => {
    assert.ok(error instanceof StoreError);
    assert.equal(error.problem.code, "missing");
    assert.match(error.problem.message, /no-such-python-1, no-such-python-2/);
    return true;
  });
});

test("the first interpreter with a valid answer is used, and nested roots are left out", async t => {
  if (process.platform === "win32") {
    t.skip("the stand-in for an interpreter is a shell script");
    return;
  }
  const script = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const failing = script("failing", "exit 9");
  const chatty = script("chatty", "echo welcome");
  const good = script(
    "good",
    `echo '["3.12.1", ["/p/lib", "/p/lib", "/p/lib/site-packages", "/p/library"]]'`,
  );
  assert.deepEqual(await findPython([failing, chatty, good]), {
    version: "3.12.1",
    roots: ["/p/lib", "/p/library"],
  });
});
