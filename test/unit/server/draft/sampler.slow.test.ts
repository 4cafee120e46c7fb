import assert from "node:assert/strict";
import { test } from "node:test";
import { generate } from "../../../../server/completion/generate.ts";
import { DraftMemory } from "../../../../server/draft/memory.ts";
import { Sampler, type SamplingOptions } from "../../../../server/draft/sampler.ts";
import { SOURCE_NAMES } from "../../../../server/draft/source.ts";
import { DraftModel } from "../../../../server/draft/sources/draftModel.ts";
import { chaotic, FakeDrafter, type FakeEngine, slowEngine } from "../../../fakes/engine.ts";

const OPEN: SamplingOptions = { temperature: 1, topK: 0, topP: 1, minP: 0, seed: 1 };
const LOGITS = [2, 1.5, 1, 0.2, 0, -0.5, -1, -2];
const never = new AbortController().signal;

/** Critical value of chi-square at 0.1%, by degrees of freedom. */
const CRITICAL: Record<number, number> = { 2: 13.82, 3: 16.27, 4: 18.47, 7: 24.32 };

function softmax(logits: readonly number[], temperature: number): number[] {
  const weights = logits.map(logit => Math.exp(logit / temperature));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map(weight => weight / total);
}

const chiSquare = (counts: readonly number[], expected: readonly number[]) =>
  counts.reduce((sum, count, i) => sum + (count - (expected[i] as number)) ** 2 / (expected[i] as number), 0);

test("samples follow the softmax at each temperature", () => {
  for (const temperature of [0.5, 1, 2]) {
    const sampler = new Sampler({ ...OPEN, temperature, seed: 7 });
    const counts = LOGITS.map(() => 0);
    const draws = 20_000;
    for (let i = 0; i < draws; i++) {
      const token = sampler.sample(Float32Array.from(LOGITS));
      counts[token] = (counts[token] as number) + 1;
    }
    const statistic = chiSquare(
      counts,
      softmax(LOGITS, temperature).map(share => share * draws),
    );
    assert.ok(statistic < (CRITICAL[7] as number), `chi-square ${statistic} at temperature ${temperature}`);
  }
});

