/** Models whose layers attend to a sliding window: a copied state has no cells behind it, so it may not be shortened. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { LlamaEngine } from "../../server/engine/llama.ts";
import { below, seeded } from "../fakes/random.ts";
import { load, logitsAfter, never, writeModel } from "./loaded.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-window-"));
let engine: LlamaEngine;
/** Computes everything afresh. */
let other: LlamaEngine;
before(async () => {
  const modelPath = writeModel(join(folder, "model.gguf"), { shape: "tiny-swa" });
  engine = await load({ modelPath, threads: 1, reuse: "exact" });
  other = await load({ modelPath, threads: 1, reuse: "exact" });
});
after(async () => {
  await engine.dispose();
  await other.dispose();
  rmSync(folder, { recursive: true });
});
beforeEach(() => engine.forget());

const random = seeded(5);
const some = (length: number) => Int32Array.from({ length }, () => below(random, 8000));
const [one, another] = [some(700), some(300)];

async function isAsComputedAnew(prompt: Int32Array): Promise<void> {
  other.forget();
  for (const each of [engine, other]) assert.equal((await each.prefill(prompt, never)).kind, "prefilled");
  assert.deepEqual(await logitsAfter(engine, 9), await logitsAfter(other, 9));
}

test("a document that is returned to has the logits of a fresh prefill, even with the cursor further up", async () => {
  for (const length of [700, 640, 400]) {
    await isAsComputedAnew(one);
    const tree = { count: 1, tokens: Int32Array.of(7), parents: Int32Array.of(-1) };
    assert.equal((await engine.decode(tree, never)).kind, "decoded");
    engine.accept([0]);
    await isAsComputedAnew(another);
    await isAsComputedAnew(one.subarray(0, length));
  }
});

test("a context that is swapped out and back is continued, and has the logits of a fresh prefill when shortened", async () => {
  for (const length of [700, 400]) {
    await isAsComputedAnew(one);
    engine.exchangeContext(engine.exchangeContext(undefined));
    await isAsComputedAnew(one.subarray(0, length));
  }
  const longer = Int32Array.of(...one, ...another);
  await isAsComputedAnew(one);
  engine.exchangeContext(engine.exchangeContext(undefined));
  assert.deepEqual(await engine.prefill(longer, never), { kind: "prefilled", reused: 700, computed: 300 });
  await isAsComputedAnew(longer);
});

test("a context that grows has the logits of a fresh prefill, whatever remains of the previous prompt", async () => {
  const modelPath = join(folder, "model.gguf");
  for (const common of [237, 700]) {
    const growing = await load({ modelPath, threads: 1, reuse: "exact" });
    await growing.prefill(one, never);
    const long = Int32Array.of(...one.subarray(0, common), ...some(1100));
    other.forget();
    for (const each of [growing, other]) assert.equal((await each.prefill(long, never)).kind, "prefilled");
    assert.deepEqual(await logitsAfter(growing, 9), await logitsAfter(other, 9));
    await growing.dispose();
  }
});
