import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { largestPackage } from "../bench/codeFiles.ts";
import { costRows, measureCost, randomTree } from "../bench/cost.ts";
import { type Records, runSuite, storeLine, suiteTable, summarise } from "../bench/decode.ts";
import { formatSpread, median, spread, table } from "../bench/figures.ts";
import { engineMethod, type MethodRun, serverMethod } from "../bench/methods.ts";
import { pld } from "../bench/presets/pld.ts";
import type { Preset } from "../bench/presets/preset.ts";
import { ReplayEngine } from "../bench/replay.ts";
import {
  type Item,
  parseProblems,
  replayProblem,
  sample,
  suiteItems,
  suiteProblems,
} from "../bench/suites.ts";
import { chaotic, END, FakeEngine, saying } from "../fakes/engine.ts";

const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), "foretoken-bench-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("medians and spreads are of the values given", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.deepEqual(spread([5, 1, 3]), { median: 3, min: 1, max: 5 });
  assert.equal(spread([]), undefined);
  assert.equal(formatSpread({ median: 1.234, min: 1, max: 2 }, 2), "1.23 (1.00 to 2.00)");
});

test("a table's columns are as wide as their widest cell", () => {
  const lines = table(
    ["name", "n"],
    [
      ["a", "1"],
      ["longer", "100"],
    ],
  ).split("\n");
  assert.deepEqual(lines, ["name      n", "------  ---", "a         1", "longer  100"]);
});

test("costs are reported relative to one node of the same turn", () => {
  const steps = (...times: number[]) => times.map(ms => ({ ms, outsideMs: ms / 4 }));
  const rows = costRows(
    new Map([
      [1, steps(1, 2, 4)],
      [8, steps(2, 6, 4)],
    ]),
  );
  assert.deepEqual(rows[1], {
    nodes: 8,
    ms: { median: 4, min: 2, max: 6 },
    outsideMs: { median: 1, min: 0.5, max: 1.5 },
    relative: { median: 2, min: 1, max: 3 },
    relativeOfFastest: 2,
  });
});

test("random trees are in order, within the branches, and siblings differ", () => {
  for (let seed = 0; seed < 30; seed++) {
    const { count, tokens, parents } = randomTree(63, 8, 500, seed);
    const children = new Map<number, number[]>();
    for (let node = 1; node < count; node++) {
      assert.ok(parents[node]! >= 0 && parents[node]! < node);
      children.set(parents[node]!, [...(children.get(parents[node]!) ?? []), tokens[node]!]);
    }
    for (const siblings of children.values()) assert.equal(new Set(siblings).size, siblings.length);
    assert.ok(count - children.size <= 8, `${count - children.size} leaves`);
  }
});

test("cost is measured for the sizes a model takes, in the context that fits", async () => {
  const engine = new FakeEngine(chaotic, { contextTokens: 100, maxTreeNodes: 12 });
  const { contextTokens, rows } = await measureCost(engine, { contextTokens: 512, runs: 2 }, never);
  assert.equal(contextTokens, 84);
  assert.deepEqual(
    rows.map(({ nodes }) => nodes),
    [1, 2, 3, 4, 6, 8, 12],
  );
  assert.equal(engine.decodes, 3 * 7 * 2, "each behind one of its like");
  assert.equal(engine.context.length, 84);
});

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

