/** Long prompts on a processor: computed in a context of their own, and copied with keys in Q8_0. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { LlamaEngine } from "../../server/engine/llama.ts";
import { loadEngine } from "../../server/engine/load.ts";
import { packageRoot } from "../../server/system/paths.ts";
import { below, seeded } from "../fakes/random.ts";
import { cpuOptions, load, logitsAfter, never } from "./loaded.ts";

let engine: LlamaEngine;
before(async () => {
  engine = await load({ reuse: "auto" });
});
after(() => engine.dispose());

const LONG = 700;
/** A prompt of this many tokens is computed in the engine's own context, and this many known tokens keep the rest there. */
const SHORT = 180;
/** Logits that differ by less are those of the same prompt, whose keys were rounded at another time. */
const LARGEST_DIFFERENCE = 1;
/** Tokens that may continue a text. */
const [ONE, OTHER] = [300, 400];

/** A part of real code. */
function someTokens(part: number): Int32Array {
  const text = readFileSync(join(packageRoot(), "server/engine/llama.ts"), "utf8");
  return engine.vocabulary.tokenize(text).slice(part * 100, part * 100 + LONG);
}

const farthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, logit, i) => Math.max(most, Math.abs(logit - (b[i] as number))), 0);

test("a long prompt computed whole predicts nearly the same as one computed in parts", async () => {
  for (const seed of [1, 2, 3]) {
    const tokens = someTokens(seed);
    engine.forget();
    const whole = await engine.prefill(tokens, never);
    assert.deepEqual(whole, { kind: "prefilled", reused: 0, computed: LONG });
    const apart = await logitsAfter(engine, ONE);
    engine.forget();
    await engine.prefill(tokens.subarray(0, SHORT), never);
    await engine.prefill(tokens, never);
    const inParts = await logitsAfter(engine, ONE);
    const difference = farthest(apart, inParts);
    assert.ok(difference < LARGEST_DIFFERENCE, `logits differ by ${difference}`);
    assert.ok(difference > 0, "the two were not computed in the same way");
    const other = farthest(inParts, await logitsAfter(engine, OTHER));
    assert.ok(
      other > 2 * LARGEST_DIFFERENCE,
      `another token would have been noticed, which differs by ${other}`,
    );
  }
});

test("a prompt that extends a long one computes only its new tokens, and a tree after it is exact", async () => {
  const tokens = someTokens(4);
  engine.forget();
  await engine.prefill(tokens.subarray(0, -2), never);
  const next = await engine.prefill(tokens, never);
  assert.deepEqual(next, { kind: "prefilled", reused: LONG - 2, computed: 2 });
  const outcome = await engine.decode(
    { count: 2, tokens: Int32Array.of(ONE, OTHER), parents: Int32Array.of(-1, 0) },
    never,
  );
  assert.ok(outcome.kind === "decoded");
  const row = new Float32Array(engine.vocabulary.size);
  outcome.decoded.logits(0, row);
  engine.accept([]);
  assert.deepEqual(row, await logitsAfter(engine, ONE));
});

/** Aborts a prompt at its third chunk. */
async function abortedPrefill(tokens: Int32Array) {
  const controller = new AbortController();
  const { decoder } = engine;
  const { run } = decoder;
  let chunks = 0;
  decoder.run = (signal, apart) => {
    if (++chunks === 3) controller.abort();
    return run.call(decoder, signal, apart);
  };
  try {
    return await engine.prefill(tokens, controller.signal);
  } finally {
    decoder.run = run;
  }
}

test("the computed part of an aborted prompt is reused only if the next prompt has the same prefix", async () => {
  const tokens = someTokens(7);
  engine.forget();
  await engine.prefill(tokens, never);
  const expected = await logitsAfter(engine, ONE);
  for (const between of [[], [tokens.slice().reverse()]]) {
    engine.forget();
    assert.equal((await abortedPrefill(tokens)).kind, "aborted");
    for (const other of between) await engine.prefill(other, never);
    const outcome = await engine.prefill(tokens, never);
    assert.ok(outcome.kind === "prefilled");
    if (between.length === 0) assert.ok(outcome.reused >= 128 && outcome.reused < LONG, `${outcome.reused}`);
    else assert.equal(outcome.reused, 0);
    assert.deepEqual(await logitsAfter(engine, ONE), expected);
  }
});

test("an aborted prompt that is not continued is freed after a while", async t => {
  const tokens = someTokens(7);
  engine.forget();
  t.mock.timers.enable({ apis: ["setTimeout"] });
  await abortedPrefill(tokens);
  t.mock.timers.tick(10_000);
  t.mock.timers.reset();
  assert.deepEqual(await engine.prefill(tokens, never), { kind: "prefilled", reused: 0, computed: LONG });
});

test("a long insertion in a known prompt is computed alone, and the parts around it are reused", async () => {
  const [head, tail] = [someTokens(2).subarray(0, 20), someTokens(12).subarray(0, 300)];
  const inserted = someTokens(1).subarray(0, 400);
  engine.forget();
  await engine.prefill(Int32Array.of(...head, ...tail), never);
  const outcome = await engine.prefill(Int32Array.of(...head, ...inserted, ...tail), never);
  assert.deepEqual(outcome, { kind: "prefilled", reused: 320, computed: 400 });
  await logitsAfter(engine, ONE);
});

test("prompts made of parts of each other are decoded, in whatever order the parts come", async () => {
  const random = seeded(7);
  const parts = Array.from({ length: 6 }, (_, part) => someTokens(part).subarray(0, 20 + below(random, 400)));
  engine.forget();
  for (let round = 0; round < 30; round++) {
    const chosen = parts.filter(() => below(random, 2) === 0);
    const at = below(random, 3);
    const prompt = Int32Array.from(
      [...chosen.slice(at), ...chosen.slice(0, at)].flatMap(part => [...part]).slice(0, 900),
    );
    if (prompt.length === 0) continue;
    const { kind } = await engine.prefill(prompt, never);
    assert.equal(kind, "prefilled", `round ${round}`);
    // Fails where the cells are not those of the prompt.
    await logitsAfter(engine, ONE);
  }
});

test("a model can be freed while a long prompt is computed", async () => {
  const other = await load({ reuse: "auto" });
  const filling = other.prefill(someTokens(9), never);
  await new Promise(resolve => setTimeout(resolve, 5));
  await other.dispose();
  assert.equal((await filling).kind, "aborted");
});

test("prompts are computed in the usual way if the quantised keys turn out wrong", async () => {
  const outcome = await loadEngine({ ...cpuOptions, reuse: "auto" });
  assert.ok("engine" in outcome);
  const { engine: wrong } = outcome;
  const { library } = (wrong as unknown as { native: { library: { quantise: unknown } } }).native;
  const { quantise } = library;
  const tokens = someTokens(1);
  try {
    // Reports the expected number of bytes, but writes none.
    library.quantise = (
      _type: number,
      _from: bigint,
      _to: bigint,
      _start: number,
      rows: number,
      values: number,
    ) => (rows * values * 34) / 32;
    await wrong.prefill(tokens, never);
  } finally {
    library.quantise = quantise;
  }
  const fallen = await logitsAfter(wrong, ONE);
  await wrong.dispose();
  engine.forget();
  await engine.prefill(tokens.subarray(0, SHORT), never);
  await engine.prefill(tokens, never);
  assert.ok(farthest(fallen, await logitsAfter(engine, ONE)) < LARGEST_DIFFERENCE);
});
