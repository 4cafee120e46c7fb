import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorCodes, type Message } from "vscode-languageserver";
import { messageGate } from "../../../../server/lsp/messageGate.ts";

type Sent = Message & { readonly method: string; readonly params?: unknown };

/** What a gate passes on of messages in a row; undefined for one that it drops. */
function passed(...messages: readonly object[]): (Sent | undefined)[] {
  const { messageStrategy } = messageGate();
  return messages.map(message => {
    let next: Sent | undefined;
    messageStrategy.handleMessage({ jsonrpc: "2.0", ...message } as Message, given => {
      next = given as Sent;
    });
    return next;
  });
}

const INITIALIZE = { id: 1, method: "initialize", params: { capabilities: {} } };
const OPEN = {
  method: "textDocument/didOpen",
  params: { textDocument: { uri: "file:///a", languageId: "a", version: 1, text: "" } },
};
const CODES = (sent: Sent | undefined) => (sent?.params as { code?: number } | undefined)?.code;

test("JSON that is no message is reported once the client has started", () => {
  const { messageStrategy } = messageGate();
  const reported: unknown[] = [];
  const send = (message: unknown) =>
    messageStrategy.handleMessage(message as Message, given => void reported.push((given as Sent).params));
  const all = [5, null, "text", []];
  all.forEach(send);
  assert.deepEqual(reported, []);
  for (const message of [INITIALIZE, { method: "initialized", params: {} }])
    send({ jsonrpc: "2.0", ...message });
  reported.length = 0;
  all.forEach(send);
  assert.deepEqual(
    reported,
    all.map(() => ({ message: "it is not a JSON-RPC message.", changed: undefined })),
  );
});

test("requests before the initialization and after the shutdown are refused", () => {
  const [early, , normal, again, shutdown, late] = passed(
    { id: 0, method: "shutdown" },
    INITIALIZE,
    { id: 2, method: "foretoken/explainLast" },
    { ...INITIALIZE, id: 3 },
    { id: 4, method: "shutdown" },
    { id: 5, method: "foretoken/explainLast" },
  );
  assert.equal(CODES(early), ErrorCodes.ServerNotInitialized);
  assert.equal(normal?.method, "foretoken/explainLast");
  assert.equal(CODES(again), ErrorCodes.InvalidRequest);
  assert.equal(shutdown?.method, "shutdown");
  assert.equal(CODES(late), ErrorCodes.InvalidRequest);
});

test("notifications before the initialization and after the shutdown are dropped, except exit", () => {
  const methods = passed(OPEN, { method: "exit" }, INITIALIZE, OPEN, { id: 2, method: "shutdown" }, OPEN, {
    method: "exit",
  }).map(sent => sent?.method);
  const { method: open } = OPEN;
  assert.deepEqual(methods, [undefined, "exit", "initialize", open, "shutdown", undefined, "exit"]);
});

test("a second initialized notification is dropped: the server starts once", () => {
  const initialized = { method: "initialized", params: {} };
  const methods = passed(INITIALIZE, initialized, initialized, OPEN).map(sent => sent?.method);
  assert.deepEqual(methods, ["initialize", "initialized", undefined, OPEN.method]);
});

test("a method that is named like a property of every object passes, to be answered as unknown", () => {
  for (const method of ["toString", "constructor", "__proto__"])
    assert.equal(passed(INITIALIZE, { id: 2, method, params: {} })[1]?.method, method);
});

test("responses pass at any time", () => {
  const { messageStrategy } = messageGate();
  let count = 0;
  messageStrategy.handleMessage({ jsonrpc: "2.0", id: 1, result: null } as Message, () => void count++);
  assert.equal(count, 1);
});

