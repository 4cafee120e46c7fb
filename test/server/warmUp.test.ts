import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Engine } from "../../server/engine/engine.ts";
import { DidFocusNotification, FreeMemoryRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { chaotic, FakeEngine, saying, steppedEngine } from "../fakes/engine.ts";
import { until } from "../fakes/until.ts";

const URI = "file:///project/sample.py";
const TEXT = "def add(a, b):\n    ";
const position = { line: 1, character: 4 };

/** An engine that counts what it prefills. */
function watched(engine = new FakeEngine(saying("x\n"))) {
  const prefills: string[] = [];
  const prefill = engine.prefill.bind(engine);
  engine.prefill = async (tokens, signal): ReturnType<Engine["prefill"]> => {
    prefills.push(new TextDecoder().decode(Uint8Array.from(tokens.filter(token => token < 256))));
    return prefill(tokens, signal);
  };
  return { engine, prefills };
}

async function opened(engine: FakeEngine, settings = {}) {
  const client = await connect({ modelLoader: () => async () => ({ engine }) }, { settings });
  client.open(URI, TEXT);
  return client;
}

const focus = { textDocument: { uri: URI }, position };

test("the prompt of a document that gets the focus is prefilled, and nothing is decoded", async () => {
  const { engine, prefills } = watched();
  const client = await opened(engine);
  await client.status(({ state }) => state === "ready");
  await client.connection.sendNotification(DidFocusNotification, focus);
  await until("a prefill", () => prefills.length > 0);
  assert.deepEqual([prefills, engine.decodes], [[TEXT], 0]);
  assert.ok(client.statuses.every(({ state }) => state !== "working"));
  await client.close();
});

test("a document that gets the focus during another completion is prefilled after it", async () => {
  const { engine: stepped, allow, run } = steppedEngine(saying("x\n"));
  const { engine, prefills } = watched(stepped);
  const client = await opened(engine);
  const other = "file:///project/other.py";
  client.open(other, "y = ");
  const asked = client.complete(other, { line: 0, character: 4 });
  await allow(1);
  await client.connection.sendNotification(DidFocusNotification, focus);
  await pause(250);
  assert.equal(prefills.includes(TEXT), false);
  run();
  assert.equal((await asked.items)[0]?.insertText, "x");
  await until("the prefill of the text", () => prefills.includes(TEXT));
  await client.close();
});

test("a document that had the focus before the model was loaded is prefilled once it is loaded", async () => {
  const { engine, prefills } = watched();
  let load = () => {};
  const loaded = new Promise<void>(resolve => {
    load = resolve;
  });
  const client = await connect({
    modelLoader: () => async () => {
      await loaded;
      return { engine };
    },
  });
  client.open(URI, TEXT);
  await client.connection.sendNotification(DidFocusNotification, focus);
  await pause(250);
  assert.deepEqual(prefills, []);
  load();
  await until("a prefill", () => prefills.length > 0);
  await client.close();
});

test("the last requested position is prefilled again once nothing has been typed for a while", async () => {
  const { engine, prefills } = watched();
  const client = await opened(engine, { prefetch: true });
  await client.complete(URI, position).items;
  const start = { line: 0, character: 0 };
  client.change(URI, 2, [{ range: { start, end: start }, text: "import os\n" }]);
  client.change(URI, 3, [{ range: { start: position, end: position }, text: "# " }]);
  await until("the prefill of the import", () => prefills.at(-1)?.startsWith("import os") ?? false);
  await client.close();
});

test("nothing is prefilled ahead if prefetching or the language is off, or without a known position", async () => {
  for (const [settings, params] of [
    [{ prefetch: false }, focus],
    [{ languages: { python: false } }, focus],
    [{}, { textDocument: { uri: URI } }],
    [{}, { textDocument: { uri: "file:///elsewhere.py" }, position }],
    [{}, {}],
  ] as const) {
    const { engine, prefills } = watched();
    const client = await opened(engine, settings);
    await client.status(({ state }) => state === "ready");
    await client.connection.sendNotification(DidFocusNotification, params);
    await pause(250);
    assert.deepEqual(prefills, []);
    await client.close();
  }
});

test("a freed model is not loaded just to be warmed up", async () => {
  let loads = 0;
  const { engine, prefills } = watched(new FakeEngine(chaotic));
  const client = await connect({
    modelLoader: () => async () => {
      loads++;
      return { engine };
    },
  });
  client.open(URI, TEXT);
  await client.status(({ state }) => state === "ready");
  await client.connection.sendRequest(FreeMemoryRequest);
  await client.connection.sendNotification(DidFocusNotification, focus);
  await pause(250);
  assert.deepEqual([loads, prefills.length], [1, 0]);
  await client.close();
});
