import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Decoded } from "../../server/engine/engine.ts";
import type { Exactness } from "../../server/engine/exactness.ts";
import type { LlamaEngine } from "../../server/engine/llama.ts";
import { EXACT_ROWS } from "../../server/engine/treeLimits.ts";
import { newProgress, tune } from "../../server/engine/tune.ts";
import { readTuning, writeTuning } from "../../server/model/tuningStore.ts";
import { below, seeded } from "../fakes/random.ts";
import { load, logitsAfter, never, writeModel } from "./loaded.ts";
import { FILE_TYPES, type FileType, quantised } from "./quantised.ts";

const models = quantised();
const folder = mkdtempSync(join(tmpdir(), "foretoken-tune-"));
after(() => {
  models.dispose();
  rmSync(folder, { recursive: true, force: true });
});

interface Trial {
  readonly name: string;
  readonly parents: number[];
  /** Sibling tokens may be equal in a tree from a faulty source. */
  readonly tokens: number[];
}

/** Trees that a drafter is unlikely to make. */
function adversarial(size: number, random: () => number): Trial[] {
  const tokens = Array.from({ length: size }, () => below(random, 8000));
  const parents = (parent: (node: number) => number) =>
    tokens.map((_, node) => (node === 0 ? -1 : parent(node)));
  return [
    { name: "a chain of the largest depth", tokens, parents: parents(node => node - 1) },
    { name: "a star", tokens: tokens.slice(0, 32), parents: parents(() => 0).slice(0, 32) },
    {
      name: "equal siblings",
      tokens: tokens.slice(0, 30).map((token, i) => (i % 3 ? 77 : token)),
      parents: parents(node => (node - 1) >> 1).slice(0, 30),
    },
    { name: "a random tree", tokens, parents: parents(node => Math.max(0, node - 1 - below(random, 3))) },
  ];
}

async function decode(
  engine: LlamaEngine,
  { tokens, parents }: Pick<Trial, "tokens" | "parents">,
): Promise<Decoded> {
  const tree = { count: tokens.length, tokens: Int32Array.from(tokens), parents: Int32Array.from(parents) };
  const outcome = await engine.decode(tree, never);
  assert.equal(outcome.kind, "decoded", JSON.stringify(outcome));
  return (outcome as { decoded: Decoded }).decoded;
}

function logits(engine: LlamaEngine, decoded: Decoded, node: number): Float32Array {
  const row = new Float32Array(engine.vocabulary.size);
  decoded.logits(node, row);
  return row;
}

const sameBits = (a: Float32Array, b: Float32Array) => a.every((value, i) => Object.is(value, b[i]));

/** Reported when a comparison fails: how far apart the rows are, and how sure the model was. */
function difference(a: Float32Array, b: Float32Array): string {
  const most = a.reduce((max, value, i) => Math.max(max, Math.abs(value - (b[i] as number))), 0);
  const [first, second] = [...a].sort((x, y) => y - x);
  return `largest difference ${most}, margin of the choice ${(first as number) - (second as number)}`;
}

/** Compares trees with single steps bit for bit, after contexts of these lengths. */
async function assertTreesEqualSteps(engine: LlamaEngine, contexts: readonly number[], random: () => number) {
  for (const contextTokens of contexts) {
    const context = Int32Array.from({ length: contextTokens }, () => below(random, 8000));
    await engine.prefill(context, never);
    for (const trial of adversarial(engine.room(), random)) {
      const decoded = await decode(engine, trial);
      const rows = trial.tokens.map((_, node) => logits(engine, decoded, node));
      engine.accept([]);
      for (const leaf of [trial.tokens.length - 1, trial.tokens.length >> 1]) {
        const path: number[] = [];
        for (let at = leaf; at >= 0; at = trial.parents[at] as number) path.unshift(at);
        await engine.prefill(context, never);
        for (const node of path) {
          const single = logits(
            engine,
            await decode(engine, { tokens: [trial.tokens[node] as number], parents: [-1] }),
            0,
          );
          engine.accept([0]);
          const row = rows[node] as Float32Array;
          const where = `${trial.name}, node ${node}, ${engine.info.threads} threads, ${contextTokens} tokens`;
          assert.ok(sameBits(row, single), `${where}: ${difference(single, row)}`);
        }
      }
      await engine.prefill(context, never);
    }
  }
}

const choosing = (threads: number, exactness: Exactness = "auto") => ({
  threadChoices: [threads],
  exactness,
});

for (const type of Object.keys(FILE_TYPES) as FileType[]) {
  test(`${type}: trees of any shape equal single steps bit for bit, with 1 and 2 threads, in short and long contexts`, async () => {
    for (const [threads, exactness] of [
      [1, "auto"],
      [2, "auto"],
      [2, "bitwise"],
    ] as const) {
      const engine = await load({ modelPath: models.path(type), threads });
      const tuning = await tune(engine, choosing(threads, exactness), never);
      assert.ok(tuning);
      if (exactness === "auto" && tuning.rowPadding > 1)
        assert.ok(tuning.exactRows > 1, "padding that brings nothing is not paid for");
      if (exactness === "bitwise")
        assert.equal(tuning.exactRows, EXACT_ROWS, "padding makes all trees exact");
      await assertTreesEqualSteps(engine, [90, 700], seeded(threads));
      await engine.dispose();
    }
  });
}

