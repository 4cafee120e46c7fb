/**
 * The server as another editor uses it: CodeMirror's LSP client, which shares no code with VS Code's, speaks to
 * `foretoken serve --stdio` with a real model behind it.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { LSPClient, Workspace, type WorkspaceFile } from "@codemirror/lsp-client";
import { ChangeSet, type ChangeSpec, Text } from "@codemirror/state";
import { packageRoot } from "../../server/system/paths.ts";

// A language without a grammar, so that the generated text does not depend on when a grammar has been loaded.
const LANGUAGE = "sketch";
const URI = "file:///project/sample.sketch";
/** Long enough for a machine on which other tests run. */
const TIMEOUT_MS = 60_000;

/** Messages with a header that gives their length, as LSP sends them over a stream. */
function streamTransport(child: ChildProcess) {
  const handlers = new Set<(message: string) => void>();
  let received = Buffer.alloc(0);
  child.stdout?.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const headerEnd = received.indexOf("\r\n\r\n");
      const length = Number(/Content-Length: (\d+)/.exec(received.toString("ascii", 0, headerEnd))?.[1]);
      const end = headerEnd + 4 + length;
      if (headerEnd < 0 || received.length < end) return;
      const message = received.toString("utf8", headerEnd + 4, end);
      received = received.subarray(end);
      for (const handler of handlers) handler(message);
    }
  });
  return {
    send: (message: string) => {
      child.stdin?.write(`Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`);
    },
    subscribe: (handler: (message: string) => void) => void handlers.add(handler),
    unsubscribe: (handler: (message: string) => void) => void handlers.delete(handler),
  };
}

/** One file without a view: changes are sent before the next request, as from an editor. */
class OneFile extends Workspace {
  files: WorkspaceFile[] = [];
  private changes: ChangeSet | undefined;

  open(text: string): void {
    const doc = Text.of(text.split("\n"));
    this.files = [{ uri: URI, languageId: LANGUAGE, version: 0, doc, getView: () => null }];
    for (const file of this.files) this.client.didOpen(file);
  }

  change(spec: ChangeSpec): void {
    const [file] = this.files;
    if (!file) return;
    const now = ChangeSet.of(spec, this.changes?.newLength ?? file.doc.length);
    this.changes = this.changes?.compose(now) ?? now;
  }

  syncFiles() {
    const [file] = this.files;
    const { changes } = this;
    if (!file || !changes) return [];
    this.changes = undefined;
    const prevDoc = file.doc;
    file.doc = changes.apply(prevDoc);
    file.version++;
    return [{ file, prevDoc, changes }];
  }

  openFile(): void {}
  closeFile(): void {}
}

interface Item {
  readonly insertText: string;
  readonly command?: { readonly command: string; readonly arguments?: unknown[] };
}

async function connected(storageDirectory: string) {
  const child = spawn(process.execPath, [join(packageRoot(), "dist", "cli.js"), "serve", "--stdio"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>(resolve => child.once("exit", resolve));
  let file: OneFile | undefined;
  const client = new LSPClient({
    rootUri: "file:///project",
    timeout: TIMEOUT_MS,
    initializationOptions: { storageDirectory, settings: { firstDatastore: false } },
    workspace: own => {
      file = new OneFile(own);
      return file;
    },
    extensions: [
      { clientCapabilities: { textDocument: { inlineCompletion: { dynamicRegistration: false } } } },
    ],
  });
  client.connect(streamTransport(child));
  await client.initializing;
  assert.ok(file);
  const complete = async (line: number, character: number): Promise<Item[]> => {
    client.sync();
    const params = { textDocument: { uri: URI }, position: { line, character }, context: { triggerKind: 1 } };
    const answer = await client.request<typeof params, { items: Item[] } | Item[] | null>(
      "textDocument/inlineCompletion",
      params,
    );
    return Array.isArray(answer) ? answer : (answer?.items ?? []);
  };
  return { child, client, complete, ended, file };
}

const BEFORE = "import json\n\n\ndef load(path):\n    with open(path) as file:\n        return json.";

test("CodeMirror's client is offered a completion, types along it and accepts the rest", async () => {
  const storage = mkdtempSync(join(tmpdir(), "foretoken-codemirror-"));
  const { child, client, complete, ended, file } = await connected(storage);
  try {
    const capabilities: { inlineCompletionProvider?: unknown } = client.serverCapabilities ?? {};
    assert.ok(capabilities.inlineCompletionProvider, "the server says that it completes");
    file.open(`${BEFORE}\n`);
    const [item] = await complete(5, 20);
    assert.match(item?.insertText ?? "", /^load/, JSON.stringify(item));
    assert.ok(item);

    const typed = item.insertText.slice(0, 1);
    file.change({ from: BEFORE.length, insert: typed });
    const [rest] = await complete(5, 21);
    assert.equal(rest?.insertText, item.insertText.slice(1), "what was typed is no longer part of it");

    assert.ok(rest.command, "an item says what to run when it is accepted");
    const { command, arguments: values } = rest.command;
    await client.request("workspace/executeCommand", { command, arguments: values });

    // An edit above the cursor, in the same change as the text that was accepted.
    file.change([
      { from: 0, insert: "import os\n" },
      { from: BEFORE.length + 1, insert: rest.insertText },
    ]);
    file.change({ from: file.files[0]!.doc.length + 10 + rest.insertText.length, insert: "\n\ndef save(" });
    const lines = `import os\n${BEFORE}${item.insertText}\n\n\ndef save(`.split("\n");
    const [next] = await complete(lines.length - 1, "def save(".length);
    assert.ok(next && next.insertText !== "", "the server has the document that the client has");
    await client.request("shutdown", null);
    client.notification("exit", null);
    assert.equal(await ended, 0, "the server ends when it is told to");
  } finally {
    child.kill();
    rmSync(storage, { recursive: true, force: true });
  }
});