test("requests with malformed parameters are refused with what is wrong", () => {
  const at = { textDocument: { uri: "file:///a" }, position: { line: 0, character: 0 }, context: {} };
  const range = { start: at.position, end: at.position };
  const complete = "textDocument/inlineCompletion";
  for (const [method, params, problem] of [
    [complete, undefined, "params has to be an object"],
    [complete, null, "params has to be an object"],
    [complete, [], "params has to be an object"],
    [complete, {}, "params.textDocument has to be an object"],
    [complete, { ...at, textDocument: { uri: null } }, "params.textDocument.uri has to be a string"],
    [
      complete,
      { ...at, textDocument: { uri: "a", version: "1" } },
      "params.textDocument.version has to be an integer",
    ],
    [
      complete,
      { ...at, position: { line: 0, character: 1.5 } },
      "params.position.character has to be a whole number from 0",
    ],
    [
      complete,
      { ...at, position: { line: -1, character: 0 } },
      "params.position.line has to be a whole number from 0",
    ],
    [complete, { ...at, context: null }, "params.context has to be an object"],
    [
      complete,
      { ...at, context: { selectedCompletionInfo: { range: {}, text: "" } } },
      "params.context.selectedCompletionInfo.range.start has to be an object",
    ],
    ["workspace/executeCommand", { command: 5 }, "params.command has to be a string"],
    ["foretoken/rebuildDatastore", null, "params has to be an object"],
    ["foretoken/fetchModel", {}, "params.reference has to be a string"],
    ["foretoken/fetchLibraries", null, "params has to be an object"],
  ] as const) {
    const [, sent] = passed(INITIALIZE, { id: 2, method, params });
    const { code, message } = (sent?.params ?? {}) as { code?: number; message?: string };
    assert.equal(code, ErrorCodes.InvalidParams, JSON.stringify(params));
    assert.equal(message, `${method}: ${problem}.`);
  }
  assert.equal(CODES(passed({ ...INITIALIZE, params: {} })[0]), ErrorCodes.InvalidParams);
  for (const params of [
    at,
    { ...at, textDocument: { uri: "a", version: null } },
    { ...at, context: { triggerKind: 2, selectedCompletionInfo: { range, text: "x" } } },
  ])
    assert.equal(passed(INITIALIZE, { id: 2, method: complete, params })[1]?.method, complete);
});

test("a malformed notification is replaced by a report, which names the document that it would have changed", () => {
  const uri = "file:///a";
  for (const [method, params, message, changed] of [
    ["textDocument/didChange", { textDocument: { uri } }, "params.contentChanges has to be a list", uri],
    ["textDocument/didChange", null, "params has to be an object", undefined],
    [
      "textDocument/didOpen",
      { textDocument: { uri: 5 } },
      "params.textDocument.uri has to be a string",
      undefined,
    ],
    ["notebookDocument/didChange", { notebookDocument: { uri } }, "params.change has to be an object", uri],
    [
      "textDocument/didFocus",
      { textDocument: { uri }, position: 5 },
      "params.position has to be an object",
      undefined,
    ],
  ] as const) {
    const [, sent] = passed(INITIALIZE, { method, params });
    assert.deepEqual(sent?.params, { message: `${method}: ${message}.`, changed });
    assert.notEqual(sent?.method, method);
  }
});

test("what clients may leave out of a notification, or write as null, passes", () => {
  const textDocument = { uri: "file:///a", version: null };
  for (const [method, params] of [
    ["textDocument/didChange", { textDocument, contentChanges: [{ range: null, text: "" }] }],
    ["textDocument/didFocus", {}],
    ["textDocument/didFocus", { textDocument, position: null }],
    ["textDocument/didShowCompletion", {}],
    ["notebookDocument/didChange", { notebookDocument: textDocument, change: {} }],
    ["workspace/didChangeConfiguration", {}],
    ["workspace/didChangeConfiguration", { settings: [] }],
    ["workspace/didChangeConfiguration", { settings: { foretoken: null, other: 5 } }],
    ["workspace/didChangeWorkspaceFolders", { event: { added: [textDocument] } }],
  ] as const)
    assert.equal(passed(INITIALIZE, { method, params })[1]?.method, method, JSON.stringify(params));
});
