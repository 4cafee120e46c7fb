import assert from "node:assert/strict";
import { test } from "node:test";
import { DidChangeConfigurationNotification } from "vscode-languageserver-protocol/node";
import { ExplainLastRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";
import { until } from "../fakes/until.ts";

const LANGUAGE = "sketch";
const URI = "file:///project/sample.sketch";
const AT = { line: 0, character: 4 };

async function opened(engine: FakeEngine, settings: object) {
  const client = await connect(
    { modelLoader: () => async () => ({ engine }) },
    { settings: { prefetch: false, ...settings } },
  );
  client.open(URI, "a = \nb = 2\n", LANGUAGE);
  const last = async () => {
    const { last } = await client.connection.sendRequest(ExplainLastRequest);
    assert.ok(last);
    return last;
  };
  return { ...client, last };
}

test("a request waits for the configured delay before anything is computed, unless it was explicit", async () => {
  const engine = new FakeEngine(saying("first\n"));
  const client = await opened(engine, { delayMs: 800 });
  const asked = client.complete(URI, AT);
  await client.last().catch(() => undefined);
  assert.equal(engine.decodes, 0);
  assert.equal((await asked.items)[0]?.insertText, "first");
  assert.ok(((await client.last()).timeline.queuedMs ?? 0) >= 790);
  await client.complete(URI, { line: 1, character: 5 }, undefined, { triggerKind: 1 }).items;
  assert.ok(((await client.last()).timeline.queuedMs ?? 1000) < 790);
  await client.close();
});

test("only the last of several waiting requests is computed", async () => {
  const engine = new FakeEngine(saying("first\n"));
  const client = await opened(engine, { delayMs: 100, drafts: false });
  const asked = [0, 1, 2].map(() => client.complete(URI, AT));
  const answers = await Promise.all(asked.map(async ({ items }) => (await items)[0]?.insertText));
  assert.deepEqual(answers, [undefined, undefined, "first"]);
  assert.equal(engine.decodes, "first\n".length + 1, "computed once, its end included");
  await client.close();
});

test("a waiting request is not computed if completions are turned off meanwhile", async () => {
  for (const off of [{ enabled: false }, { languages: { [LANGUAGE]: false } }]) {
    const engine = new FakeEngine(saying("first\n"));
    const client = await opened(engine, { delayMs: 100 });
    const asked = client.complete(URI, AT);
    await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
      settings: { foretoken: off },
    });
    assert.deepEqual(await asked.items, []);
    assert.deepEqual([engine.decodes, (await client.last()).outcome], [0, { kind: "aborted" }]);
    await client.close();
  }
});

test("a request waits even without a configured delay if the first text takes long", async () => {
  const engine = new FakeEngine(saying("first\n"));
  engine.beforeDecode = () => new Promise(resolve => setTimeout(resolve, 180));
  const client = await opened(engine, { drafts: false });
  engine.prefill = async tokens => {
    await new Promise(resolve => setTimeout(resolve, 300));
    engine.context = [...tokens];
    return { kind: "prefilled", reused: 0, computed: tokens.length };
  };
  // The first three say nothing about the model: none of their prompts is in the KV cache.
  for (const name of ["one", "two", "three"]) {
    const uri = `file:///project/${name}.sketch`;
    client.open(uri, "a = \nb = 2\n", LANGUAGE);
    await client.complete(uri, AT).items;
  }
  engine.beforeDecode = async () => {};
  await client.complete(URI, { line: 1, character: 5 }).items;
  assert.ok(((await client.last()).timeline.queuedMs ?? 0) > 100);
  await client.close();
});

test("text is shown the configured time after the last key, but at once when the user types along", async () => {
  const engine = new FakeEngine(saying("first\n"));
  const client = await opened(engine, { showAfterMs: 800 });
  const edited = performance.now();
  const asked = client.complete(URI, AT);
  await until("a decode", () => engine.decodes > 0);
  assert.deepEqual(asked.partial, []);
  assert.equal((await asked.items)[0]?.insertText, "first");
  assert.ok(performance.now() - edited >= 790);
  client.change(URI, 2, [{ range: { start: AT, end: AT }, text: "fi" }]);
  const [item] = await client.complete(URI, { line: 0, character: 6 }).items;
  assert.equal(item?.insertText, "rst");
  const { outcome, timeline } = await client.last();
  assert.deepEqual(outcome, { kind: "typedThrough" });
  assert.ok(timeline.endMs < 790);
  await client.close();
});

test("a request cancelled while its text is held back ends as aborted", async () => {
  const client = await opened(new FakeEngine(saying("first\n")), { showAfterMs: 10_000 });
  const asked = client.complete(URI, AT);
  await client.last().catch(() => undefined);
  asked.cancel();
  assert.deepEqual(await asked.items.catch(() => []), []);
  assert.deepEqual((await client.last()).outcome, { kind: "aborted" });
  await client.close();
});
