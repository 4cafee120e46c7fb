import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createConnection } from "vscode-languageserver/node";
import {
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  InitializeRequest,
  StreamMessageReader,
  StreamMessageWriter,
  type TextDocumentContentChangeEvent,
} from "vscode-languageserver-protocol/node";
import { type DocumentChange, trackDocuments } from "../../server/lsp/documents.ts";
import { messageGate } from "../../server/lsp/messageGate.ts";
import { TextHash } from "../../server/text/index.ts";

const URI = "file:///project/sample.py";

const insertion = (line: number, character: number, text: string): TextDocumentContentChangeEvent => {
  const at = { line, character };
  return { range: { start: at, end: at }, text };
};

const insertionRange = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

/** Documents that a server tracks, and a client that edits them. */
async function tracked() {
  const [toServer, toClient] = [new PassThrough(), new PassThrough()];
  const reader = new StreamMessageReader(toServer);
  const server = createConnection(reader, new StreamMessageWriter(toClient), messageGate());
  const documents = trackDocuments(server);
  let next: (change: DocumentChange) => void = () => {};
  documents.watch(
    change => next(change),
    () => {},
  );
  server.onInitialize(() => ({ capabilities: {} }));
  server.listen();
  const client = createProtocolConnection(
    new StreamMessageReader(toClient),
    new StreamMessageWriter(toServer),
  );
  client.listen();
  await client.sendRequest(InitializeRequest.type, { processId: null, rootUri: null, capabilities: {} });
  return {
    documents,
    client,
    /** Sends something, and waits for the change that it makes. */
    async changeBy(send: () => Promise<void>): Promise<DocumentChange> {
      const change = new Promise<DocumentChange>(resolve => {
        next = resolve;
      });
      await send();
      return change;
    },
    dispose() {
      server.dispose();
      client.dispose();
    },
  };
}

test("watchers are notified of what an edit changed, in UTF-16 units and lines of the current text", async () => {
  const { client, changeBy, dispose } = await tracked();
  const heard = async (send: () => Promise<void>) => (await changeBy(send)).edit;
  const open = (text: string) =>
    heard(() =>
      client.sendNotification(DidOpenTextDocumentNotification.type, {
        textDocument: { uri: URI, languageId: "python", version: 1, text },
      }),
    );
  const change = (version: number, ...contentChanges: TextDocumentContentChangeEvent[]) =>
    heard(() =>
      client.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri: URI, version },
        contentChanges,
      }),
    );
  assert.equal(await open("a = '🙂'\nb = 1\n"), undefined);
  assert.deepEqual(await change(2, insertion(0, 8, "!")), { start: 8, line: 0, removed: "", added: "!" });
  const both = await change(3, insertion(1, 0, "x"), insertion(1, 6, "y"));
  assert.deepEqual(both, { start: 10, line: 1, removed: "b = 1", added: "xb = 1y" });
  const whole = await change(4, { text: "a = '🙂'!\nxb = 2y\n" });
  assert.deepEqual(whole, { start: 15, line: 1, removed: "1", added: "2" });
  dispose();
});

test("lines are counted correctly when an edit joins or splits the two characters of a line ending", async () => {
  const { documents, client, changeBy, dispose } = await tracked();
  for (const [name, text, added, offset] of [
    ["joins", "a\rb\nlast", "\n", 2],
    ["is made one of two", "a\r\n\nlast", "", 3],
    ["parts", "a\r\nb\nlast", "x", 2],
  ] as const) {
    const uri = `${URI}.${name}`;
    const textDocument = { uri, languageId: "python", version: 1, text };
    await changeBy(() => client.sendNotification(DidOpenTextDocumentNotification.type, { textDocument }));
    const at = (place: number) => {
      const before = text.slice(0, place).split(/\r\n|\r|\n/);
      return { line: before.length - 1, character: before.at(-1)?.length ?? 0 };
    };
    // No position lies within a line ending: the edit starts before it.
    const start = name === "parts" ? { line: 0, character: 1 } : at(offset);
    const contentChanges = [{ range: { start, end: at(offset) }, text: added }];
    await changeBy(() =>
      client.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri, version: 2 },
        contentChanges,
      }),
    );
    const now = documents.cursor(uri)?.snapshot.text ?? "";
    const lines = now.split(/\r\n|\r|\n/);
    const snapshot = documents.snapshot(uri, { line: lines.length - 1, character: 4 }, 2);
    assert.ok(
      typeof snapshot !== "string" && snapshot.offset === now.length,
      `${name}: ${JSON.stringify(now)}`,
    );
  }
  dispose();
});

