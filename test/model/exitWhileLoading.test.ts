/** The built server, told to exit while its model loads. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ExitNotification } from "vscode-languageserver-protocol/node";
import { initialize, spawnServer } from "../bench/editor/serverProcess.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-exit-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const attempts = join(folder, "attempts");
const underWay = () => {
  try {
    return readdirSync(attempts).length;
  } catch {
    return 0;
  }
};

/** A server that has begun to load the default model. */
async function loading() {
  const { child, connection } = spawnServer();
  const settings = { backend: "cpu", firstDatastore: false };
  await initialize(connection, { initializationOptions: { storageDirectory: folder, settings } });
  for (let waited = 0; underWay() === 0 && waited < 20_000; waited += 2) await sleep(2);
  assert.equal(underWay(), 1, "it loads");
  return { child, connection };
}

async function goes(child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null || child.signalCode !== null) return true;
  const gone = once(child, "exit").then(() => true);
  const isGone = await Promise.race([gone, sleep(15_000, false, { ref: false })]);
  if (!isGone) child.kill("SIGKILL");
  return isGone;
}

for (const [name, leave] of [
  ["told to exit", async ({ connection }) => connection.sendNotification(ExitNotification.type)],
  ["disconnected from its client", async ({ child }) => void child.stdin?.end()],
  ["terminated", async ({ child }) => void child.kill("SIGTERM")],
] as const satisfies readonly [string, (server: Awaited<ReturnType<typeof loading>>) => Promise<unknown>][]) {
  test(`a server that is ${name} while it loads a model ends, and that does not count as a crash`, async () => {
    // The library logs and computes at different moments of a load.
    for (const ms of [20, 60, 120, 240]) {
      const server = await loading();
      await sleep(ms);
      await leave(server);
      assert.equal(await goes(server.child), true, `${ms} ms after the load had begun`);
      assert.equal(underWay(), 0, `${ms} ms after the load had begun`);
      server.connection.dispose();
    }
  });
}
