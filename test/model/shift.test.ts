/** Cells that are shifted to other positions when the text before them changes, in models of several kinds. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { KvCache } from "../../server/engine/kvCache.ts";
import type { LlamaEngine } from "../../server/engine/llama.ts";
import { packageRoot } from "../../server/system/paths.ts";
import type { ModelPlan } from "../bench/makeModel.ts";
import { below, seeded } from "../fakes/random.ts";
import { load, logitsAfter, never, writeModel } from "./loaded.ts";

const random = seeded(11);
const some = (length: number) => Array.from({ length }, () => below(random, 8000));
const [before, typed, after] = [some(40), some(5), some(200)];

/**
 * Types into a prompt and takes it back.
 * @returns the number of tokens computed again for typing, and how far the final logits are from those at the beginning
 */
async function typedAndTakenBack(
  model: Pick<ModelPlan, "shape" | "metadata">,
): Promise<{ computed: number; distance: number }> {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-shift-"));
  const modelPath = join(folder, "model.gguf");
  writeModel(modelPath, model);
  const engine = await load({ modelPath, contextTokens: 512, threads: 1, reuse: "shifted" });
  const rowAfter = async (...parts: number[][]) => {
    const filled = await engine.prefill(Int32Array.from(parts.flat()), never);
    assert.ok(filled.kind === "prefilled");
    return { computed: filled.computed, row: await logitsAfter(engine, 9) };
  };
  try {
    const first = await rowAfter(before, after);
    const { computed } = await rowAfter(before, typed, after);
    const back = await rowAfter(before, after);
    return { computed, distance: farthest(first.row, back.row) };
  } finally {
    await engine.dispose();
    rmSync(folder, { recursive: true });
  }
}

/** The largest difference of two logits, relative to their range. */
function farthest(one: Float32Array, other: Float32Array): number {
  const most = (row: Float32Array) => row.reduce((a, b) => Math.max(a, b));
  const range = most(one) + most(one.map(value => -value));
  return most(one.map((value, i) => Math.abs(value - (other[i] as number)))) / range;
}

/** The largest difference that comes from rounding alone. */
const ROUNDING = 0.03;

test("cells after a change are shifted and shifted back", async () => {
  const { computed, distance } = await typedAndTakenBack({ shape: "tiny" });
  assert.equal(computed, typed.length);
  assert.ok(distance < ROUNDING, `${distance}`);
});

const whole = (value: number) => ({ type: "u32", value }) as const;

for (const [what, shape, metadata] of [
  [
    "quantised keys are not rotated",
    "tiny",
    { "qwen2.attention.head_count": whole(8), "qwen2.attention.head_count_kv": whole(4) },
  ],
  [
    "a shift would scale keys again",
    "tiny",
    {
      "qwen2.rope.scaling.type": { type: "string", value: "yarn" },
      "qwen2.rope.scaling.factor": { type: "f32", value: 4 },
      "qwen2.rope.scaling.original_context_length": whole(8192),
    },
  ],
  [
    "a scaling factor of keys would be applied again",
    "tiny",
    { "qwen2.rope.scaling.attn_factor": { type: "f32", value: 1.19 } },
  ],
  ["positions are learned", "tiny-gpt2", {}],
  ["some layers do not rotate keys", "tiny-smollm3", {}],
  ["a sliding window leaves cells to be overwritten", "tiny-swa", {}],
] as const)
  test(`cells after a change are computed again where ${what}`, async () => {
    const { computed, distance } = await typedAndTakenBack({ shape, metadata });
    assert.equal(computed, typed.length + after.length);
    assert.ok(distance < ROUNDING, `${distance}`);
  });

test("cells after a change are computed again where the environment turns off the rotation of keys", async context => {
  process.env.LLAMA_ATTN_ROT_DISABLE = "1";
  context.after(() => delete process.env.LLAMA_ATTN_ROT_DISABLE);
  const { computed } = await typedAndTakenBack({ shape: "tiny" });
  assert.equal(computed, typed.length + after.length);
});

/**
 * Deletes from a prompt, so that nothing of it is computed again.
 * @param isDecodedFrom whether a token is decoded after that
 * @param between what happens to the context next
 */
