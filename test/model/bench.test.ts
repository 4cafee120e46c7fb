import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { PRIOR_WEIGHTS } from "../../server/draft/prior.ts";
import { openBaseline } from "../../server/engine/lookupBaseline.ts";
import { packageRoot } from "../../server/system/paths.ts";
import { UsageError } from "../../server/system/usage.ts";
import { bench } from "../bench/main.ts";
import { fixtureModelPath } from "../fixtures/model.ts";
import { load, writeModel } from "./loaded.ts";

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

const TEXT =
  "def add(first, second):\n    return first + second\n\ndef subtract(first, second):\n    return ";

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

test("bench device prints each finding on a line of its own", async () => {
  const { code, out, err } = await foretoken(
    ...["device", "--backend", "cpu", "--contexts", "60", "--runs", "1", "--sizes", "1,2,9"],
    ...["--chunks", "64", "--threads", "1", "--json"],
  );
  assert.equal(code, 0, err);
  const findings = out
    .trim()
    .split("\n")
    .map(line => JSON.parse(line));
  assert.deepEqual(
    findings.map(({ kind }) => kind),
    ["loaded", "cost", "rows", "rows", "prefill"],
  );
  const [loaded, cost, chain, tree, prefill] = findings;
  assert.equal(loaded.hardware.backend, "cpu");
  assert.equal(loaded.hardware.graphicsCard, undefined);
  assert.equal(loaded.fileBytes, statSync(fixtureModelPath()).size);
  assert.deepEqual(
    cost.rows.map(({ nodes }: { nodes: number }) => nodes),
    [1, 2, 9],
  );
  for (const { sizes } of [chain, tree])
    for (const { rows, equal } of sizes) assert.equal(equal, rows, "Q8_0 on the processor is exact");
  assert.equal(tree.sizes.at(-1).rows, 9);
  assert.ok(prefill.tokensPerSecond.min > 0 && prefill.firstTokenMs.min > 0);
});

