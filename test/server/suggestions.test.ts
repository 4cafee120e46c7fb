import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  DidChangeConfigurationNotification,
  DidCloseTextDocumentNotification,
  ExecuteCommandRequest,
  type InlineCompletionItem,
} from "vscode-languageserver-protocol/node";
import {
  ACCEPT_COMMAND,
  DidShowCompletionNotification,
  ExplainLastRequest,
  type InitializationOptions,
} from "../../server/protocol/messages.ts";
import { connect, type TestClient } from "../fakes/client.ts";
import { answering, FakeEngine } from "../fakes/engine.ts";
import { until } from "../fakes/until.ts";

const LANGUAGE = "sketch";
const URI = "file:///project/sample.sketch";
const AT = { line: 0, character: 4 };

/** Answers "a = ", and then the text after that answer, to show what is computed ahead. */
const engineOf = () => new FakeEngine(answering({ "a = ": "first", "a = first": "(second)" }));

async function opened(engine: FakeEngine, options: InitializationOptions = {}, text = "a = ") {
  const client = await connect({ modelLoader: () => async () => ({ engine }) }, options);
  client.open(URI, text, LANGUAGE);
  return client;
}

async function itemAt(client: TestClient, at = AT): Promise<InlineCompletionItem> {
  const [item] = await client.complete(URI, at).items;
  assert.ok(item);
  return item;
}

const insert = (client: TestClient, version: number, character: number, text: string) => {
  const at = { line: 0, character };
  client.change(URI, version, [{ range: { start: at, end: at }, text }]);
};
const accept = (client: TestClient, item: InlineCompletionItem) =>
  client.connection.sendRequest(ExecuteCommandRequest.type, {
    command: ACCEPT_COMMAND,
    arguments: item.command?.arguments ?? [],
  });
/** Makes a client one that reports what it shows. Returns a function that reports an item. */
async function telling({ connection }: TestClient) {
  const tell = (item: InlineCompletionItem) =>
    connection.sendNotification(DidShowCompletionNotification, { item });
  await tell({ insertText: "of another server" });
  return tell;
}
const counted = async (client: TestClient, accepted: number) =>
  (await client.status(({ suggestions }) => suggestions?.accepted === accepted)).suggestions;

test("each item carries the announced command with an id of its own", async () => {
  const client = await opened(engineOf());
  assert.deepEqual(client.initialized.capabilities.executeCommandProvider, { commands: [ACCEPT_COMMAND] });
  const [first, second] = [await itemAt(client), await itemAt(client)];
  assert.equal(first.command?.command, ACCEPT_COMMAND);
  assert.notDeepEqual(first.command?.arguments, second.command?.arguments);
  await client.close();
});

test("a client with a command of its own gets items that carry it, and the server announces none", async () => {
  const client = await opened(engineOf(), { acceptCommand: "editor.accepted" });
  assert.equal(client.initialized.capabilities.executeCommandProvider, undefined);
  const item = await itemAt(client);
  assert.equal(item.command?.command, "editor.accepted");
  insert(client, 2, 4, "first");
  await accept(client, item);
  assert.deepEqual(await counted(client, 1), { shown: 1, accepted: 1 });
  await client.close();
});

test("an acceptance counts once, whether the edit, the command or both report it", async () => {
  const client = await opened(engineOf());
  const item = await itemAt(client);
  insert(client, 2, 4, "first");
  await counted(client, 1);
  await accept(client, item);
  const next = await itemAt(client, { line: 0, character: 9 });
  assert.equal(next.insertText, "(second)");
  // An editor that closes the bracket itself inserts less than was suggested.
  insert(client, 3, 9, "(second");
  await accept(client, next);
  assert.deepEqual(await counted(client, 2), { shown: 2, accepted: 2 });
  await accept(client, { insertText: "", command: { title: "", command: "", arguments: ["no such id"] } });
  await client.connection.sendRequest(ExplainLastRequest);
  assert.equal(client.statuses.at(-1)?.suggestions?.accepted, 2);
  await client.close();
});

test("a suggestion that the user types along counts as one suggestion", async () => {
  const client = await opened(engineOf(), { settings: { prefetch: false } });
  await itemAt(client);
  insert(client, 2, 4, "fi");
  assert.equal((await itemAt(client, { line: 0, character: 6 })).insertText, "rst");
  insert(client, 3, 6, "rst");
  assert.deepEqual(await counted(client, 1), { shown: 1, accepted: 1 });
  await client.close();
});

test("a client that reports what it shows has nothing computed ahead until it reports an item", async () => {
  const engine = engineOf();
  const client = await opened(engine);
  const tell = await telling(client);
  const item = await itemAt(client);
  const { decodes } = engine;
  await pause(50);
  assert.equal(engine.decodes, decodes);
  await tell(item);
  await until("a decode", () => engine.decodes !== decodes);
  await client.close();
});

test("nothing is computed ahead of a shown item if its document was closed or completions are off", async () => {
  const leave: ((client: TestClient) => Promise<void>)[] = [
    client =>
      client.connection.sendNotification(DidCloseTextDocumentNotification.type, {
        textDocument: { uri: URI },
      }),
    ...[{ enabled: false }, { languages: { [LANGUAGE]: false } }].map(
      settings => (client: TestClient) =>
        client.connection.sendNotification(DidChangeConfigurationNotification.type, {
          settings: { foretoken: settings },
        }),
    ),
  ];
  for (const left of leave) {
    const engine = engineOf();
    const client = await opened(engine);
    const tell = await telling(client);
    const item = await itemAt(client);
    const { decodes } = engine;
    await left(client);
    await tell(item);
    await pause(50);
    assert.equal(engine.decodes, decodes);
    await client.close();
  }
});
