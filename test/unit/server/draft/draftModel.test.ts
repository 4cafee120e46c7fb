import assert from "node:assert/strict";
import { test } from "node:test";
import { generate } from "../../../../server/completion/generate.ts";
import { DraftMemory } from "../../../../server/draft/memory.ts";
import { ModelChain } from "../../../../server/draft/modelChain.ts";
import { SOURCE_NAMES } from "../../../../server/draft/source.ts";
import { DraftModel } from "../../../../server/draft/sources/draftModel.ts";
import { CompletionThrottle } from "../../../../server/draft/sourceThrottle.ts";
import { chaotic, FakeDrafter, type FakeEngine, type FakeModel, slowEngine } from "../../../fakes/engine.ts";

const never = new AbortController().signal;
/** All sources but the draft model, which are left out. */
const WITHOUT = SOURCE_NAMES.filter(name => name !== "draft model");

/** A completion of 60 tokens. @param more what is kept from completion to completion */
async function run(
  engine: FakeEngine,
  draftModel: DraftModel | undefined,
  memory = new DraftMemory(engine.vocabulary, { without: WITHOUT }),
  signal = never,
) {
  const tokens = engine.vocabulary.tokenize("def f(");
  const prompt = { tokens, history: tokens, after: new Int32Array(0) };
  const options = {
    maxTokens: 60,
    treeNodes: 16,
    memory,
    draftModel,
    onFault: (message: string) => assert.fail(message),
  };
  const steps = generate(engine, prompt, options, signal);
  const text: number[] = [];
  let accepted = 0;
  for (;;) {
    const { value, done } = await steps.next();
    if (done) return { text, accepted, end: value.kind, figures: memory.statistics.figures() };
    if (value.kind !== "step") continue;
    text.push(...value.tokens);
    accepted += value.accepted;
  }
}

/** Generates what `chaotic` does, but one wrong token in every `tokens`. */
const wrongEvery =
  (tokens: number): FakeModel =>
  context =>
    context.length % tokens === 0 ? 120 : chaotic(context);

test("a draft model saves decodes and does not change the text, right or wrong", async () => {
  const plain = await run(slowEngine(chaotic), undefined);
  assert.equal(plain.accepted, 0);
  const decodes: number[] = [];
  for (const model of [chaotic, wrongEvery(7), wrongEvery(2), wrongEvery(1)]) {
    const engine = slowEngine(chaotic);
    const drafted = await run(engine, new DraftModel(new FakeDrafter(model)));
    assert.deepEqual(drafted.text, plain.text);
    decodes.push(engine.decodes);
  }
  const [right, mostly, half, wrong] = decodes as [number, number, number, number];
  assert.ok(right <= 12 && right < mostly && mostly < half && half < wrong && wrong === 60, `${decodes}`);
});

test("a draft model that takes as long as the model it drafts for reads no prompt", async () => {
  const [engine, drafter] = [slowEngine(chaotic), new FakeDrafter(chaotic)];
  drafter.cost = () => engine.cost(1);
  const { accepted } = await run(engine, new DraftModel(drafter));
  assert.deepEqual([accepted, drafter.decodes, drafter.context.length], [0, 0, 0]);
  drafter.cost = () => engine.cost(1) / 2;
  assert.ok((await run(engine, new DraftModel(drafter))).accepted > 0);
});

test("tokens drafted by a draft model are counted as its own", async () => {
  const { figures, accepted } = await run(
    slowEngine(chaotic),
    new DraftModel(new FakeDrafter(wrongEvery(7))),
  );
  assert.deepEqual(
    figures.map(({ name }) => name),
    ["draft model"],
  );
  assert.equal(figures[0]?.accepted, accepted);
  assert.ok(accepted > 30 && (figures[0]?.proposed ?? 0) >= accepted);
});

test("a draft model's context follows the accepted tokens, so that it always continues the text", async () => {
  const engine = slowEngine(chaotic);
  const drafter = new FakeDrafter(wrongEvery(5));
  const { distribution } = drafter;
  let chains = 0;
  drafter.distribution = context => {
    assert.deepEqual(context.slice(0, engine.context.length), engine.context);
    if (context.length === engine.context.length + 1) chains++;
    return distribution(context);
  };
  await run(engine, new DraftModel(drafter));
  assert.ok(chains > 8, `${chains} chains`);
});

test("an abort while the draft model computes ends the completion, and the next one is not affected", async () => {
  const plain = await run(slowEngine(chaotic), undefined);
  const engine = slowEngine(chaotic);
  const drafter = new FakeDrafter(wrongEvery(5));
  const model = new DraftModel(drafter);
  const controller = new AbortController();
  drafter.beforeDecode = async () => {
    if (drafter.decodes === 9) controller.abort();
  };
  const aborted = await run(engine, model, undefined, controller.signal);
  assert.equal(aborted.end, "aborted");
  assert.equal(drafter.decodes, 9, "nothing is computed after it");
  assert.deepEqual(aborted.text, plain.text.slice(0, aborted.text.length));
  assert.deepEqual((await run(engine, model)).text, plain.text);
});

