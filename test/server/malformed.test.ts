/** Messages whose parameters are not what LSP says: each is refused with a sentence, and changes nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ExplainLastRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";

const URI = "file:///project/sample.sketch";
const CELL = "vscode-notebook-cell:/n.ipynb#one";
const NOTEBOOK = "file:///project/n.ipynb";
const at = { line: 0, character: 0 };
const range = { start: at, end: at };
const LINE = "a = ";
const notebookDocument = { uri: NOTEBOOK, version: 2 };
const sound = { uri: "file:///project/other.sketch", languageId: "sketch", version: 1, text: "" };
/** Values that are no parameters of any message. */
const NOT_RECORDS = [undefined, null, 5, "text", []] as const;
const NONE = [...NOT_RECORDS, {}] as const;

/** Malformed parameters by method. */
const MALFORMED: Readonly<Record<string, readonly unknown[]>> = {
  "textDocument/didOpen": [
    ...NONE,
    { textDocument: null },
    { textDocument: { ...sound, uri: 5 } },
    { textDocument: { ...sound, uri: undefined } },
    { textDocument: { ...sound, languageId: null } },
    { textDocument: { ...sound, text: undefined } },
    { textDocument: { ...sound, text: ["a"] } },
    { textDocument: { ...sound, version: "1" } },
  ],
  "textDocument/didClose": [
    ...NONE,
    { textDocument: null },
    { textDocument: {} },
    { textDocument: { uri: 5 } },
  ],
  "textDocument/didSave": [...NONE, { textDocument: null }],
  "textDocument/willSave": [...NONE, { textDocument: null }],
  "textDocument/didFocus": [
    ...NOT_RECORDS,
    { textDocument: 5 },
    { textDocument: { uri: null } },
    { textDocument: { uri: URI }, position: { line: "0", character: 0 } },
    { textDocument: { uri: URI }, position: 7 },
  ],
  "textDocument/didShowCompletion": [...NOT_RECORDS, { item: 5 }, { item: { command: "c" } }],
  "textDocument/didPartiallyAcceptCompletion": [...NONE, { item: null, acceptedLength: "1" }],
  "notebookDocument/didOpen": [
    ...NONE,
    { notebookDocument: null, cellTextDocuments: [] },
    { notebookDocument: { ...notebookDocument, cells: null }, cellTextDocuments: [] },
    { notebookDocument: { ...notebookDocument, cells: [null] }, cellTextDocuments: [] },
    { notebookDocument: { ...notebookDocument, cells: [] } },
    { notebookDocument: { ...notebookDocument, cells: [] }, cellTextDocuments: [null] },
    { notebookDocument: { ...notebookDocument, cells: [] }, cellTextDocuments: [{ uri: CELL }] },
  ],
  "notebookDocument/didSave": [...NONE, { notebookDocument: null }],
  "notebookDocument/didClose": [
    ...NONE,
    { notebookDocument },
    { notebookDocument, cellTextDocuments: [null] },
    { notebookDocument, cellTextDocuments: [{ uri: 7 }] },
  ],
  "workspace/didChangeConfiguration": [
    ...NOT_RECORDS,
    { settings: { foretoken: 5 } },
    { settings: { foretoken: "off" } },
    { settings: { foretoken: [false] } },
  ],
  "workspace/didChangeWatchedFiles": [
    ...NONE,
    { changes: null },
    { changes: [null] },
    { changes: [{ uri: 5, type: 1 }] },
  ],
  "workspace/didChangeWorkspaceFolders": [
    ...NONE,
    { event: null },
    { event: { added: null, removed: [null] } },
    { event: { added: [{ uri: 5 }], removed: [] } },
    { event: { added: 7, removed: [] } },
  ],
  "foretoken/didChangeTrust": [...NONE, { trusted: "no" }],
};

async function client() {
  const engine = new FakeEngine(saying("first + second"));
  const connected = await connect({ modelLoader: () => async () => ({ engine }) });
  await connected.status(({ state }) => state === "ready");
  connected.open(URI, LINE, "sketch");
  const { connection, log } = connected;
  return {
    ...connected,
    async complete(uri = URI, character = LINE.length): Promise<unknown> {
      const position = { line: 0, character };
      const [item] = await connected.complete(uri, position, undefined, { triggerKind: 1 }).items;
      return item?.insertText;
    },
    /** Sends a notification and waits until it was handled. @returns what was logged meanwhile */
    async logOf(method: string, params: unknown): Promise<string[]> {
      log.length = 0;
      await connection.sendNotification(method, params as object);
      await connection.sendRequest(ExplainLastRequest);
      return [...log];
    },
  };
}

