/** Models with random weights, as the benchmarks use them. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { generate } from "../../server/completion/generate.ts";
import type { Engine } from "../../server/engine/engine.ts";
import { MODEL_TYPES, type ModelType } from "../bench/tensorMaker.ts";
import { load, logitsAfter, never, writeModel } from "./loaded.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-random-models-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Uses a random-weight model and removes its file. */
async function withModel<T>(shape: string, type: ModelType, use: (engine: Engine) => Promise<T>): Promise<T> {
  const modelPath = join(folder, `${shape}.${type}.gguf`);
  writeModel(modelPath, { shape, type });
  const engine = await load({ modelPath, contextTokens: 512, threads: 1 });
  try {
    return await use(engine);
  } finally {
    await engine.dispose();
    rmSync(modelPath);
  }
}

async function logitsAfterText(engine: Engine, text: string): Promise<Float32Array> {
  const tokens = engine.vocabulary.tokenize(text);
  await engine.prefill(tokens.subarray(0, -1), never);
  return logitsAfter(engine, tokens.at(-1) as number);
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
      const row = await logitsAfterText(engine, TEXT);
      assert.ok(row.every(Number.isFinite), type);
      const squares = row.reduce((sum, value) => sum + value * value, 0);
      const deviation = Math.sqrt(squares / row.length);
      assert.ok(deviation > 0.1 && deviation < 10, `${type}: ${deviation}`);
    });
});

test("a padded vocabulary tokenizes text as the embedded model's does", async () => {
  const embedded = await load({ threads: 1 });
  const expected = embedded.vocabulary.tokenize(TEXT);
  await embedded.dispose();
  await withModel("tiny", "q8_0", async ({ vocabulary }) => {
    assert.deepEqual(vocabulary.tokenize(TEXT), expected);
    assert.ok(vocabulary.special.fillMiddle !== undefined);
  });
});

test("a recurrent model decodes without drafts, notes that, and generates the same text twice", async () => {
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
    const row = await logitsAfterText(engine, TEXT.repeat(8));
    assert.ok(row.every(Number.isFinite));
  });
});