test("trees equal single steps after more tokens than a sliding window holds", async () => {
  const modelPath = join(folder, "window.gguf");
  writeModel(modelPath, { shape: "tiny-swa" });
  const engine = await load({ modelPath, threads: 2 });
  assert.ok(await tune(engine, choosing(2), never));
  await assertTreesEqualSteps(engine, [40, 300], seeded(31));
  await engine.dispose();
});

test("an accepted path off the principal chain does not change later logits", async () => {
  const engine = await load();
  const random = seeded(8);
  const context = Int32Array.from({ length: 530 }, () => below(random, 8000));
  const tokens = Array.from({ length: 15 }, () => below(random, 8000));
  const parents = tokens.map((_, node) => (node === 0 ? -1 : (node - 1) >> 1));
  for (const path of [
    [0, 2, 6, 14],
    [0, 1, 4],
    [0, 2],
    [0, 1, 3, 7],
  ]) {
    await engine.prefill(context, never);
    await decode(engine, { tokens, parents });
    engine.accept(path);
    await decode(engine, { tokens, parents });
    engine.accept([0, 2]);
    const after = logits(engine, await decode(engine, { tokens: [5], parents: [-1] }), 0);
    engine.accept([]);
    await engine.prefill(context, never);
    let single: Float32Array = new Float32Array(0);
    for (const token of [
      ...path.map(node => tokens[node] as number),
      tokens[0] as number,
      tokens[2] as number,
      5,
    ]) {
      single = logits(engine, await decode(engine, { tokens: [token], parents: [-1] }), 0);
      engine.accept([0]);
    }
    assert.ok(
      after.every((value, i) => Object.is(value, single[i])),
      `${path}: ${difference(single, after)}`,
    );
  }
  await engine.dispose();
});

test("a tuning is saved and read again; a damaged one, or one for other settings, is not", async () => {
  const engine = await load();
  const tuning = await tune(engine, { threadChoices: [1, 2], exactness: "auto" }, never);
  assert.ok(tuning && [1, 2].includes(tuning.threads));
  const conditions = { stamp: "1 2", threads: 0, exactness: "auto" } as const;
  assert.equal(readTuning(folder, engine.info, conditions), undefined);
  writeTuning(folder, engine.info, conditions, tuning);
  assert.deepEqual(readTuning(folder, engine.info, conditions), tuning);
  assert.equal(readTuning(folder, engine.info, { ...conditions, threads: 2 }), undefined);
  assert.equal(readTuning(folder, engine.info, { ...conditions, exactness: "bitwise" }), undefined);
  assert.equal(readTuning(folder, { ...engine.info, contextTokens: 512 }, conditions), undefined);
  assert.equal(readTuning(folder, { ...engine.info, keys: "f16" }, conditions), undefined);
  engine.configure(tuning);
  assert.ok(engine.cost(16) > engine.cost(1));
  const [file] = readdirSync(join(folder, "tuning"));
  writeFileSync(join(folder, "tuning", file as string), '{"tuning":{"rowPadding":3}}');
  assert.equal(readTuning(folder, engine.info, conditions), undefined);
  await engine.dispose();
});

test("a tuning for another graphics device, memory size or number of offloaded layers is not used", async () => {
  const engine = await load();
  const conditions = { stamp: "1 2", threads: 0, exactness: "auto" } as const;
  const { configuration } = engine;
  const tuning = { ...configuration, costs: { ms: [], slowdown: [] } };
  const card = {
    ...engine.info,
    backend: "vulkan",
    graphicsDevice: "A",
    graphicsBytes: 8e9,
    graphicsLayers: -1,
  };
  writeTuning(folder, card, conditions, tuning);
  assert.deepEqual(readTuning(folder, card, conditions), tuning);
  for (const other of [{ graphicsDevice: "B" }, { graphicsBytes: 4e9 }, { graphicsLayers: 12 }])
    assert.equal(readTuning(folder, { ...card, ...other }, conditions), undefined);
  await engine.dispose();
});

test("the thread pool has as many threads as are configured", {
  skip: process.platform !== "linux",
}, async () => {
  const engine = await load();
  const before = engine.configuration;
  const threads = () => readdirSync("/proc/self/task").length;
  engine.configure({ ...before, threads: 2 });
  const two = threads();
  engine.configure({ ...before, threads: 5 });
  // The library pauses the threads of the previous pool, so they must exist until it has computed with the new pool.
  assert.equal(threads(), two + 4);
  assert.equal((await engine.prefill(Int32Array.of(1, 2, 3), never)).kind, "prefilled");
  assert.equal(threads(), two + 3);
  engine.configure({ ...before, threads: 2 });
  await logitsAfter(engine, 9);
  assert.equal(threads(), two);
  await engine.dispose();
});