test("each filter keeps exactly the tokens that it allows", () => {
  const drawn = (options: Partial<SamplingOptions>) => {
    const sampler = new Sampler({ ...OPEN, temperature: 3, ...options });
    return [...new Set(Array.from({ length: 3000 }, () => sampler.sample(Float32Array.from(LOGITS))))].sort(
      (a, b) => a - b,
    );
  };
  assert.deepEqual(drawn({}), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(drawn({ topK: 3 }), [0, 1, 2]);
  assert.deepEqual(drawn({ topP: 0.6 }), [0, 1], "0.42 and 0.25 make the first 0.6");
  assert.deepEqual(drawn({ minP: 0.3 }), [0, 1, 2], "exp(-1) is above 0.3, exp(-1.8) is not");
  assert.deepEqual(drawn({ topK: 5, topP: 0.99, minP: 0.3 }), [0, 1, 2]);
  assert.deepEqual(drawn({ minP: 0.9 }), [0], "the most likely token always stays");
  assert.deepEqual(
    drawn({ topP: 0.8, minP: 0.3 }),
    [0, 1, 2],
    "0.8 of all tokens, not of those that min-p keeps",
  );
});

test("temperature 0 takes the most likely token, the lower ID among equals", () => {
  const sampler = new Sampler({ ...OPEN, temperature: 0 });
  assert.equal(sampler.sample(Float32Array.of(1, 3, 3, 2)), 1);
});

test("the same seed samples the same tokens, and another seed does not", () => {
  const run = (seed: number) => {
    const sampler = new Sampler({ ...OPEN, seed });
    return Array.from({ length: 50 }, () => sampler.sample(Float32Array.from(LOGITS))).join();
  };
  assert.equal(run(3), run(3));
  assert.notEqual(run(3), run(4));
});

test("options out of range are refused", () => {
  for (const wrong of [
    { temperature: -1 },
    { topP: 0 },
    { topP: 1.1 },
    { minP: 1 },
    { topK: -1 },
    { temperature: Number.NaN },
  ])
    assert.throws(() => new Sampler({ ...OPEN, ...wrong }), RangeError);
});

/** Letters a to d, the next depending on the last: repetitive enough for drafts to be accepted. */
function drawing(): FakeEngine {
  const engine = slowEngine(chaotic);
  engine.distribution = context => {
    const last = (context.at(-1) ?? 97) - 97;
    return [0, 1, 2, 3].map(letter => [97 + letter, letter === (last + 1) % 4 ? 2 : letter / 4]);
  };
  return engine;
}

/** A draft model for `drawing`, with other probabilities. */
function drafting(): DraftModel {
  const drafter = new FakeDrafter(chaotic);
  drafter.distribution = context => {
    const last = (context.at(-1) ?? 97) - 97;
    return [0, 1, 2, 3].map(letter => [97 + letter, letter === (last + 1) % 4 ? 3 : 1 - letter / 3]);
  };
  return new DraftModel(drafter);
}

/** @param draftModel the only source; without it all other sources draft */
async function drawn(treeNodes: number, seed: number, maxTokens: number, draftModel?: DraftModel) {
  const engine = drawing();
  const tokens = engine.vocabulary.tokenize("abcdabcdabcd");
  const without = draftModel ? SOURCE_NAMES.filter(name => name !== "draft model") : [];
  const memory = new DraftMemory(engine.vocabulary, { without });
  const options = { maxTokens, treeNodes, sampling: { ...OPEN, seed }, memory, draftModel };
  const text: number[] = [];
  let accepted = 0;
  const steps = generate(engine, { tokens, history: tokens, after: new Int32Array(0) }, options, never);
  for (let next = await steps.next(); !next.done; next = await steps.next()) {
    if (next.value.kind !== "step") continue;
    text.push(...next.value.tokens);
    accepted += next.value.accepted;
  }
  return { text, accepted };
}

test("drafts do not change a sampled text with the same seed", async () => {
  for (const seed of [1, 2, 3]) {
    const plain = await drawn(1, seed, 200);
    const drafted = await drawn(16, seed, 200);
    assert.deepEqual(drafted.text, plain.text);
    assert.ok(drafted.accepted > 20, "drafts were accepted");
    const seconded = await drawn(16, seed, 200, drafting());
    assert.deepEqual(seconded.text, plain.text);
    assert.ok(seconded.accepted > 20, "drafts of the draft model were accepted");
  }
});

for (const model of [undefined, drafting()])
  test(`with drafts${model ? " of a draft model" : ""} the distribution is the model's own, over 20,000 tokens`, () =>
    followsTheModel(model));

async function followsTheModel(model: DraftModel | undefined) {
  let drafted = 0;
  const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
  for (let run = 0; run < 50; run++) {
    const { text, accepted } = await drawn(16, 1000 + run, 400, model);
    drafted += accepted;
    for (let i = 1; i < text.length; i++) {
      const row = counts[(text[i - 1] as number) - 97] as number[];
      row[(text[i] as number) - 97] = (row[(text[i] as number) - 97] as number) + 1;
    }
  }
  const total = counts.flat().reduce((sum, count) => sum + count, 0);
  assert.ok(total > 19_900);
  assert.ok(drafted > 2000, `${drafted} drafts were accepted`);
  for (const [last, row] of counts.entries()) {
    const draws = row.reduce((sum, count) => sum + count, 0);
    const logits = [0, 1, 2, 3].map(letter => (letter === (last + 1) % 4 ? 2 : letter / 4));
    const statistic = chiSquare(
      row,
      softmax(logits, 1).map(share => share * draws),
    );
    assert.ok(statistic < (CRITICAL[3] as number), `chi-square ${statistic} after ${last}`);
  }
}
