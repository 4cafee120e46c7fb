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
const OPEN = { method: "textDocument/didOpen", params: {} };
const CODES = (sent: Sent | undefined) => (sent?.params as { code?: number } | undefined)?.code;

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
    [complete, undefined, "the parameters have to be an object"],
    [complete, null, "the parameters have to be an object"],
    [complete, [], "the parameters have to be an object"],
    [complete, {}, "textDocument.uri has to be a string"],
    [complete, { ...at, textDocument: { uri: null } }, "textDocument.uri has to be a string"],
    [
      complete,
      { ...at, textDocument: { uri: "a", version: "1" } },
      "textDocument.version has to be an integer",
    ],
    [complete, { ...at, position: { line: 0, character: 1.5 } }, /^position has to have/],
    [complete, { ...at, position: { line: -1, character: 0 } }, /^position has to have/],
    [complete, { ...at, context: null }, "context has to have a triggerKind"],
    [complete, { ...at, context: { selectedCompletionInfo: { range: {} } } }, /a range and a text$/],
    ["workspace/executeCommand", { command: 5 }, "command has to be a string"],
    ["foretoken/rebuildDatastore", null, "the parameters have to be an object"],
    ["foretoken/fetchModel", {}, "reference has to be a string"],
  ] as const) {
    const [, sent] = passed(INITIALIZE, { id: 2, method, params });
    const { code, message } = (sent?.params ?? {}) as { code?: number; message?: string };
    assert.equal(code, ErrorCodes.InvalidParams, JSON.stringify(params));
    const text = message?.slice(`${method}: `.length, -1) ?? "";
    if (typeof problem === "string") assert.equal(text, problem);
    else assert.match(text, problem);
  }
  assert.equal(CODES(passed({ ...INITIALIZE, params: {} })[0]), ErrorCodes.InvalidParams);
  for (const params of [
    at,
    { ...at, textDocument: { uri: "a", version: null } },
    { ...at, context: { triggerKind: 2, selectedCompletionInfo: { range, text: "x" } } },
  ])
    assert.equal(passed(INITIALIZE, { id: 2, method: complete, params })[1]?.method, complete);
});
