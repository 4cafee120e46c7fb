/**
 * A client that speaks LSP 3.18 and nothing else: no partial results, no versions in its requests, none of our
 * notifications. It sends options only so that the test leaves the user's folders alone.
 */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createConnection } from "vscode-languageserver/node";
import {
  createProtocolConnection,
  DidChangeConfigurationNotification,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ErrorCodes,
  ExecuteCommandRequest,
  InitializedNotification,
  InitializeRequest,
  type InlineCompletionItem,
  InlineCompletionRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { messageGate } from "../../server/lsp/index.ts";
import { startServer } from "../../server/server.ts";
import { FakeEngine, saying, steppedEngine } from "../fakes/engine.ts";
import { Pipe } from "../fakes/pipe.ts";

const URI = "file:///project/sample.sketch";
const LINE = "a = ";

async function plainClient(engine: FakeEngine, text = `${LINE}\n`, settings: object = {}) {
  const [toServer, toClient] = [new Pipe(), new Pipe()];
  startServer(
    createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient), messageGate()),
    {
      modelLoader: () => async () => ({ engine }),
    },
  );
  const connection = createProtocolConnection(
    new StreamMessageReader(toClient),
    new StreamMessageWriter(toServer),
  );
  connection.listen();
  const { capabilities } = await connection.sendRequest(InitializeRequest.type, {
    processId: null,
    rootUri: null,
    initializationOptions: {
      storageDirectory: join(tmpdir(), "foretoken-plain-client"),
      settings: { firstDatastore: false, ...settings },
    },
    capabilities: { textDocument: { inlineCompletion: { dynamicRegistration: false } } },
  });
  await connection.sendNotification(InitializedNotification.type, {});
  await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri: URI, languageId: "sketch", version: 1, text },
  });
  let version = 1;
  const ask = (character: number) =>
    connection.sendRequest(InlineCompletionRequest.type, {
      textDocument: { uri: URI },
      position: { line: 0, character },
      context: { triggerKind: 2 },
    });
  return {
    capabilities,
    connection,
    ask,
    async complete(character: number): Promise<InlineCompletionItem | undefined> {
      const answer = await ask(character);
      return (Array.isArray(answer) ? answer : answer?.items)?.[0];
    },
    replace: (from: number, to: number, text: string) =>
      connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri: URI, version: ++version },
        contentChanges: [
          { range: { start: { line: 0, character: from }, end: { line: 0, character: to } }, text },
        ],
      }),
    async close() {
      await connection.sendRequest(ShutdownRequest.type);
      connection.dispose();
    },
  };
}

test("a plain client gets a completion, and the matching rest after typing along and deleting", async () => {
  const engine = new FakeEngine(saying("first + second\n"));
  // Decodes computed ahead would be counted too.
  const client = await plainClient(engine, undefined, { prefetch: false });
  assert.ok(client.capabilities.inlineCompletionProvider);
  assert.equal((await client.complete(4))?.insertText, "first + second");
  const { decodes } = engine;
  await client.replace(4, 4, "first");
  assert.equal((await client.complete(9))?.insertText, " + second");
  await client.replace(6, 9, "");
  assert.equal((await client.complete(6))?.insertText, "rst + second");
  await client.replace(4, 6, "");
  const item = await client.complete(4);
  assert.deepEqual(
    [item?.insertText, item?.range],
    ["first + second", { start: { line: 0, character: 4 }, end: { line: 0, character: 4 } }],
  );
  assert.equal(engine.decodes, decodes, "without the model");
  await client.close();
});

test("a plain client can report an acceptance by the command that its item carries and the server announces", async () => {
  const client = await plainClient(new FakeEngine(saying("first\n")));
  const { command } = (await client.complete(4)) ?? {};
  assert.ok(command && client.capabilities.executeCommandProvider?.commands.includes(command.command));
  await client.replace(4, 4, "first");
  const { command: name, arguments: ids = [] } = command;
  assert.equal(
    await client.connection.sendRequest(ExecuteCommandRequest.type, { command: name, arguments: ids }),
    null,
  );
  await client.close();
});

test("a second initialize request is refused, and the first one stays in effect", async () => {
  const engine = new FakeEngine(saying("b + c"));
  const client = await plainClient(engine);
  const again = client.connection.sendRequest(InitializeRequest.type, {
    processId: null,
    rootUri: null,
    capabilities: {},
  });
  await assert.rejects(again, /already been initialized/);
  assert.equal((await client.complete(LINE.length))?.insertText, "b + c");
  await client.connection.sendRequest(ShutdownRequest.type);
});

test("an empty list says that there is nothing to show, null that the request was given up", async () => {
  const client = await plainClient(new FakeEngine(saying("\n")));
  assert.deepEqual(await client.ask(4), []);
  assert.deepEqual(await client.ask(1), [], "before a word");
  await client.close();

  const { engine, run } = steppedEngine(saying("first\n"));
  const waiting = await plainClient(engine);
  const older = waiting.ask(4);
  const newer = waiting.ask(3);
  // Until both have reached the model.
  await waiting.connection.sendRequest("foretoken/explainLast");
  run();
  assert.equal(await older, null);
  assert.ok(Array.isArray(await newer));
  await waiting.close();
});

test("settings of the initialization stay where a later change does not name them, and null changes none", async () => {
  const client = await plainClient(new FakeEngine(saying("b + c\n")), undefined, { trigger: "manual" });
  const change = (foretoken: unknown) =>
    client.connection.sendNotification(DidChangeConfigurationNotification.type, { settings: { foretoken } });
  for (const values of [{ maxTokens: 5 }, null, undefined, {}]) {
    await change(values);
    assert.deepEqual(await client.ask(4), [], JSON.stringify(values));
  }
  await change({ trigger: "automatic" });
  assert.equal((await client.complete(4))?.insertText, "b + c");
  await client.close();
});

test("a command that the server does not have is refused", async () => {
  const client = await plainClient(new FakeEngine(saying("b")));
  const asked = client.connection.sendRequest(ExecuteCommandRequest.type, { command: "no.such" });
  await assert.rejects(asked, { code: ErrorCodes.InvalidParams, message: /no command no\.such/ });
  await client.close();
});

test("a document with lone carriage returns is completed like one with line feeds", async () => {
  const texts = [];
  for (const lineEnd of ["\r", "\n", "\r\n"]) {
    const engine = new FakeEngine(saying("first\n"));
    let prompt: number[] | undefined;
    engine.beforeDecode = async () => {
      prompt ??= [...engine.context];
    };
    const client = await plainClient(engine, `a = ${lineEnd}b = 2${lineEnd}`, { prefetch: false });
    const text = (await client.complete(4))?.insertText;
    texts.push([text, new TextDecoder().decode(Uint8Array.from(prompt ?? []))]);
    await client.close();
  }
  assert.equal(texts[1]?.[0], "first");
  assert.deepEqual(texts[0], texts[1]);
  assert.deepEqual(texts[2], texts[1]);
});
