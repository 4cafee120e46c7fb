import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { generate } from "../../server/completion/generate.ts";
import type { Engine } from "../../server/engine/engine.ts";
import { openBaseline } from "../../server/engine/lookupBaseline.ts";
import { packageRoot } from "../../server/system/paths.ts";
import { UsageError } from "../../server/system/usage.ts";
import { bench } from "../bench/main.ts";
import { MODEL_TYPES, type ModelType, makeModel } from "../bench/makeModel.ts";
import { fixtureModelPath } from "../fixtures/model.ts";
import { load, never } from "./loaded.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-bench-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function runCli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    const env = { ...process.env, XDG_CACHE_HOME: folder, FORETOKEN_MODEL: fixtureModelPath() };
    const command = [join(packageRoot(), "dist", "cli.js"), ...args];
    execFile(process.execPath, command, { env, maxBuffer: 1 << 24 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

const foretoken = (...args: string[]) => runCli("bench", ...args);

/** Runs on one thread: two wait for each other when something else runs beside the tests. */
async function json(...args: string[]) {
  const { code, out, err } = await foretoken(...args, "--threads", "1", "--json");
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

/** Uses a random-weight model and removes its file. */
async function withModel<T>(shape: string, type: ModelType, use: (engine: Engine) => Promise<T>): Promise<T> {
  const modelPath = join(folder, `${shape}.${type}.gguf`);
  makeModel({ shape, type, seed: 3, tokenizerPath: fixtureModelPath() }, modelPath);
  const engine = await load({ modelPath, contextTokens: 512, threads: 1 });
  try {
    return await use(engine);
  } finally {
    await engine.dispose();
    rmSync(modelPath);
  }
}

async function logitsAfter(engine: Engine, text: string): Promise<Float32Array> {
  const tokens = engine.vocabulary.tokenize(text);
  await engine.prefill(tokens.subarray(0, -1), never);
  const tree = { count: 1, tokens: tokens.slice(-1), parents: Int32Array.of(-1) };
  const outcome = await engine.decode(tree, never);
  assert.ok(outcome.kind === "decoded");
  const row = new Float32Array(engine.vocabulary.size);
  outcome.decoded.logits(0, row);
  engine.accept([]);
  return row;
}

async function said(engine: Engine, text: string, treeNodes: number, maxTokens = 24): Promise<number[]> {
  const tokens = engine.vocabulary.tokenize(text);
  const steps = generate(
    engine,
    { tokens, history: tokens, after: new Int32Array(0) },
    { maxTokens, treeNodes },
    never,
  );
  const all: number[] = [];
  for (let next = await steps.next(); !next.done; next = await steps.next())
    if (next.value.kind === "step") all.push(...next.value.tokens);
  return all;
}

const TEXT =
  "def add(first, second):\n    return first + second\n\ndef subtract(first, second):\n    return ";

test("a random-weight model of each type loads, and its logits are finite and not all alike", async () => {
  for (const type of MODEL_TYPES)
    await withModel("tiny", type, async engine => {
      assert.equal(engine.info.architecture, "qwen2");
      assert.equal(engine.vocabulary.size, 151_936);
      assert.deepEqual(engine.info.notes, []);
      const row = await logitsAfter(engine, TEXT);
      assert.ok(row.every(Number.isFinite), type);
      const squares = row.reduce((sum, value) => sum + value * value, 0);
      const deviation = Math.sqrt(squares / row.length);
      assert.ok(deviation > 0.1 && deviation < 10, `${type}: ${deviation}`);
    });
});

test("a padded vocabulary reads text as the embedded model's does", async () => {
  const embedded = await load({ threads: 1 });
  const expected = embedded.vocabulary.tokenize(TEXT);
  await embedded.dispose();
  await withModel("tiny", "q8_0", async ({ vocabulary }) => {
    assert.deepEqual(vocabulary.tokenize(TEXT), expected);
    assert.ok(vocabulary.special.fillMiddle !== undefined);
  });
});

test("a recurrent model decodes plainly, says so, and says the same thing twice", async () => {
  await withModel("tiny-mamba", "q8_0", async engine => {
    assert.equal(engine.info.architecture, "mamba");
    assert.equal(engine.info.maxTreeNodes, 1);
    assert.match(engine.info.notes.join(), /drafts are off/);
    const first = await said(engine, TEXT, engine.info.maxTreeNodes);
    assert.equal(first.length, 24);
    await said(engine, "class Other:\n    pass\n", 1);
    assert.deepEqual(await said(engine, TEXT, 1), first);
  });
});

test("a sliding-window model loads with finite logits after more tokens than its window", async () => {
  await withModel("tiny-swa", "q8_0", async engine => {
    assert.equal(engine.info.architecture, "gemma3");
    const row = await logitsAfter(engine, TEXT.repeat(8));
    assert.ok(row.every(Number.isFinite));
  });
});

test("make-model writes a file that bench cost measures", async () => {
  const out = join(folder, "made.gguf");
  const made = await foretoken("make-model", "--shape", "tiny-swa", "--type", "q4_0", "--out", out);
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /tiny-swa in q4_0, random weights of seed 1/);
  assert.ok(existsSync(out) && statSync(out).size > 1 << 20);
  const [result] = await json("cost", "--model", out, "--context", "64", "--runs", "1");
  assert.equal(result.model.quantisation, "Q4_0");
  assert.equal(result.model.architecture, "gemma3");
});

test("bench cost reports the cost of each size of tree with its spread", async () => {
  const results = await json("cost", "--context", "200", "--runs", "3");
  assert.equal(results.length, 1);
  const [{ hardware, model, contextTokens, rows }] = results;
  assert.equal(hardware.threads, 1);
  assert.equal(model.quantisation, "Q8_0");
  assert.equal(contextTokens, 200);
  assert.deepEqual(
    rows.map((row: { nodes: number }) => row.nodes),
    [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 63],
  );
  for (const { ms, relative } of rows)
    for (const { median, min, max } of [ms, relative]) assert.ok(min > 0 && min <= median && median <= max);
});

test("bench decode replays real code, and drafts leave its tokens as they are", async () => {
  const report = await json(
    "decode",
    "--suite",
    "replay",
    "--items",
    "3",
    "--max-tokens",
    "32",
    "--runs",
    "2",
  );
  assert.deepEqual(Object.keys(report), ["hardware", "model", "store", "suites"]);
  const [{ suite, methods }] = report.suites;
  assert.equal(suite, "replay");
  assert.deepEqual(
    methods.map(({ method, exact }: { method: string; exact: boolean }) => [method, exact]),
    [
      ["plain", true],
      ["foretoken", true],
    ],
  );
  for (const result of methods) {
    assert.ok(result.tokensPerSecond > 0 && result.meanAccepted >= 1 && result.meanTreeSize >= 1);
    const { median, min, max } = result.ratioToPlain;
    assert.ok(min > 0 && min <= median && median <= max);
    assert.equal(result.extra.tokens, 3 * 32 * 2);
  }
  assert.equal(methods[0].meanAccepted, 1);
});

test("bench decode runs every published method, on a suite of each kind, and reports what became of it", async () => {
  const source = mkdtempSync(join(folder, "source-"));
  for (let file = 0; file < 8; file++) {
    const lines = (i: number) =>
      `def take_${i % 9}(values, index=${file}):\n    return values[index + ${i % 4}]\n`;
    writeFileSync(
      join(source, `part_${file}.py`),
      Array.from({ length: 150 }, (_, i) => lines(i)).join("\n"),
    );
  }
  const datastore = join(folder, "store");
  const built = await runCli("datastore", "build", "--source", source, "--out", datastore);
  assert.equal(built.code, 0, built.err);
  const published = ["pld", "rest", "sam", "sam+recycling", "recycling", "pia"];
  const options = ["--suite", "replay,workspace", "--corpus", source, "--items", "2", "--max-tokens", "24"];
  const methods = ["--methods", `foretoken,${published.join()}`, "--runs", "1", "--datastore", datastore];
  const report = await json("decode", ...options, ...methods);
  const { tokens, restTokens, samTokens } = report.store;
  assert.ok(
    tokens > 1000 && restTokens > 0.99 * tokens && samTokens > 0.99 * tokens,
    JSON.stringify(report.store),
  );
  for (const suite of report.suites) {
    const found = new Map<string, Record<string, number>>(
      suite.methods.map((result: { method: string }) => [result.method, result]),
    );
    assert.deepEqual([...found.keys()], ["plain", "foretoken", ...published]);
    for (const [method, { draftMs, meanAccepted, meanTreeSize, tokensPerSecond }] of found) {
      const row = `${suite.suite}, ${method}: ${draftMs} ${meanAccepted} ${meanTreeSize}`;
      assert.ok(draftMs! > 0 && tokensPerSecond! > 0, row);
      if (published.includes(method)) assert.ok(meanAccepted! > 1 && meanTreeSize! > 2, row);
    }
    for (const method of ["plain", "foretoken", "pld", "sam", "sam+recycling"])
      assert.equal((found.get(method) as { exact?: unknown })?.exact, true, method);
  }
});

test("node-llama-cpp's own evaluation says what it says with its lookup, in fewer decodes", async () => {
  const engine = await load({ threads: 1 });
  const baseline = await openBaseline(engine.info);
  try {
    const tokens = engine.vocabulary.tokenize(TEXT);
    const runs = [];
    for (const lookup of [false, true])
      for (const fresh of [true, false]) runs.push(await baseline.run(tokens, 24, { lookup, fresh }));
    const [plain, , lookup] = runs;
    for (const run of runs.slice(0, 2)) assert.equal(run.decodes, run.tokens.length);
    for (const run of runs.slice(2)) assert.ok(run.decodes <= run.tokens.length && run.drafted > 0);
    assert.deepEqual(runs[1]?.tokens, plain?.tokens);
    assert.deepEqual(runs[3]?.tokens, lookup?.tokens);
  } finally {
    await baseline.dispose();
    await engine.dispose();
  }
});

test("what bench is asked wrongly is answered with the reason", async () => {
  const cases: [args: string[], says: RegExp][] = [
    [[], /bench needs a command/],
    [["sort"], /bench has no command sort/],
    [["cost", "--threads", "many"], /--threads must be a whole number from 0, got many/],
    [["cost", "--context", "0"], /--context must be a whole number from 1, got 0/],
    [["cost", "--model", join(folder, "absent.gguf")], /There is no model at .*absent\.gguf/],
    [["decode"], /--suite takes humaneval/],
    [["decode", "--suite", "single"], /needs --problems/],
    [["decode", "--suite", "replay", "--corpus", join(folder, "absent")], /There is no .*absent/],
    [["decode", "--suite", "replay", "--methods", "magic"], /--methods takes plain/],
    [["decode", "--suite", "replay", "--methods", "llama-server"], /needs --llama-server URL/],
    [["decode", "--suite", "replay", "--methods", "plain,rest"], /method rest needs --datastore FOLDER/],
    [["decode", "--suite", "replay", "--methods", "sam+recycling"], /needs --datastore FOLDER/],
    [["decode", "--suite", "workspace", "--corpus", join(folder, "absent")], /There is no .*absent/],
    [["decode", "--suite", "replay", "--llama-server", "localhost"], /takes a URL/],
    [["decode", "--suite", "replay", "--runs", "0"], /--runs must be a whole number from 1/],
    [["make-model", "--shape", "3b", "--type", "q8_0", "--out", "x"], /--shape takes 0\.5b/],
    [["make-model", "--shape", "tiny", "--type", "q9", "--out", "x"], /--type takes q8_0/],
    [["make-model", "--shape", "tiny", "--type", "q8_0"], /needs --out FILE/],
    [
      ["make-model", "--shape", "tiny", "--type", "q8_0", "--out", join(folder, "no", "x")],
      /could not be written/,
    ],
  ];
  for (const [args, says] of cases)
    await assert.rejects(bench(args), (error: Error) => {
      assert.ok(error instanceof UsageError, error.stack);
      assert.match(error.message, says);
      return true;
    });
  const { code, out, err } = await foretoken("decode", "--suite", "single");
  assert.equal(code, 1);
  assert.equal(out, "");
  assert.match(err, /^foretoken: The suite single needs --problems/);
  assert.doesNotMatch(err, /\n {4}at /, "no stack trace");
});

test("bench retrieval and bench build measure a corpus and agree with what they stand beside", async () => {
  const corpus = mkdtempSync(join(folder, "corpus-"));
  const line = (seed: number) => `def f${seed % 97}(a, b):\n    return a + ${seed % 31} * b\n`;
  for (let file = 0; file < 130; file++)
    writeFileSync(
      join(corpus, `m${file}.py`),
      Array.from({ length: 900 }, (_, i) => line(i * (file + 3))).join("\n"),
    );
  const sizes = ["--sizes", "200000", "--queries", "50", "--json"];
  const retrieval = await foretoken("retrieval", "--source", corpus, ...sizes);
  const [row] = JSON.parse(retrieval.out || retrieval.err).rows;
  assert.ok(row.bytesPerToken < 9, JSON.stringify(row));
  assert.equal(row.disagreements, 0);
  const build = JSON.parse((await foretoken("build", "--source", corpus, "--blocks", "1")).out);
  assert.equal(build.sameTokens, true);
  assert.ok(build.ratio.median > 0);
});

test("bench calibration reports how far chances can be trusted, of real code and of the model's own", async () => {
  const corpus = mkdtempSync(join(folder, "projects-"));
  for (const project of ["one", "two"]) {
    mkdirSync(join(corpus, project));
    for (let file = 0; file < 4; file++)
      writeFileSync(
        join(corpus, project, `m${file}.py`),
        Array.from(
          { length: 60 },
          (_, i) =>
            `def handle_${i % 7}(request, response):\n    return response.send(request.id + ${i % 5})\n`,
        ).join("\n"),
      );
  }
  const reported = JSON.parse((await foretoken("calibration", "--corpus", corpus, "--fit", "--json")).out);
  assert.ok(reported.tokens > 100 && reported.speedup > 1);
  const document = reported.sources.find(({ source }: { source: string }) => source === "document");
  assert.ok(document.offers > 50 && document.expectedError < 0.2, JSON.stringify(document));
  assert.equal(reported.fitted.weights.length, 79);
  const own = await foretoken("calibration", "--corpus", corpus, "--own", "--places", "1");
  assert.match(own.out, /\nrecycling +\d+ +0\.\d+/);
  const nothing = await foretoken("calibration", "--corpus", join(corpus, "one"));
  assert.match(nothing.err, /no projects of three Python files/);
});
