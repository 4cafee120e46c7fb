import assert from "node:assert/strict";
import { test } from "node:test";
import { type GenerateOptions, generate } from "../../../../server/completion/generate.ts";
import { speculative } from "../../../bench/presets/speculative.ts";
import { chaotic, FakeEngine, type FakeModel } from "../../../fakes/engine.ts";
import { item } from "../items.ts";
import { decided } from "./decided.ts";

const never = new AbortController().signal;

/** An engine whose most likely token has the given share of two. */
function engineOf(model: FakeModel, share = 0.9): FakeEngine {
  const engine = new FakeEngine(model);
  engine.distribution = context => [
    [model(context), Math.log(share)],
    [1, Math.log(1 - share)],
  ];
  return engine;
}

async function run(model: FakeModel, options: Partial<GenerateOptions> = {}) {
  const engine = new FakeEngine(model);
  const steps = generate(engine, item().prompt, { maxTokens: 60, treeNodes: 63, ...options }, never);
  return { ...(await decided(steps)), context: engine.context };
}

function draftedBy(engine: FakeEngine, options = { maxTokens: 16, minProbability: 0.75 }) {
  const make = speculative(engine, options).begin();
  return { drafter: (history: Int32Array) => make(history) };
}

test("a model that drafts for itself has everything accepted, sixteen tokens at a time", async () => {
  const plain = await run(chaotic, { treeNodes: 1 });
  const { tokens, drafted, accepted } = await run(chaotic, draftedBy(engineOf(chaotic)));
  assert.deepEqual(tokens, plain.tokens);
  assert.deepEqual(accepted, drafted);
  assert.deepEqual(drafted, [16, 16, 16, 8]);
});

test("drafts of another model do not change the text, and its context keeps what was accepted", async () => {
  const plain = await run(chaotic, { treeNodes: 1 });
  const sometimesWrong: FakeModel = context => (context.length % 5 === 0 ? 120 : chaotic(context));
  const drafter = engineOf(sometimesWrong);
  const { tokens, accepted, drafted, context } = await run(chaotic, draftedBy(drafter));
  assert.deepEqual(tokens, plain.tokens);
  assert.ok(Math.max(...accepted) === 4 && Math.max(...drafted) > 4, `${accepted} of ${drafted}`);
  // All but the last draft's own tokens.
  const common = drafter.context.findIndex((token, i) => token !== context[i]);
  assert.ok(common === -1 || common >= context.length - accepted.at(-1)! - 1, `${common}`);
});

test("a draft ends before a token that the model is not sure of, and at its maximum length", async () => {
  const unsure = await run(chaotic, draftedBy(engineOf(chaotic, 0.7)));
  assert.ok(unsure.drafted.every(count => count === 0));
  const bold = await run(chaotic, draftedBy(engineOf(chaotic, 0.7), { maxTokens: 3, minProbability: 0.5 }));
  assert.equal(Math.max(...bold.drafted), 3);
  assert.deepEqual(bold.tokens, unsure.tokens);
});

test("a failure of the draft model is reported once, and the text continues without drafts", async () => {
  const plain = await run(chaotic, { treeNodes: 1 });
  const engine = engineOf(chaotic);
  engine.memoryIsFull = true;
  const faults: string[] = [];
  const onFault = (message: string) => faults.push(message);
  const { tokens, drafted } = await run(chaotic, { ...draftedBy(engine), onFault });
  assert.deepEqual(tokens, plain.tokens);
  assert.ok(drafted.every(count => count === 0));
  assert.equal(faults.length, 1);
  assert.match(faults[0]!, /no memory/);
});

test("an abort ends a draft and the completion", async () => {
  const aborter = new AbortController();
  const engine = engineOf(chaotic);
  engine.beforeDecode = async () => aborter.abort();
  const options = { maxTokens: 60, treeNodes: 63, ...draftedBy(engine) };
  const steps = generate(new FakeEngine(chaotic), item().prompt, options, aborter.signal);
  await steps.next();
  assert.deepEqual(await steps.next(), { done: true, value: { kind: "aborted" } });
});