test("an aborted tuning leaves the engine as it was", async () => {
  const engine = await load();
  const { configuration } = engine;
  const controller = new AbortController();
  const running = tune(engine, choosing(1), controller.signal);
  setTimeout(() => controller.abort(), 30);
  assert.equal(await running, undefined);
  assert.equal(engine.info.threads, 2);
  assert.deepEqual(engine.configuration, configuration);
  assert.equal((await engine.prefill(Int32Array.of(1, 2, 3), never)).kind, "prefilled");
  await engine.dispose();
});

test("a prompt computed before a tuning is not computed again after it, whether finished or aborted", async () => {
  const engine = await load();
  const prompt = Int32Array.from({ length: 300 }, (_, i) => (i * 53 + 11) % 8000);
  await engine.prefill(prompt, never);
  const next = { tokens: [9], parents: [-1] };
  const before = logits(engine, await decode(engine, next), 0);
  engine.accept([0]);
  const progress = newProgress();
  const controller = new AbortController();
  const { decode: decodeOnce } = engine;
  engine.decode = (tree, signal) => {
    controller.abort();
    return decodeOnce.call(engine, tree, signal);
  };
  assert.equal(await tune(engine, { ...choosing(1), progress }, controller.signal), undefined);
  engine.decode = decodeOnce;
  assert.ok(progress.context, "what the tuning has computed is kept for the next attempt");
  assert.deepEqual(await engine.prefill(prompt, never), { kind: "prefilled", reused: 300, computed: 0 });
  assert.ok(await tune(engine, { ...choosing(1), progress }, never));
  assert.equal(progress.context, undefined);
  assert.deepEqual(await engine.prefill(prompt, never), { kind: "prefilled", reused: 300, computed: 0 });
  assert.ok(sameBits(logits(engine, await decode(engine, next), 0), before));
  await engine.dispose();
});

test("an engine loaded for large trees decodes them, and equals others bit for bit for small trees", async () => {
  const engines = [
    await load({ threads: 1 }),
    await load({ threads: 1, trees: { rows: 128, branches: 96 } }),
  ];
  const large = engines[1] as LlamaEngine;
  assert.equal(large.info.maxTreeNodes, 128);
  const context = Int32Array.from({ length: 300 }, (_, i) => (i * 31) % 8000);
  const random = seeded(2);
  const trials = adversarial(60, random);
  const tunings = [];
  for (const engine of engines) {
    const { rowPadding, exactRows } = (await tune(engine, choosing(1), never)) ?? {};
    tunings.push({ rowPadding, exactRows });
  }
  assert.deepEqual(tunings[1], tunings[0]);
  large.limitRows(128);
  for (const trial of trials) {
    const [expected, actual] = await Promise.all(
      engines.map(async engine => {
        await engine.prefill(context, never);
        const decoded = await decode(engine, trial);
        const rows = trial.tokens.map((_, node) => logits(engine, decoded, node));
        engine.accept([]);
        return rows;
      }),
    );
    assert.ok(
      expected?.every((row, node) => sameBits(row, (actual as Float32Array[])[node] as Float32Array)),
    );
  }
  assert.equal(large.room(), 128);
  const tokens = Array.from({ length: 100 }, (_, i) => i + 50);
  const parents = tokens.map((_, node) => (node === 0 ? -1 : node <= 80 ? 0 : node - 80));
  const star = await decode(large, { tokens, parents });
  const [ids, values] = [new Int32Array(8), new Float32Array(8)];
  for (const node of [0, 40, 99]) {
    const row = logits(large, star, node);
    assert.equal(star.top(node, 8, ids, values), 8);
    assert.equal(ids[0], star.argmax(node));
    assert.deepEqual(
      [...values],
      [...ids].map(id => row[id]),
    );
    assert.deepEqual([...values], [...row].sort((a, b) => b - a).slice(0, 8));
  }
  large.accept([0, 7, 87]);
  assert.equal(large.room(), 126, "two accepted tokens are fed again");
  large.limitRows(63);
  assert.equal(large.room(), (large.configuration.rowPadding === 4 ? 60 : 63) - 2);
  for (const engine of engines) await engine.dispose();
});

test("a tuning that throws an error leaves the engine as it was", async () => {
  const engine = await load();
  const { configuration } = engine;
  const { decode } = engine;
  engine.decode = () => Promise.reject(new Error("the device is gone"));
  await assert.rejects(tune(engine, choosing(1), never), /the device is gone/);
  engine.decode = decode;
  assert.deepEqual(engine.configuration, configuration);
  await engine.dispose();
});

test("the tokens are the same with any number of threads, also when it changes between decodes", async () => {
  const texts: number[][] = [];
  for (const threads of [1, 2]) {
    const engine = await load({ threads });
    await engine.prefill(
      Int32Array.from({ length: 300 }, (_, i) => (i * 37) % 8000),
      never,
    );
    const tokens: number[] = [];
    for (let token = 11; tokens.length < 24; tokens.push(token)) {
      token = (await decode(engine, { tokens: [token], parents: [-1] })).argmax(0);
      engine.accept([0]);
      if (threads === 2) engine.configure({ ...engine.configuration, threads: 1 + (tokens.length % 2) });
    }
    texts.push(tokens);
    await engine.dispose();
  }
  assert.deepEqual(texts[0], texts[1]);
});
