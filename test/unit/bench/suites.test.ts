import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import {
  parseProblems,
  repeatedShare,
  replayProblem,
  sample,
  suiteItems,
  suiteProblems,
} from "../../bench/suites.ts";
import { chaotic, FakeEngine } from "../../fakes/engine.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-bench-"));

after(() => rmSync(folder, { recursive: true, force: true }));

const zipped = (...lines: unknown[]) => gzipSync(lines.map(line => `${JSON.stringify(line)}\n`).join(""));

test("a HumanEval file is read with and without a suffix", () => {
  const problems = parseProblems(
    zipped({ task_id: "T/1", prompt: "a", suffix: "b", test: "" }, { task_id: "T/2", prompt: "c" }),
  );
  assert.deepEqual(problems, [
    { id: "T/1", uri: "T/1", prefix: "a", suffix: "b", script: undefined },
    { id: "T/2", uri: "T/2", prefix: "c", suffix: "", script: undefined },
  ]);
  assert.throws(() => parseProblems(zipped({ name: "other" })), /not a HumanEval problem/);
});

test("a sample is spread evenly and is never larger than the whole", () => {
  assert.deepEqual(sample([0, 1, 2, 3, 4, 5, 6, 7], 4), [0, 2, 4, 6]);
  assert.deepEqual(sample([0, 1], 4), [0, 1]);
  assert.deepEqual(sample([0, 1], 0), [0, 1]);
});

test("a replay problem is cut out of its file without a gap", () => {
  const text = Array.from({ length: 300 }, (_, i) => `    line ${i} of the text`).join("\n");
  const problem = replayProblem("file", text, 16)!;
  assert.equal(problem.prefix + problem.script + problem.suffix, text);
  assert.match(problem.prefix, /\n {4}$/);
  assert.ok(problem.script!.endsWith("\n") && problem.script!.length >= 16 * 8);
  assert.equal(replayProblem("short", "x\ny\n", 16), undefined);
});

const { vocabulary } = new FakeEngine(chaotic);

test("a suite's problems become prompts, and a missing folder becomes an error message", () => {
  const problems = join(folder, "problems");
  mkdirSync(problems);
  const lines = ["a", "b", "c", "d"].map(name => ({ task_id: name, prompt: `${name}(`, suffix: ")" }));
  writeFileSync(join(problems, "HumanEval-SingleLineInfilling.jsonl.gz"), zipped(...lines));
  const found = suiteProblems("single", { problems, corpus: undefined }, 2, 10);
  const items = suiteItems(found, vocabulary, 10, 200);
  assert.deepEqual(
    items.map(({ id, maxTokens, script }) => ({ id, maxTokens, script })),
    ["a", "c"].map(id => ({ id, maxTokens: 10, script: undefined })),
  );
  assert.deepEqual([...items[0]!.prompt.tokens], [257, 97, 40, 258, 41, 259]);
  const without = { problems: undefined, corpus: undefined };
  assert.throws(() => suiteProblems("multi", without, 2, 10), /needs --problems/);
  assert.throws(() => suiteProblems("multi", { ...without, problems }, 2, 10), /There is no .*Multi/);
});

test("the replay suite takes code files of some length and leaves tests out", () => {
  const corpus = join(folder, "corpus");
  mkdirSync(join(corpus, "test"), { recursive: true });
  mkdirSync(join(corpus, "package"));
  const code = "value = compute(value)\n".repeat(400);
  for (const name of ["module.py", "package/part.ts", "test/module.py", "notes.txt"])
    writeFileSync(join(corpus, name), code);
  writeFileSync(join(corpus, "short.py"), "pass\n");
  const found = suiteProblems("replay", { problems: undefined, corpus }, 0, 10);
  const items = suiteItems(found, vocabulary, 10, 200);
  assert.deepEqual(
    items.map(({ id }) => id),
    ["module.py", join("package", "part.ts")],
  );
  assert.equal(items[0]!.script?.length, 10);
  assert.match(Buffer.from(items[0]!.script!).toString(), /^value = co/);
});

test("the workspace suite has several places in each file, with the URI of the file", () => {
  const corpus = join(folder, "project");
  mkdirSync(corpus);
  for (const name of ["first.py", "second.py"])
    writeFileSync(join(corpus, name), "value = compute(value)\n".repeat(400));
  const found = suiteProblems("workspace", { problems: undefined, corpus }, 0, 10);
  assert.deepEqual(
    found.map(({ id }) => id),
    ["first.py", "first.py 2", "first.py 3", "second.py", "second.py 2", "second.py 3"],
  );
  assert.equal(found[4]!.uri, pathToFileURL(join(corpus, "second.py")).href);
  const lengths = found.slice(0, 3).map(({ prefix }) => prefix.length);
  assert.ok(lengths[0]! < lengths[1]! && lengths[1]! < lengths[2]!);
});

test("the repeated share is the share of runs of five words that also occur above", () => {
  const above = "entry = table.add(name, value)\n";
  assert.equal(repeatedShare(above, "entry = table.add(name, value)"), 1);
  assert.equal(repeatedShare(above, "nothing of this stands above it"), 0);
  assert.equal(repeatedShare(above, ""), 0);
  const half = repeatedShare(above, "entry = table.add(name, other, things, here)");
  assert.ok(half > 0.2 && half < 0.6, `${half}`);
});
