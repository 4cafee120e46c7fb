/**
 * What a client gets that speaks LSP 3.18 and nothing else: no partial results, no versions in its requests, none
 * of our notifications. It has options only so that the test leaves the user's folders alone.
 */
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createConnection } from "vscode-languageserver/node";
import {
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExecuteCommandRequest,
  InitializedNotification,
  InitializeRequest,
  type InlineCompletionItem,
  InlineCompletionRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { startServer } from "../../server/server.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";
import { Pipe } from "../fakes/pipe.ts";

const URI = "file:///project/sample.sketch";
const LINE = "a = ";

async function plainClient(engine: FakeEngine) {
  const [toServer, toClient] = [new Pipe(), new Pipe()];
  startServer(createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)), {
    modelLoader: () => async () => ({ engine }),
  });
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
      settings: { firstDatastore: false },
    },
    capabilities: { textDocument: { inlineCompletion: { dynamicRegistration: false } } },
  });
  await connection.sendNotification(InitializedNotification.type, {});
  await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri: URI, languageId: "sketch", version: 1, text: `${LINE}\n` },
  });
  let version = 1;
  return {
    capabilities,
    connection,
    async complete(character: number): Promise<InlineCompletionItem | undefined> {
      const answer = await connection.sendRequest(InlineCompletionRequest.type, {
        textDocument: { uri: URI },
        position: { line: 0, character },
        context: { triggerKind: 2 },
      });
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

test("it gets a completion, and what it types of that and takes back without the model", async () => {
  const engine = new FakeEngine(saying("first + second\n"));
  const client = await plainClient(engine);
  assert.ok(client.capabilities.inlineCompletionProvider);
  assert.equal((await client.complete(4))?.insertText, "first + second");
  await client.replace(4, 4, "first");
  const { decodes } = engine;
  assert.equal((await client.complete(9))?.insertText, " + second");
  await client.replace(6, 9, "");
  assert.equal((await client.complete(6))?.insertText, "rst + second");
  await client.replace(4, 6, "");
  const item = await client.complete(4);
  assert.deepEqual(
    [item?.insertText, item?.range],
    ["first + second", { start: { line: 0, character: 4 }, end: { line: 0, character: 4 } }],
  );
  assert.ok(engine.decodes >= decodes);
  await client.close();
});

test("it can report of an acceptance by the command that its item carries and the server announces", async () => {
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

test("a second initialization is refused, and the first one stays", async () => {
  const engine = new FakeEngine(saying("b + c"));
  const client = await plainClient(engine);
  const again = client.connection.sendRequest(InitializeRequest.type, {
    processId: null,
    rootUri: null,
    capabilities: {},
  });
  await assert.rejects(again, /initialized before/);
  assert.equal((await client.complete(LINE.length))?.insertText, "b + c");
  await client.connection.sendRequest(ShutdownRequest.type);
});