test("a sample is spread evenly and never larger than what there is", () => {
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

test("a suite's problems become prompts, a missing folder a sentence", () => {
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

test("replay takes code files of some length and leaves tests out", () => {
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

test("workspace has several places in each file, which say where the file is", () => {
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

test("the largest package that is a project is found, tables and trifles are not", () => {
  const library = join(folder, "library");
  const make = (name: string, files: number, bytes: number) => {
    mkdirSync(join(library, name), { recursive: true });
    writeFileSync(join(library, name, "__init__.py"), "");
    for (let i = 0; i < files; i++) writeFileSync(join(library, name, `m${i}.py`), "#".repeat(bytes));
  };
  make("small", 15, 10);
  make("few", 14, 1000);
  make("many", 201, 1000);
  make("encodings", 30, 1000);
  assert.equal(largestPackage(library), join(library, "small"));
  make("large", 20, 10);
  assert.equal(largestPackage(library), join(library, "large"));
  assert.throws(() => largestPackage(join(library, "large")), /needs --corpus FOLDER/);
});

const item = (script?: Int32Array): Item => ({
  id: "item",
  uri: "item",
  prompt: {
    tokens: vocabulary.tokenize("a,b;a,b;a,b;"),
    history: vocabulary.tokenize("a,b;a,b;a,b;"),
    after: new Int32Array(0),
  },
  maxTokens: script?.length ?? 24,
  script,
});

test("a replayed script is what is generated, whatever the model and the tree", async () => {
  const script = vocabulary.tokenize("abcdabcdabxyabcdabcd");
  for (const treeNodes of [1, 4, 16]) {
    const engine = new ReplayEngine(new FakeEngine(chaotic));
    const method = engineMethod(treeNodes === 1 ? "plain" : "foretoken", engine, { treeNodes });
    for (const fresh of [true, false]) {
      const run = await method.run(item(script), fresh ? 0 : 1, never);
      assert.equal(run.draftMs.length, run.decodes);
      assert.deepEqual(run.tokens, [...script]);
      if (treeNodes > 1) assert.ok(run.decodes < script.length && run.nodes > run.decodes);
      else assert.deepEqual([run.decodes, run.nodes], [script.length, script.length]);
      assert.equal(run.prefill !== undefined, fresh);
    }
  }
});

test("after a script's path the next token is the most likely, and the rest is the model's own", async () => {
  const model = new FakeEngine(() => 97);
  model.distribution = () => [
    [97, 5],
    [98, 4],
    [99, 3],
  ];
  const engine = new ReplayEngine(model);
  engine.play(Int32Array.of(99, 98, 120));
  // The root 1, below it 99 (as the script has it) and 97 (not so), below 99 the script's 98.
  const tree = { count: 4, tokens: Int32Array.of(1, 99, 97, 98), parents: Int32Array.of(-1, 0, 0, 1) };
  const outcome = await engine.decode(tree, never);
  assert.ok(outcome.kind === "decoded");
  const { decoded } = outcome;
  const row = new Float32Array(vocabulary.size);
  const [ids, logits] = [new Int32Array(3), new Float32Array(3)];
  const expected: [node: number, likeliest: number[]][] = [
    [0, [99, 97, 98]],
    [1, [98, 97, 99]],
    [2, [97, 98, 99]],
    [3, [120, 97, 98]],
  ];
  for (const [node, likeliest] of expected) {
    assert.equal(decoded.argmax(node), likeliest[0]);
    assert.equal(decoded.top(node, 3, ids, logits), 3);
    assert.deepEqual([...ids], likeliest);
    decoded.logits(node, row);
    assert.deepEqual(
      [...logits],
      likeliest.map(id => row[id]),
    );
    assert.ok(logits[0]! > logits[1]! && logits[1]! > logits[2]!);
  }
});

test("what a published method keeps, it keeps from item to item of a run, and says no more than is asked", async () => {
  const engine = new FakeEngine(saying("abcd".repeat(20)));
  const tokens = vocabulary.tokenize("abcd".repeat(6));
  const begun: number[][] = [];
  const preset: Preset = {
    name: "pld",
    nodes: 11,
    begin: () => {
      const lengths: number[] = [];
      begun.push(lengths);
      return history => {
        lengths.push(history.length);
        return pld.begin()(history);
      };
    },
  };
  let prepared = 0;
  const prepare = () => {
    prepared++;
  };
  const methods = [
    engineMethod("plain", engine, { treeNodes: 1 }),
    engineMethod("pld", engine, { treeNodes: preset.nodes, preset, prepare }),
  ];
  const short = { ...item(), prompt: { tokens, history: tokens, after: new Int32Array(0) }, maxTokens: 7 };
  const items = [short, short];
  const records = await runSuite({ items, methods, runs: 2, progress: () => {} }, never);
  assert.deepEqual(begun, [[24], [24, 24], [24, 24]], "one to warm up, and each run its own");
  assert.equal(prepared, 5);
  for (const { tokens, decodes } of records.get("pld")!.flat()) {
    assert.equal(tokens.length, 7);
    assert.equal(decodes, 1, "a tree may be deeper than what is left");
  }
  const [, result] = summarise(records, items, token => token === END);
  assert.equal(result!.exact, true);
});

test("every method runs on every item as often as asked, and drafts are found exact", async () => {
  const engine = new FakeEngine(saying("a,b;a,b;a,b;a,b;"));
  const methods = [
    engineMethod("plain", engine, { treeNodes: 1 }),
    engineMethod("foretoken", engine, { treeNodes: 8 }),
  ];
  const items = [item(), item()];
  const records = await runSuite({ items, methods, runs: 3, progress: () => {} }, never);
  for (const runs of records.values())
    assert.deepEqual(
      runs.map(ofItem => ofItem.length),
      [3, 3],
    );
  const results = summarise(records, items, token => token === END);
  assert.deepEqual(
    results.map(({ method, exact }) => [method, exact]),
    [
      ["plain", true],
      ["foretoken", true],
    ],
  );
  assert.equal(results[0]!.meanAccepted, 1);
  assert.ok(results[1]!.meanAccepted > 1.5);
  assert.match(suiteTable({ suite: "single", methods: results }), /foretoken .* yes/);
});

const run = (tokens: number[], decodeMs: number, decodes = tokens.length, nodes = decodes): MethodRun => ({
  tokens,
  decodeMs,
  decodes,
  nodes,
  draftMs: tokens.map((_, i) => i),
  prefill: undefined,
});

test("ratios are of paired runs, means of all decodes, exactness of all outputs", () => {
  const records: Records = new Map([
    [
      "plain",
      [
        [run([1, 2, 3, 4], 40), run([1, 2, 3, 4], 80)],
        [run([5, 6], 20), run([5, 6], 20)],
      ],
    ],
    [
      "foretoken",
      [
        [run([1, 2, 3, 4], 20, 2, 10), run([1, 2, 3, 4], 20, 2, 10)],
        [run([5, 6], 40, 1, 4), run([5, 6], 20, 1, 4)],
      ],
    ],
    [
      "lookup",
      [
        [run([1, 2, 9, 4], 40), run([1, 2, 3, 4], 80)],
        [run([5, 6], 20), run([5, 6], 20)],
      ],
    ],
    [
      "llama-server",
      [
        [run([1, 2, 3], 40), run([1, 2, 3], 80)],
        [run([5, 6], 20), run([5, 6], 20)],
      ],
    ],
  ]);
  const items = [item(), { ...item(), id: "second" }];
  const [plain, foretoken, lookup, server] = summarise(records, items, token => token === 4);
  assert.deepEqual(plain!.ratioToPlain, { median: 1, min: 1, max: 1 });
  assert.equal(plain!.tokensPerSecond, 75);
  assert.deepEqual(foretoken!.ratioToPlain, { median: 1.5, min: 0.5, max: 4 });
  assert.deepEqual(foretoken!.extra.suiteRatioToPlain, { median: 1.75, min: 1, max: 2.5 });
  assert.equal(foretoken!.meanAccepted, 2);
  assert.equal(foretoken!.draftMs, 1, "the middle of 0, 1, 2, 3 twice and 0, 1 twice");
  assert.equal(foretoken!.meanTreeSize, 4.67);
  assert.deepEqual([foretoken!.exact, lookup!.exact], [true, false]);
  assert.equal(lookup!.extra.firstDifference, "item, token 2: 9 against 3");
  assert.equal(server!.exact, true, "the token that ends the text may be left out");
});

test("a report says how much of a store was taken", () => {
  assert.equal(storeLine({ tokens: 90, restTokens: null, samTokens: null }), "store of 90 tokens");
  assert.equal(
    storeLine({ tokens: 90, restTokens: 90, samTokens: 40 }),
    "store of 90 tokens, of which rest has 90, sam and sam+recycling 40",
  );
});

test("llama-server is asked for the same tokens and its own times are taken", async () => {
  let asked: { prompt: number[]; n_predict: number; cache_prompt: boolean } | undefined;
  const http = createServer((request, response) => {
    let body = "";
    request.on("data", chunk => {
      body += chunk;
    });
    request.on("end", () => {
      asked = JSON.parse(body);
      response.end(
        JSON.stringify({
          tokens: [7, 8, 9],
          timings: {
            prompt_n: 12,
            prompt_ms: 6,
            predicted_n: 3,
            predicted_ms: 30,
            draft_n: 4,
            draft_n_accepted: 1,
          },
        }),
      );
    });
  });
  await new Promise<void>(resolve => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  try {
    const answer = await serverMethod(`http://127.0.0.1:${port}`).run(item(), 0, never);
    assert.deepEqual(asked?.prompt, [...item().prompt.tokens]);
    assert.equal(asked?.n_predict, 24);
    assert.equal(asked?.cache_prompt, false);
    const prefill = { tokens: 12, ms: 6 };
    assert.deepEqual(answer, {
      tokens: [7, 8, 9],
      decodeMs: 30,
      decodes: 2,
      nodes: 6,
      draftMs: [],
      prefill,
    });
  } finally {
    http.close();
    http.closeAllConnections();
  }
  await assert.rejects(serverMethod(`http://127.0.0.1:${port}`).run(item(), 0, never), /does not answer/);
});