async function rowAfterDeleting(
  isDecodedFrom: boolean,
  between: (engine: LlamaEngine, other: Int32Array) => unknown,
): Promise<Float32Array> {
  const engine = await load({ threads: 1, reuse: "shifted" });
  const tokens = engine.vocabulary.tokenize(
    readFileSync(join(packageRoot(), "server/engine/llama.ts"), "utf8"),
  );
  const deleted = Int32Array.of(...tokens.subarray(0, 250), ...tokens.subarray(310, 480));
  try {
    await engine.prefill(tokens.subarray(0, 480), never);
    await logitsAfter(engine, 9);
    const outcome = await engine.prefill(deleted, never);
    assert.deepEqual(outcome, { kind: "prefilled", reused: 420, computed: 0 });
    if (isDecodedFrom) await logitsAfter(engine, 9);
    await between(engine, tokens.subarray(1500, 1700));
    await engine.prefill(deleted, never);
    return await logitsAfter(engine, 9);
  } finally {
    await engine.dispose();
  }
}

for (const [what, between] of [
  ["continued", () => {}],
  ["left for another prompt and returned to", (engine, other) => engine.prefill(other, never)],
  [
    "swapped out and back",
    async engine => {
      await engine.settle();
      engine.exchangeContext(engine.exchangeContext(undefined));
    },
  ],
] satisfies [string, Parameters<typeof rowAfterDeleting>[1]][])
  test(`a context whose cells have just been shifted is the same when it is ${what}`, async () => {
    const expected = await rowAfterDeleting(true, between);
    const actual = await rowAfterDeleting(false, between);
    assert.ok(farthest(expected, actual) < ROUNDING, `${farthest(expected, actual)}`);
  });

/** Prepares an engine whose next decode shifts cells; aborts that decode in the way given. */
async function rowAfterAbort(abort: (engine: LlamaEngine, tokens: Int32Array) => Promise<void>) {
  const engine = await load({ threads: 1, reuse: "shifted" });
  const tokens = engine.vocabulary.tokenize(
    readFileSync(join(packageRoot(), "server/engine/llama.ts"), "utf8"),
  );
  const { cache } = Reflect.get(engine, "native") as { cache: KvCache };
  try {
    await engine.prefill(tokens.subarray(0, 480), never);
    await logitsAfter(engine, 9);
    await abort(engine, tokens);
    assert.equal(cache.isShifting, false, "nothing is left to be shifted");
    await engine.prefill(
      Int32Array.of(...tokens.subarray(0, 250), 9, 9, ...tokens.subarray(310, 480)),
      never,
    );
    return await logitsAfter(engine, 9);
  } finally {
    await engine.dispose();
  }
}

test("an abort does not end a decode that shifts cells, since it could leave only some layers shifted", async () => {
  const expected = await rowAfterAbort(async () => {});
  const decoded = await rowAfterAbort(async (engine, tokens) => {
    await engine.prefill(Int32Array.of(...tokens.subarray(0, 250), ...tokens.subarray(310, 480)), never);
    const abort = new AbortController();
    const tree = { count: 1, tokens: Int32Array.of(9), parents: Int32Array.of(-1) };
    const decoding = engine.decode(tree, abort.signal);
    abort.abort();
    assert.equal((await decoding).kind, "decoded");
    engine.accept([]);
  });
  assert.ok(farthest(expected, decoded) < ROUNDING, `${farthest(expected, decoded)}`);
  const read = await rowAfterAbort(async (engine, tokens) => {
    // So slow that an aborted chunk is not finished.
    engine.configure({ ...engine.configuration, prefillMsPerToken: 1000 });
    const abort = new AbortController();
    const changed = Int32Array.of(...tokens.subarray(0, 250), 9, 9, ...tokens.subarray(310, 480));
    const reading = engine.prefill(changed, abort.signal);
    abort.abort();
    assert.deepEqual(await reading, { kind: "aborted" });
  });
  // The pending shift is dropped by the abort.
  const anew = await rowAfterAbort(async engine => engine.forget());
  assert.ok(farthest(anew, read) < ROUNDING, `${farthest(anew, read)}`);
});
