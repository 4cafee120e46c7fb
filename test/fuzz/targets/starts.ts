/** Initializations of any shape: the server starts, answers a sound request, and shuts down. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { createConnection } from "vscode-languageserver/node";
import {
  createProtocolConnection,
  DidOpenTextDocumentNotification,
  InitializedNotification,
  InlineCompletionRequest,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { messageGate } from "../../../server/lsp/index.ts";
import { startServer } from "../../../server/server.ts";
import { FakeEngine, saying } from "../../fakes/engine.ts";
import { oddText, oddValue, pick } from "../random.ts";
import { type FuzzTarget, type Random, within } from "../target.ts";

const URIS = [
  "file:///nowhere",
  "file://host/share",
  "file:///c%3A/folder",
  "vscode-vfs://github/a/b",
  "file:",
  "%",
  "",
];

function params(random: Random, folder: string): Record<string, unknown> {
  const uri = pick(random, URIS);
  const options: Record<string, unknown> = {
    storageDirectory: folder,
    trusted: random() < 0.5,
    retryLoads: random() < 0.5,
    acceptCommand: pick(random, ["a.b", "", undefined]),
    settings: oddValue(random),
  };
  const whole: Record<string, unknown> = {
    processId: null,
    rootUri: uri,
    rootPath: oddText(random, 1),
    workspaceFolders: [{ uri: pick(random, URIS), name: oddText(random, 1) }],
    capabilities: {
      workspace: { workspaceFolders: true, didChangeConfiguration: { dynamicRegistration: random() < 0.5 } },
    },
    initializationOptions: options,
  };
  // Nothing else tells where to keep things than a folder that is the test's own.
  for (const each of [whole, options])
    for (const key of Object.keys(each))
      if (key !== "storageDirectory" && key !== "processId" && random() < 0.25) each[key] = oddValue(random);
  return whole;
}

async function attempt(random: Random, folder: string): Promise<void> {
  const [toServer, toClient] = [new PassThrough(), new PassThrough()];
  const server = createConnection(
    new StreamMessageReader(toServer),
    new StreamMessageWriter(toClient),
    messageGate(),
  );
  const engine = new FakeEngine(saying("first\n"));
  startServer(server, { modelLoader: () => async () => ({ engine }) });
  const client = createProtocolConnection(
    new StreamMessageReader(toClient),
    new StreamMessageWriter(toServer),
  );
  client.onRequest("client/registerCapability", () => null);
  client.listen();
  try {
    const given = params(random, folder);
    const answered = client.sendRequest("initialize", given).then(
      () => true,
      // Refused with an error is answered, too: what a client can do is not known then.
      () => false,
    );
    if (!(await within(5_000, `initialize ${JSON.stringify(given)}`, answered))) return;
    await client.sendNotification(InitializedNotification.type, {});
    await client.sendNotification("workspace/didChangeConfiguration", {
      settings: { foretoken: { prefetch: false, firstDatastore: false, languages: { "*": true } } },
    });
    const uri = "file:///probe.sketch";
    await client.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri, languageId: "sketch", version: 1, text: "a = " },
    });
    const asked = client.sendRequest(InlineCompletionRequest.type, {
      textDocument: { uri },
      position: { line: 0, character: 4 },
      context: { triggerKind: 1 },
    });
    const answer = await within(5_000, `a request after ${JSON.stringify(given)}`, asked);
    const [item] = Array.isArray(answer) ? answer : (answer?.items ?? []);
    assert.equal(item?.insertText, "first", JSON.stringify(given));
    await within(5_000, "shutdown", client.sendRequest(ShutdownRequest.method));
  } finally {
    client.dispose();
    server.dispose();
  }
}

export const starts: FuzzTarget = {
  name: "starts",
  open: async folder => ({ attempt: random => attempt(random, folder), close: async () => {} }),
};