test("bench decode replays real code, and drafts do not change its tokens", async () => {
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

/** A folder of repetitive code, and a store built from it. */
async function storeOfFunctions(): Promise<{ source: string; datastore: string }> {
  const source = mkdtempSync(join(folder, "source-"));
  for (let file = 0; file < 8; file++) {
    const lines = (i: number) =>
      `def take_${i % 9}(values, index=${file}):\n    return values[index + ${i % 4}]\n`;
    writeFileSync(
      join(source, `part_${file}.py`),
      Array.from({ length: 150 }, (_, i) => lines(i)).join("\n"),
    );
  }
  const datastore = mkdtempSync(join(folder, "store-"));
  const built = await runCli("datastore", "build", "--source", source, "--out", datastore);
  assert.equal(built.code, 0, built.err);
  return { source, datastore };
}

test("bench decode runs every published method on a suite of each kind and reports its results", async () => {
  const { source, datastore } = await storeOfFunctions();
  const published = [
    "pld",
    "rest",
    "sam",
    "sam+recycling",
    "sam+recycling+suffix",
    "recycling",
    "recycling+prompt",
    "pia",
    "pia+suffix",
    "lookahead",
    "suffix-decoding",
    "goose",
    "racer",
    "racer-sglang",
    "speculative",
    "ouroboros",
  ];
  const options = ["--suite", "replay,workspace", "--corpus", source, "--items", "2", "--max-tokens", "24"];
  const own = ["plain", "foretoken", "draft-model"];
  const methods = ["--methods", [...own, ...published].join(), "--runs", "1", "--datastore", datastore];
  methods.push("--draft-model", fixtureModelPath());
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
    assert.deepEqual([...found.keys()], [...own, ...published]);
    for (const [method, { draftMs, meanAccepted, meanTreeSize, tokensPerSecond }] of found) {
      const row = `${suite.suite}, ${method}: ${draftMs} ${meanAccepted} ${meanTreeSize}`;
      assert.ok(draftMs! > 0 && tokensPerSecond! > 0, row);
      // A draft model drafts nothing where it is not sure.
      const drafts = method === "speculative" ? 1 : 2;
      if (published.includes(method)) assert.ok(meanAccepted! > 1 && meanTreeSize! > drafts, row);
    }
    for (const method of [...own, "pld", "sam", "sam+recycling", "lookahead", "speculative"])
      assert.equal((found.get(method) as { exact?: unknown })?.exact, true, method);
  }
});

test("bench sources measures the tree without each of its sources, and the text does not change", async () => {
  const { source, datastore } = await storeOfFunctions();
  const options = ["--suite", "replay", "--corpus", source, "--items", "1", "--max-tokens", "12"];
  const report = await json("sources", ...options, "--runs", "2", "--datastore", datastore);
  const [{ methods }] = report.suites;
  assert.deepEqual(
    methods.map(({ method }: { method: string }) => method),
    [
      "plain",
      "datastore",
      "no-document",
      "no-ahead",
      "no-recent",
      "no-workspace",
      "no-datastore",
      "no-recycling",
    ],
  );
  for (const { method, exact } of methods) assert.equal(exact, true, method);
});

test("bench search finds the same with the compiled search as with the port, or reports a missing compiler", async () => {
  const { source, datastore } = await storeOfFunctions();
  const { code, out, err } = await foretoken(
    ...["search", "--datastore", datastore, "--corpus", source, "--queries", "120", "--json"],
  );
  if (code !== 0) return assert.match(err, /found no C\+\+ compiler/);
  const { times, differences, contexts } = JSON.parse(out);
  assert.deepEqual([differences, contexts, times.length], [0, 120, 4]);
});

test("bench trace writes what methods draft, with the tokens that each step decides", async () => {
  const out = join(folder, "trace.json");
  const { code, err } = await foretoken("trace", "--methods", "pld,goose", "--out", out);
  assert.equal(code, 0, err);
  const { said, runs } = JSON.parse(readFileSync(out, "utf8"));
  for (const { method, steps } of runs)
    assert.deepEqual(
      steps.flatMap(({ decided }: { decided: number[] }) => decided),
      said,
      method,
    );
});

test("a model with another vocabulary is refused as a draft model, with the remedy", async () => {
  const other = join(folder, "other.gguf");
  writeModel(other, { shape: "tiny" });
  const args = ["--suite", "replay", "--items", "1", "--threads", "1", "--draft-model", other];
  const { code, err } = await foretoken("decode", ...args);
  rmSync(other);
  assert.equal(code, 1);
  assert.match(
    err,
    /other\.gguf has a different vocabulary from .*Name a smaller model of the same family, .*, with --draft-model, or leave it out/,
  );
});

test("node-llama-cpp's evaluation repeats its tokens, with and without its lookup, which adds no decodes", async () => {
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

test("bench refuses wrong arguments with the reason", async () => {
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
    [["decode", "--suite", "replay", "--methods", "speculative"], /speculative needs --draft-model PATH/],
    [["decode", "--suite", "replay", "--methods", "ouroboros"], /ouroboros needs --draft-model PATH/],
    [["decode", "--suite", "replay", "--methods", "sam+suffix"], /sam\+suffix needs --datastore FOLDER/],
    [["sources", "--methods", "pld"], /takes no --methods/],
    [["cost", "--backend", "gpu"], /--backend must be auto, cpu, cuda, vulkan or metal, got gpu/],
    [["device", "--chunks", "64,100"], /--chunks takes 64, 128, 256, got 64,100/],
    [["search"], /bench search needs --datastore FOLDER/],
    [["trace"], /bench trace needs --out FILE/],
    [["trace", "--methods", "rest", "--out", "x"], /--methods takes pld/],
    [["decode", "--suite", "replay", "--draft-probability", "2"], /--draft-probability must be a number/],
    [["compare", "--suite", "replay", "--draft-tokens", "0"], /--draft-tokens must be a whole number/],
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

test("bench retrieval and bench build measure a corpus and agree with the methods they are compared with", async () => {
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

test("bench calibration reports how reliable probabilities are, on real code and on the model's own text", async () => {
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
  assert.equal(reported.fitted.weights.length, PRIOR_WEIGHTS.length);
  const own = await foretoken("calibration", "--corpus", corpus, "--own", "--places", "1");
  assert.match(own.out, /\nrecycling +\d+ +0\.\d+/);
  const nothing = await foretoken("calibration", "--corpus", join(corpus, "one"));
  assert.match(nothing.err, /no projects of three Python files/);
});
