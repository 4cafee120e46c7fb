/** Models of less common kinds: with recurrent state, learned positions, or keys rotated by the length of the context. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { LlamaEngine } from "../../server/engine/llama.ts";
import { loadBeside } from "../../server/engine/loadBeside.ts";
import { tune } from "../../server/engine/tune.ts";
import type { ModelPlan } from "../bench/makeModel.ts";
import { below, seeded } from "../fakes/random.ts";
import { cpuOptions, load, logitsAfter, never, writeModel } from "./loaded.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-architectures-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const random = seeded(21);
const some = (length: number) => Int32Array.from({ length }, () => below(random, 8000));

const made = (model: Pick<ModelPlan, "shape" | "metadata">) =>
  writeModel(join(folder, `${model.shape}.gguf`), model);

test("recurrent state that has advanced is computed again, with the same logits", async () => {
  const engine = await load({ modelPath: made({ shape: "tiny-mamba" }), contextTokens: 512, threads: 1 });
  const tokens = some(40);
  await engine.prefill(tokens, never);
  const first = await logitsAfter(engine, 5);
  const again = await engine.prefill(tokens, never);
  assert.deepEqual(again, { kind: "prefilled", reused: 0, computed: 40 });
  assert.deepEqual(await logitsAfter(engine, 5), first);
  await engine.dispose();
});

test("a model whose values are a part of its keys loads with keys in F16", async () => {
  const engine = await load({ modelPath: made({ shape: "tiny-mla" }), contextTokens: 512, threads: 1 });
  assert.equal(engine.info.keys, "f16");
  await engine.prefill(some(40), never);
  const row = await logitsAfter(engine, 5);
  assert.ok(row.every(Number.isFinite));
  await engine.dispose();
});

test("a model with a context of 32 tokens can be tuned", async () => {
  const engine = await load({ contextTokens: 32, threads: 1 });
  assert.ok(await tune(engine, { threadChoices: [1], exactness: "auto" }, never));
  await engine.dispose();
});

test("a recurrent model can be tuned", async () => {
  const engine = await load({ modelPath: made({ shape: "tiny-mamba" }), contextTokens: 512, threads: 1 });
  const tuned = await tune(engine, { threadChoices: [1], exactness: "auto" }, never);
  assert.ok(tuned?.costs && tuned.prefillMsPerToken);
  await engine.dispose();
});

test("a draft model for a recurrent model loads beside it", async () => {
  const engine = await load({ modelPath: made({ shape: "tiny-mamba" }), contextTokens: 512, threads: 1 });
  const outcome = await loadBeside(engine, { ...cpuOptions, threads: 1 });
  assert.ok("engine" in outcome, "problem" in outcome ? outcome.problem.message : "");
  await outcome.engine.dispose();
  await engine.dispose();
});

test("no token is computed beyond the positions that a model has learned", async () => {
  const engine = await load({ modelPath: made({ shape: "tiny-gpt2" }), threads: 1 });
  assert.equal(engine.info.contextTokens, 300);
  assert.deepEqual(await engine.prefill(some(310), never), { kind: "contextFull" });
  assert.equal((await engine.prefill(some(290), never)).kind, "prefilled");
  for (let room = engine.room(); room > 0; room = engine.room()) {
    const tokens = some(Math.min(3, room));
    const parents = tokens.map((_, node) => node - 1);
    const outcome = await engine.decode({ count: tokens.length, tokens, parents }, never);
    assert.equal(outcome.kind, "decoded");
    engine.accept([...tokens.keys()]);
  }
  await engine.dispose();
});

test("a context has its full size from the start if its size decides how keys are rotated", async () => {
  const whole = (value: number) => ({ type: "u32", value }) as const;
  for (const [original, cells] of [
    [4096, 1024],
    [1024, 2048],
  ] as const) {
    const metadata = { "qwen2.rope.scaling.original_context_length": whole(original) };
    const modelPath = made({ shape: "tiny", metadata });
    const engine = await load({ modelPath, contextTokens: 2048, threads: 1, reuse: "auto" });
    const { native } = engine as unknown as { native: LlamaEngine["native"] };
    assert.equal(native.context.cells, cells);
    assert.equal(native.longPrompts === undefined, cells === 2048);
    await engine.dispose();
  }
});
