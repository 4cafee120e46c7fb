import assert from "node:assert/strict";
import { test } from "node:test";
import { DidFocusNotification, ExplainLastRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, type FakeModel, saying } from "../fakes/engine.ts";

const URI = "file:///project/sample.py";
const ASKED = { triggerKind: 1 as const };

async function opened(text: string, engine: FakeEngine, settings = {}) {
  const client = await connect({ modelLoader: () => async () => ({ engine }) }, { settings });
  // Nothing is kept before the grammar of a language is loaded: this language has none.
  client.open(URI, text, "ruby");
  const lines = text.split("\n");
  const position = { line: lines.length - 1, character: (lines.at(-1) ?? "").length };
  return {
    client,
    engine,
    /** The suggestion at the end of the text. */
    async suggested(context = {}) {
      const [item] = await client.complete(URI, position, undefined, context).items;
      return item?.insertText;
    },
    explained: () => client.connection.sendRequest(ExplainLastRequest),
  };
}

/** An engine that gives each byte of its text this probability. */
function surenessEngine(model: FakeModel, probability: number): FakeEngine {
  const engine = new FakeEngine(model);
  const others = 255;
  const logit = Math.log((probability * others) / (1 - probability));
  engine.distribution = context => {
    const said = model(context);
    return Array.from({ length: others + 1 }, (_, token): [number, number] =>
      token === said ? [token, logit] : [token === 0 ? 257 : token, 0],
    );
  };
  return engine;
}

test("closing brackets alone are suggested only on explicit request", async () => {
  const { client, suggested, explained } = await opened("print(total", new FakeEngine(saying(")\n")));
  assert.equal(await suggested(), undefined);
  const { last, markdown } = await explained();
  assert.deepEqual(last?.outcome, { kind: "empty", why: "closersOnly" });
  assert.equal(last.text, ")", "what was held back is explained");
  assert.match(markdown, /only close what is open/);
  assert.equal(await suggested(ASKED), ")");
  assert.deepEqual((await explained()).last?.outcome, { kind: "shown" });
  await client.close();
});

test("closing brackets are suggested together with the text that follows them", async () => {
  const { client, suggested } = await opened("print(total", new FakeEngine(saying(").strip()\n")));
  assert.equal(await suggested(), ").strip()");
  await client.close();
});

test("closing brackets that were held back are not computed again the next time", async () => {
  const { client, engine, suggested } = await opened("print(total", new FakeEngine(saying(")\n")));
  await suggested();
  const { decodes } = engine;
  assert.equal(await suggested(), undefined);
  assert.equal(engine.decodes, decodes);
  await client.close();
});

test("a first line below the minimum confidence is not shown, and the explanation gives its confidence", async () => {
  const engine = surenessEngine(saying("return a\n"), 0.3);
  const { client, suggested, explained } = await opened("def f(a):\n    ", engine, { minConfidence: 0.5 });
  assert.equal(await suggested(), undefined);
  const { last, markdown } = await explained();
  assert.ok(last?.outcome.kind === "empty" && last.outcome.why === "lowConfidence");
  assert.ok(Math.abs((last.outcome.confidence ?? 0) - 0.3) < 0.01, `${last.outcome.confidence}`);
  assert.match(markdown, /0\.30/);
  assert.match(markdown, /minConfidence/);
  assert.equal(await suggested(ASKED), "return a");
  await client.close();
});

test("a first line above the minimum confidence is shown once it is complete", async () => {
  const engine = surenessEngine(saying("return a\n"), 0.7);
  const { client } = await opened("def f(a):\n    ", engine, { minConfidence: 0.5 });
  const asked = client.complete(URI, { line: 1, character: 4 });
  const [item] = await asked.items;
  assert.equal(item?.insertText, "return a");
  assert.deepEqual(new Set(asked.partial), new Set(["return a"]));
  await client.close();
});

test("probabilities are computed only if the setting requires them", async () => {
  let asked = 0;
  const engine = new FakeEngine(saying("return a\n"));
  const decode = engine.decode.bind(engine);
  engine.decode = async (tree, signal) => {
    const outcome = await decode(tree, signal);
    if (outcome.kind !== "decoded") return outcome;
    const { probability } = outcome.decoded;
    const counted = (node: number, token: number) => {
      asked++;
      return probability(node, token);
    };
    return { kind: "decoded", decoded: { ...outcome.decoded, probability: counted } };
  };
  for (const [minConfidence, expected] of [
    [0, false],
    [0.2, true],
  ] as const) {
    asked = 0;
    const { client, suggested } = await opened("def f(a):\n    ", engine, { minConfidence });
    assert.equal(await suggested(), "return a");
    assert.equal(asked > 0, expected);
    await client.close();
  }
});

test("a completion has at most the configured number of lines, and the model stops there", async () => {
  const text = "if a:\n        b()\n        c()\n        d()\n        e()\n";
  const engine = new FakeEngine(saying(text));
  const { client, suggested, explained } = await opened("def f(a):\n    ", engine, {
    maxLines: 2,
    prefetch: false,
  });
  assert.equal(await suggested(), "if a:\n        b()");
  assert.deepEqual((await explained()).last?.computed?.finishReason, "maxLines");
  assert.ok((await explained()).last!.computed!.tokens < text.length / 2);
  await client.close();
});

test("with the manual trigger, nothing is computed without an explicit request, not even ahead", async () => {
  const { client, engine, suggested, explained } = await opened("x = ", new FakeEngine(saying("1\n")), {
    trigger: "manual",
  });
  await client.status(({ state }) => state === "ready");
  const before = engine.prefills;
  await client.connection.sendNotification(DidFocusNotification, {
    textDocument: { uri: URI },
    position: { line: 0, character: 4 },
  });
  assert.equal(await suggested(), undefined);
  const { last, markdown } = await explained();
  assert.deepEqual(last?.outcome, { kind: "suppressed", why: "manual" });
  assert.match(markdown, /foretoken\.trigger/);
  await new Promise(resolve => setTimeout(resolve, 250));
  assert.equal(engine.prefills - before, 0);
  assert.equal(await suggested(ASKED), "1");
  await new Promise(resolve => setTimeout(resolve, 100));
  assert.equal(engine.prefills - before, 1, "nothing is computed ahead");
  await client.close();
});
