import assert from "node:assert/strict";
import { test } from "node:test";
import { generate } from "../../../../server/completion/generate.ts";
import { OUROBOROS_DRAFTING, ouroboros, phrasesAfterError } from "../../../bench/presets/ouroboros.ts";
import { chaotic, FakeEngine, type FakeModel } from "../../../fakes/engine.ts";
import { item } from "../items.ts";
import { decided } from "./decided.ts";

const never = new AbortController().signal;

/** An engine with room for the drafting window, whose most likely token is the model's. */
function engineOf(model: FakeModel, nodes = OUROBOROS_DRAFTING.rows): FakeEngine {
  const engine = new FakeEngine(model, { maxTreeNodes: nodes });
  engine.distribution = context => [[model(context), 0]];
  return engine;
}

async function run(model: FakeModel, drafting?: FakeEngine, maxTokens = 60) {
  const engine = engineOf(model, 63);
  const make = drafting && ouroboros(drafting).begin();
  const options = make
    ? { maxTokens, treeNodes: 63, drafter: (history: Int32Array) => make(history) }
    : { maxTokens, treeNodes: 1 };
  const steps = generate(engine, item().prompt, options, never);
  return decided(steps);
}

/** A model whose text repeats, so that its n-grams are right. */
const repeating: FakeModel = context => 97 + (((context.at(-1) ?? 0) + 1 - 97) % 9);

test("a model that drafts for itself has chains of twelve accepted, and the text is that of plain decoding", async () => {
  const plain = await run(chaotic);
  const { tokens, drafted, accepted } = await run(chaotic, engineOf(chaotic));
  assert.deepEqual(tokens, plain.tokens);
  assert.ok(
    drafted.slice(0, 3).every(count => count >= 12),
    `${drafted}`,
  );
  assert.ok(
    accepted.slice(0, 3).every(count => count >= 12),
    `${accepted}`,
  );
});

test("drafts of another model do not change the text", async () => {
  const plain = await run(chaotic);
  const sometimesWrong: FakeModel = context => (context.length % 5 === 0 ? 120 : chaotic(context));
  const { tokens, accepted } = await run(chaotic, engineOf(sometimesWrong));
  assert.deepEqual(tokens, plain.tokens);
  assert.equal(Math.max(...accepted), 4);
});

test("phrases of the window are verified after the chain, and longer drafts are accepted with them", async () => {
  const plain = await run(repeating, undefined, 120);
  const { tokens, drafted, accepted } = await run(repeating, engineOf(repeating), 120);
  assert.deepEqual(tokens, plain.tokens);
  // Twelve of the chain and the six of a phrase.
  assert.equal(Math.max(...accepted), 18);
  assert.ok(Math.max(...drafted) >= 18, `${drafted}`);
});

test("a draft model with little room drafts without the window", async () => {
  const plain = await run(chaotic);
  const { tokens, drafted } = await run(chaotic, engineOf(chaotic, 8));
  assert.deepEqual(tokens, plain.tokens);
  assert.ok(
    drafted.slice(0, 3).every(count => count === 12),
    `${drafted}`,
  );
});

test("predictions after a wrong token make phrases as long as the chain continues as predicted", () => {
  // The chain is 1 to 12; from its fifth token on the model would have gone on as the chain does, but for the eleventh.
  const chain = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
  const after = [0, 0, 0, 0, 6, 7, 8, 9, 10, 50, 12, 13];
  assert.deepEqual(phrasesAfterError(chain, after, 4), [[5, [6, 7, 8, 9, 10, 50]]]);
  assert.deepEqual(phrasesAfterError(chain, after, 7), [], "five tokens are left");
});
