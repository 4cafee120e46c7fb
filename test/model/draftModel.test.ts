/** A real draft model: the fixture in four bits drafts for the fixture itself. */
import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { generate } from "../../server/completion/generate.ts";
import { DraftMemory } from "../../server/draft/memory.ts";
import type { SamplingOptions } from "../../server/draft/sampler.ts";
import { SOURCE_NAMES } from "../../server/draft/source.ts";
import type { DraftModel } from "../../server/draft/sources/draftModel.ts";
import type { LlamaEngine } from "../../server/engine/llama.ts";
import { loadBeside } from "../../server/engine/loadBeside.ts";
import { tuneDrafter } from "../../server/engine/tune.ts";
import { findDraftModel } from "../../server/model/draftModelFile.ts";
import { speculative } from "../bench/presets/speculative.ts";
import { fixtureModelPath } from "../fixtures/model.ts";
import { askedAlways, cpuOptions, load, never, writeModel } from "./loaded.ts";
import { quantised } from "./quantised.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-draft-model-"));
const copies = quantised();
after(() => {
  copies.dispose();
  rmSync(folder, { recursive: true, force: true });
});
const copy = copies.path("Q4_0");
const TEXT =
  "import os\n\n\ndef read(path):\n    with open(path) as handle:\n        return handle.read()\n\n\ndef write(path, text):\n";

async function loadDrafter(engine: LlamaEngine, modelPath: string): Promise<LlamaEngine> {
  const outcome = await loadBeside(engine, { ...cpuOptions, modelPath });
  if ("problem" in outcome) throw new Error(outcome.problem.message);
  outcome.engine.shareThreadsOf(engine);
  assert.ok(await tuneDrafter(outcome.engine, never));
  return outcome.engine;
}

interface Run {
  readonly draftModel?: DraftModel | undefined;
  readonly sampling?: SamplingOptions;
  readonly treeNodes?: number;
  readonly signal?: AbortSignal;
}

async function run(engine: LlamaEngine, { draftModel, sampling, treeNodes = 32, signal = never }: Run) {
  const tokens = engine.vocabulary.tokenize(TEXT);
  const prompt = { tokens, history: tokens, after: new Int32Array(0) };
  const without = SOURCE_NAMES.filter(name => name !== "draft model");
  const memory = new DraftMemory(engine.vocabulary, { without });
  const options = { maxTokens: 40, treeNodes, memory, draftModel, ...(sampling && { sampling }) };
  const steps = generate(
    engine,
    prompt,
    { ...options, onFault: (message: string) => assert.fail(message) },
    signal,
  );
  const text: number[] = [];
  let accepted = 0;
  for (;;) {
    const { value, done } = await steps.next();
    if (done) return { text, accepted, end: value.kind };
    if (value.kind !== "step") continue;
    text.push(...value.tokens);
    accepted += value.accepted;
  }
}

test("a copy of the model in fewer bits drafts for it without changing greedy or sampled text", async () => {
  const engine = await load({ threads: 1 });
  const drafter = await loadDrafter(engine, copy);
  try {
    for (const sampling of [undefined, { temperature: 0.8, topK: 40, topP: 0.95, minP: 0, seed: 5 }]) {
      const own = sampling && { sampling };
      const plain = await run(engine, { treeNodes: 1, ...own });
      const drafted = await run(engine, { draftModel: askedAlways(engine, drafter), ...own });
      assert.deepEqual(drafted.text, plain.text);
      assert.ok(drafted.accepted > plain.text.length / 4, `${drafted.accepted} of ${plain.text.length}`);
    }
  } finally {
    await drafter.dispose();
    await engine.dispose();
  }
});

test("an abort while drafting leaves both models usable, and decoding continues once the draft model is disposed", async () => {
  const engine = await load({ threads: 2 });
  const drafter = await loadDrafter(engine, copy);
  const plain = await run(engine, { treeNodes: 1 });
  const model = askedAlways(engine, drafter);
  const { decode } = drafter;
  let decodes = 0;
  const controller = new AbortController();
  drafter.decode = (tree, signal) => {
    if (++decodes === 6) controller.abort();
    return decode.call(drafter, tree, signal);
  };
  const aborted = await run(engine, { draftModel: model, signal: controller.signal });
  assert.equal(aborted.end, "aborted");
  assert.equal(decodes, 6);
  assert.deepEqual((await run(engine, { draftModel: model })).text, plain.text);
  await drafter.dispose();
  assert.deepEqual((await run(engine, { draftModel: model })).text, plain.text, "it drafts nothing");
  await engine.dispose();
});

test("a model with another vocabulary is refused, and both files are named", async () => {
  const other = join(folder, "other.gguf");
  writeModel(other, { shape: "tiny" });
  const engine = await load({ threads: 1 });
  try {
    const outcome = await loadBeside(engine, { ...cpuOptions, modelPath: other });
    assert.ok("problem" in outcome);
    const { message, remedy } = outcome.problem;
    assert.equal(
      message,
      `${other} has a different vocabulary from ${fixtureModelPath()} and cannot draft for it.`,
    );
    assert.match(remedy, /smaller model of the same family, or a smaller quantisation of the same model/);
  } finally {
    await engine.dispose();
  }
});

test("a small enough file with the same tokens is found as draft model, whatever the other files contain", async () => {
  const other = join(folder, "other.gguf");
  writeModel(other, { shape: "tiny" });
  const broken = join(folder, "broken.gguf");
  const bytes = readFileSync(copy);
  // Two tokens with the same text, for which llama.cpp ends the process.
  bytes[bytes.indexOf(Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0x8e])) + 9] = 0x8f;
  writeFileSync(broken, bytes);
  const modelPath = copies.path("F16");
  // The largest permitted size of a draft model, relative to the model, is slightly below the ratio of these two.
  appendFileSync(modelPath, new Uint8Array(2 << 20));
  assert.equal(await findDraftModel({ modelPath }, [other, broken, join(folder, "absent.gguf"), copy]), copy);
  assert.equal(
    await findDraftModel({ modelPath: copy }, [copy, fixtureModelPath()]),
    undefined,
    "half the size is too much",
  );
});

test("a model that drafts for itself has nearly all drafts accepted, and the text does not change", async () => {
  const [engine, drafter] = [await load({ threads: 1 }), await load({ threads: 1 })];
  try {
    const tokens = engine.vocabulary.tokenize(TEXT);
    const prompt = { tokens, history: tokens, after: new Int32Array(0) };
    const make = speculative(drafter).begin();
    const options = { maxTokens: 64, treeNodes: 17, drafter: (history: Int32Array) => make(history) };
    const said = async (steps: ReturnType<typeof generate>) => {
      const run = { tokens: [] as number[], drafted: 0, accepted: 0 };
      for (let next = await steps.next(); !next.done; next = await steps.next())
        if (next.value.kind === "step") {
          run.tokens.push(...next.value.tokens);
          run.drafted += next.value.drafted;
          run.accepted += next.value.accepted;
        }
      return run;
    };
    const plain = await said(generate(engine, prompt, { maxTokens: 64, treeNodes: 1 }, never));
    const drafted = await said(generate(engine, prompt, options, never));
    assert.deepEqual(drafted.tokens, plain.tokens);
    assert.ok(drafted.drafted >= 8, `${drafted.drafted} of ${plain.tokens.length} drafted`);
    assert.ok(drafted.accepted >= 0.95 * drafted.drafted, `${drafted.accepted} of ${drafted.drafted}`);
  } finally {
    await drafter.dispose();
    await engine.dispose();
  }
});