test("a draft model that is unsure drafts short chains, and one that is sure drafts long ones", async () => {
  const perDecode: number[] = [];
  for (const sure of [0.55, 0.75, 0.99]) {
    const [engine, drafter] = [slowEngine(chaotic), new FakeDrafter(chaotic, sure)];
    drafter.cost = () => 300;
    const model = new DraftModel(drafter);
    await run(engine, model);
    perDecode.push(drafter.decodes / engine.decodes);
  }
  const [unsure, between, sure] = perDecode as [number, number, number];
  assert.ok(unsure < between && between < sure, `${perDecode}`);
});

test("a draft model with low acceptance is still asked once per completion, and more once it improves", async () => {
  const engine = slowEngine(chaotic);
  let model: FakeModel = () => 120;
  const drafter = new FakeDrafter(context => model(context));
  drafter.cost = () => 500;
  const draftModel = new DraftModel(drafter);
  const decodes = async () => {
    const before = drafter.decodes;
    await run(engine, draftModel);
    return drafter.decodes - before;
  };
  for (let i = 0; i < 20; i++) draftModel.observe(false);
  assert.ok(draftModel.acceptance < 0.3, `${draftModel.acceptance}`);
  assert.equal(await decodes(), 1);
  model = chaotic;
  for (let i = 0; i < 40; i++) await run(engine, draftModel);
  assert.ok((await decodes()) > 20 && draftModel.acceptance > 0.8, `${draftModel.acceptance}`);
});

test("a draft model as slow as the model itself is not asked", async () => {
  const drafter = new FakeDrafter(chaotic);
  drafter.cost = () => 1000;
  const { text } = await run(slowEngine(chaotic), new DraftModel(drafter));
  assert.equal(drafter.decodes, 0);
  assert.equal(text.length, 60);
});

test("a draft model that is always wrong is rested across completions, including its prefill", async () => {
  const engine = slowEngine(chaotic);
  const drafter = new FakeDrafter(() => 120);
  const model = new DraftModel(drafter);
  const memory = new DraftMemory(engine.vocabulary, { without: WITHOUT });
  for (let i = 0; i < 3; i++) await run(engine, model, memory);
  assert.ok(model.throttle.isResting);
  const [decodes, prefills] = [drafter.decodes, drafter.prefills];
  assert.ok(decodes > 0);
  for (let i = 0; i < 10; i++) await run(engine, model, memory);
  assert.equal(drafter.decodes, decodes);
  assert.equal(drafter.prefills, prefills);
  await model.read(engine.vocabulary.tokenize("another prompt"), never);
  assert.equal(drafter.prefills, prefills, "nor does it read ahead");
});

test("a source that rests across completions is asked in every sixteenth, and returns once it pays off", () => {
  const throttle = new CompletionThrottle();
  assert.ok(throttle.begin(), "on trial at first");
  throttle.spend(100);
  for (let step = 0; step < 40; step++) throttle.record(2, 1);
  assert.ok(throttle.isResting && !throttle.isDue());
  const probed: number[] = [];
  for (let completion = 0; completion < 32; completion++) {
    const begun = throttle.begin();
    let asked = 0;
    for (let step = 0; step < 30; step++) if (throttle.isDue()) asked++;
    assert.equal(begun, asked > 0);
    probed.push(asked);
  }
  assert.deepEqual(
    probed.map((asked, completion) => (asked > 0 ? [completion, asked] : [])).filter(each => each.length > 0),
    [
      [15, 8],
      [31, 8],
    ],
  );
  for (let step = 0; step < 40; step++) throttle.record(1, 8);
  assert.ok(!throttle.isResting && throttle.begin() && throttle.isDue());
});

test("a draft model without memory drafts no more and is reported once, and the text is the same", async () => {
  const plain = await run(slowEngine(chaotic), undefined);
  const reported: string[] = [];
  const drafter = new FakeDrafter(chaotic);
  drafter.memoryIsFull = true;
  const model = new DraftModel(drafter, message => reported.push(message));
  const engine = slowEngine(chaotic);
  for (let i = 0; i < 40; i++) assert.deepEqual((await run(engine, model)).text, plain.text);
  assert.deepEqual(reported, [
    "The draft model has failed and is no longer used: no memory for the draft model",
  ]);
});

test("a text with a token that is not in the draft model's vocabulary is not given to it", async () => {
  const drafter = new FakeDrafter(chaotic);
  const chain = new ModelChain(drafter, 4);
  chain.begin(Int32Array.of(97, 98));
  assert.ok(await chain.follow(never, "computed"));
  chain.push(drafter.vocabulary.size);
  assert.equal(await chain.follow(never, "computed"), false);
});
