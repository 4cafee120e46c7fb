import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import {
  type ClientCapabilities,
  DidChangeWatchedFilesNotification,
  type DidChangeWatchedFilesRegistrationOptions,
  RegistrationRequest,
} from "vscode-languageserver-protocol/node";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";
import { until } from "../fakes/until.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-watched-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A client with a workspace, and the patterns that the server has asked it to watch. */
async function watching(capabilities: ClientCapabilities) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "a.py"), "x = 1\n");
  const parts = { modelLoader: () => async () => ({ engine: new FakeEngine(saying("1\n")) }) };
  const patterns: unknown[] = [];
  const client = await connect(parts, {}, [folder], capabilities, connection =>
    connection.onRequest(RegistrationRequest.type, ({ registrations }) => {
      for (const { method, registerOptions } of registrations)
        if (method === DidChangeWatchedFilesNotification.method)
          for (const { globPattern, kind } of (registerOptions as DidChangeWatchedFilesRegistrationOptions)
            .watchers)
            patterns.push(kind === undefined ? globPattern : [globPattern, kind]);
    }),
  );
  await client.status(({ state }) => state === "ready");
  return { client, patterns };
}

test("ignore files and deletions are watched, and with the first document of a language its files", async () => {
  const { client, patterns } = await watching({
    workspace: { didChangeWatchedFiles: { dynamicRegistration: true } },
  });
  const first = ["**/.gitignore", ["**/*", 4]];
  await until("the first patterns", () => patterns.length === 2);
  assert.deepEqual(patterns, first);
  client.open("file:///project/a.py", "x = ");
  client.open("file:///project/b.py", "x = ");
  client.open("file:///project/c.go", "x := ", "go");
  client.open("file:///project/notes.md", "x", "markdown");
  await until("the patterns of both languages", () => patterns.length === 5);
  assert.deepEqual(patterns, [...first, "**/*.py", "**/*.pyi", "**/*.go"]);
  await client.close();
});

test("a client that cannot be asked is not asked", async () => {
  const { client, patterns } = await watching({});
  client.open("file:///project/a.py", "x = ");
  assert.equal((await client.complete("file:///project/a.py", { line: 0, character: 4 }).items).length, 1);
  assert.deepEqual(patterns, []);
  await client.close();
});
