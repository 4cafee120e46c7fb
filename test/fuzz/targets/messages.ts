/** Messages of any shape: the server answers the next sound request as if they had not come. */
import assert from "node:assert/strict";
import {
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
} from "vscode-languageserver-protocol/node";
import { connect, type TestClient } from "../../fakes/client.ts";
import { FakeEngine, saying } from "../../fakes/engine.ts";
import { below } from "../../fakes/random.ts";
import { oddNumber, oddText, oddValue, pick } from "../random.ts";
import { type FuzzTarget, type Random, within } from "../target.ts";

const URIS = [
  "file:///a.py",
  "file://host/b.py",
  "file:///C:/c.py",
  "untitled:Untitled-1",
  "vscode-notebook-cell:/n.ipynb#W0",
  "not a uri",
  "",
  "file:///%ZZ%00",
];
const NOTIFICATIONS = [
  "textDocument/didOpen",
  "textDocument/didChange",
  "textDocument/didClose",
  "textDocument/didFocus",
  "textDocument/didShowCompletion",
  "textDocument/didPartiallyAcceptCompletion",
  "notebookDocument/didOpen",
  "notebookDocument/didChange",
  "notebookDocument/didClose",
  "workspace/didChangeConfiguration",
  "workspace/didChangeWatchedFiles",
  "workspace/didChangeWorkspaceFolders",
  "foretoken/didChangeTrust",
  "$/cancelRequest",
  "no/such",
];
const REQUESTS = [
  "textDocument/inlineCompletion",
  "workspace/executeCommand",
  "foretoken/explainLast",
  "foretoken/rebuildDatastore",
  "no/such",
];

const position = (random: Random) => ({ line: oddNumber(random), character: oddNumber(random) });
const range = (random: Random) => ({ start: position(random), end: position(random) });

/** Parameters that are nearly right, with some of their parts anything. */
function params(random: Random): unknown {
  const uri = pick(random, URIS);
  const cell = { kind: oddNumber(random), document: pick(random, URIS) };
  const whole: Record<string, unknown> = {
    textDocument: {
      uri,
      languageId: pick(random, ["python", "go", ""]),
      version: oddNumber(random),
      text: oddText(random),
    },
    position: position(random),
    context: {
      triggerKind: pick(random, [0, 1, 2, 7]),
      selectedCompletionInfo: { range: range(random), text: oddText(random, 2) },
    },
    contentChanges: [{ range: range(random), text: oddText(random, 2) }, { text: oddText(random, 2) }],
    notebookDocument: { uri, notebookType: "jupyter-notebook", version: 1, cells: [cell, cell] },
    cellTextDocuments: [{ uri, languageId: "python", version: 1, text: oddText(random) }],
    change: {
      cells: {
        structure: { array: { start: oddNumber(random), deleteCount: oddNumber(random), cells: [cell] } },
        data: [cell],
        textContent: [{ document: { uri, version: 2 }, changes: [{ text: oddText(random, 2) }] }],
      },
    },
    settings: { foretoken: { maxTokens: oddNumber(random), languages: oddValue(random) } },
    changes: [{ uri, type: oddNumber(random) }],
    event: { added: [{ uri, name: "" }], removed: [{ uri, name: "" }] },
    item: { insertText: oddText(random, 2), command: { arguments: [oddValue(random)] } },
    acceptedLength: oddNumber(random),
    trusted: true,
    command: "foretoken.didAccept",
    arguments: [oddValue(random)],
  };
  for (const key of Object.keys(whole)) if (random() < 0.15) whole[key] = oddValue(random);
  return random() < 0.9 ? whole : oddValue(random);
}

async function attempt(random: Random, client: TestClient, count: number): Promise<void> {
  const { connection } = client;
  const asked: Promise<unknown>[] = [];
  for (let i = 5 + below(random, 10); i > 0; i--) {
    if (random() < 0.7) await connection.sendNotification(pick(random, NOTIFICATIONS), params(random));
    else {
      // Rebuilding would build: only its malformed parameters are of interest, and it knows no such source.
      const answer = connection.sendRequest(pick(random, REQUESTS), params(random));
      asked.push(answer.then(undefined, () => undefined));
    }
  }
  await within(10_000, "answering odd requests", Promise.all(asked));
  await connection.sendNotification("foretoken/didChangeTrust", { trusted: true });
  await connection.sendNotification("workspace/didChangeConfiguration", {
    settings: {
      foretoken: { enabled: true, prefetch: false, firstDatastore: false, languages: { "*": true } },
    },
  });
  const uri = `file:///probe/${count}.sketch`;
  const text = `value ${count} = `;
  await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: "sketch", version: 1, text },
  });
  const { items } = client.complete(uri, { line: 0, character: text.length }, undefined, { triggerKind: 1 });
  const [item] = await within(10_000, "a sound request", items);
  assert.equal(item?.insertText, "first + second");
  await connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument: { uri } });
}

export const messages: FuzzTarget = {
  name: "messages",
  async open(folder) {
    const engine = new FakeEngine(saying("first + second\n"));
    const client = await connect(
      { modelLoader: () => async () => ({ engine }) },
      { storageDirectory: folder, settings: { prefetch: false } },
    );
    let count = 0;
    return {
      attempt: random => attempt(random, client, ++count),
      close: () => client.close(),
    };
  },
};