test("a malformed notification is refused with one sentence, and requests are answered as before", async () => {
  const { complete, logOf, close } = await client();
  assert.equal(await complete(), "first + second");
  for (const [method, all] of Object.entries(MALFORMED))
    for (const params of all) {
      const log = await logOf(method, params);
      const start = `A message of the client was refused: ${method}: params`;
      assert.equal(log.length, 1, `${method} ${JSON.stringify(params)}: ${log}`);
      assert.ok(log[0]?.startsWith(start) && log[0].endsWith("."), log[0]);
    }
  assert.equal(await complete(), "first + second");
  assert.equal(await complete("file:///project/other.sketch", 0), undefined, "nothing was opened");
  await close();
});

test("a document has no completions after a malformed change, until its whole text is sent", async () => {
  const { complete, change, logOf, close } = await client();
  let version = 1;
  for (const contentChanges of [
    undefined,
    null,
    {},
    [null],
    [{}],
    [{ text: 5 }],
    [{ range, text: null }],
    [{ range: 5, text: "" }],
    [{ range: { start: at }, text: "" }],
    [{ range: { start: at, end: { line: 0, character: -1 } }, text: "" }],
    [{ range, text: "b" }, { range }],
  ]) {
    const [line] = await logOf("textDocument/didChange", {
      textDocument: { uri: URI, version: ++version },
      contentChanges,
    });
    assert.match(line ?? "", /sample\.sketch has no completions until its whole text is sent\.$/);
    change(URI, ++version, [{ range, text: "" }]);
    assert.equal(await complete(), undefined, JSON.stringify(contentChanges));
    change(URI, ++version, [{ text: LINE }]);
    assert.equal(await complete(), "first + second", JSON.stringify(contentChanges));
  }
  await close();
});

test("the cells of a notebook have no completions after a malformed change of it", async () => {
  const { connection, complete, logOf, close } = await client();
  const cell = { kind: 2, document: CELL };
  const opened = { uri: CELL, languageId: "sketch", version: 1, text: LINE };
  await connection.sendNotification("notebookDocument/didOpen", {
    notebookDocument: { ...notebookDocument, notebookType: "n", cells: [cell] },
    cellTextDocuments: [opened],
  });
  for (const change of [
    undefined,
    null,
    { cells: null },
    { cells: { structure: null } },
    { cells: { structure: {} } },
    { cells: { structure: { array: { start: 0, deleteCount: "1" } } } },
    { cells: { structure: { array: { start: 1, deleteCount: 0, cells: [{}] } } } },
    { cells: { data: null } },
    { cells: { data: [null] } },
    { cells: { textContent: 5 } },
    { cells: { textContent: [{ document: { uri: CELL, version: 2 } }] } },
    { cells: { textContent: [{ document: null, changes: [] }] } },
  ]) {
    assert.equal(await complete(CELL), "first + second");
    const log = await logOf("notebookDocument/didChange", { notebookDocument, change });
    assert.match(
      log.join("\n"),
      /^A message of the client was refused: notebookDocument\/didChange: params\.change\b.*\.$/,
    );
    assert.equal(await complete(CELL), undefined, JSON.stringify(change));
    const changes = [{ text: LINE }];
    await connection.sendNotification("notebookDocument/didChange", {
      notebookDocument,
      change: { cells: { textContent: [{ document: { uri: CELL, version: 2 }, changes }] } },
    });
  }
  await close();
});

test("data of cells that a notebook does not have are passed over, and the texts beside them are taken", async () => {
  const { connection, complete, logOf, close } = await client();
  const cell = { kind: 2, document: CELL };
  await connection.sendNotification("notebookDocument/didOpen", {
    notebookDocument: { ...notebookDocument, notebookType: "n", cells: [cell] },
    cellTextDocuments: [{ uri: CELL, languageId: "sketch", version: 1, text: "" }],
  });
  for (const [at, data] of [
    [],
    [{ kind: 2, document: "unknown" }],
    [cell, { kind: 2, document: "unknown" }],
  ].entries()) {
    const text = `${LINE}${"b".repeat(at)}`;
    const textContent = [{ document: { uri: CELL, version: 2 + at }, changes: [{ text }] }];
    const log = await logOf("notebookDocument/didChange", {
      notebookDocument,
      change: { cells: { data, textContent } },
    });
    assert.deepEqual(log, []);
    assert.equal(await complete(CELL, text.length), "first + second");
  }
  await close();
});