test("an edit beyond the end of the text is applied at its end, and lines are counted correctly afterwards", async () => {
  const { documents, client, changeBy, dispose } = await tracked();
  await changeBy(() =>
    client.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri: URI, languageId: "python", version: 1, text: "a\nb" },
    }),
  );
  for (const [version, start, end, expected] of [
    [2, { line: 90, character: 5 }, { line: 99, character: 0 }, "a\nbx\ny"],
    [3, { line: 1, character: 70 }, { line: 400, character: 2 }, "a\nbxx\ny"],
    [4, { line: 4_000_000, character: 1 }, { line: 5, character: 1 }, "a\nbxx\nyx\ny"],
  ] as const) {
    const { text } = await changeBy(() =>
      client.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri: URI, version },
        contentChanges: [{ range: { start, end }, text: "x\ny" }],
      }),
    );
    assert.equal(text, expected);
    const last = text.split("\n").length - 1;
    const snapshot = documents.snapshot(URI, { line: last, character: 1 }, version);
    assert.ok(typeof snapshot !== "string" && snapshot.offset === text.length, `line ${last} is the last`);
  }
  dispose();
});

// With a copy of the text for each change it takes a minute.
test("replacing a word in 50,000 lines is one edit", { timeout: 30_000 }, async () => {
  const { documents, client, changeBy, dispose } = await tracked();
  const text = "    value = compute(alpha)\n".repeat(50_000);
  await changeBy(() =>
    client.sendNotification(DidOpenTextDocumentNotification.type, {
      textDocument: { uri: URI, languageId: "python", version: 1, text },
    }),
  );
  const contentChanges = Array.from({ length: 50_000 }, (_, i) => {
    // Editors send what is last in the text first.
    const line = 50_000 - 1 - i;
    return { range: { start: { line, character: 4 }, end: { line, character: 9 } }, text: "result" };
  });
  const change = await changeBy(() =>
    client.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri: URI, version: 2 },
      contentChanges,
    }),
  );
  assert.equal(change.text, "    result = compute(alpha)\n".repeat(50_000));
  assert.deepEqual([change.edit?.start, change.edit?.line, change.edit?.added.length], [4, 0, 1_399_978]);
  const fresh = new TextHash(change.text);
  assert.deepEqual(documents.hash(URI)?.before(700_000), fresh.before(700_000));
  const last = documents.snapshot(URI, { line: 50_000, character: 0 }, 2);
  assert.ok(typeof last !== "string" && last.offset === change.text.length);
  dispose();
});

test("a change that is refused leaves no text to complete until the client sends the whole text", async () => {
  const { documents, client, changeBy, dispose } = await tracked();
  const open = { uri: URI, languageId: "python", version: 1, text: "def f(a):\n    return 1\n" };
  await changeBy(() => client.sendNotification(DidOpenTextDocumentNotification.type, { textDocument: open }));
  const send = (version: number, change: unknown) =>
    client.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri: URI, version },
      contentChanges: [change as TextDocumentContentChangeEvent],
    });
  const end = (version: number | undefined) => documents.snapshot(URI, { line: 0, character: 1 }, version);
  // Some clients write a missing range as null.
  await changeBy(() => send(2, { range: null, text: "xy\n" }));
  const whole = end(2);
  assert.ok(typeof whole !== "string" && whole.text === "xy\n");

  await send(3, { range: insertionRange, text: 7 });
  await changeBy(() => send(4, { range: insertionRange, text: "a" }));
  for (const version of [2, 3, 4, undefined]) assert.equal(end(version), "otherVersion", `${version}`);
  await changeBy(() => send(5, { text: "new\n" }));
  const healed = end(5);
  assert.ok(typeof healed !== "string" && healed.text === "new\n");
  dispose();
});

test("a position inside a character of two UTF-16 units is invalid", async () => {
  const { documents, client, changeBy, dispose } = await tracked();
  const textDocument = { uri: URI, languageId: "python", version: 1, text: 'x = "😀"' };
  await changeBy(() => client.sendNotification(DidOpenTextDocumentNotification.type, { textDocument }));
  const at = (character: number) => documents.snapshot(URI, { line: 0, character }, 1);
  assert.equal(at(6), "noPosition");
  for (const character of [5, 7]) assert.notEqual(typeof at(character), "string");
  dispose();
});
