/** The built server where the system limits the addresses that a process may use, as on shared machines. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ShutdownRequest } from "vscode-languageserver-protocol/node";
import { type Status, StatusNotification } from "../../server/protocol/index.ts";
import { initialize, spawnServer } from "../bench/editor/serverProcess.ts";

const storageDirectory = mkdtempSync(join(tmpdir(), "foretoken-limit-"));
after(() => rmSync(storageDirectory, { recursive: true, force: true }));

const KILOBYTES = 4_000_000;

test("a server without addresses for WebAssembly starts and says how to raise the limit", {
  skip: process.platform !== "linux",
}, async () => {
  const { child, connection } = spawnServer({
    launcher: ["sh", "-c", `ulimit -v ${KILOBYTES}; exec "$0" "$@"`],
  });
  const failed = new Promise<Status>(resolve => {
    connection.onNotification(StatusNotification, status => {
      if (status.state === "error") resolve(status);
    });
    child.once("exit", code => resolve({ state: "error", message: `it ended with ${code}` } as Status));
  });
  await initialize(connection, {
    initializationOptions: { storageDirectory, settings: { backend: "cpu", firstDatastore: false } },
  });
  const { message, remedy } = await failed;
  assert.match(String(message), /^WebAssembly/);
  assert.match(String(remedy), /ulimit -v unlimited/);
  await connection.sendRequest(ShutdownRequest.type);
  child.kill();
});
