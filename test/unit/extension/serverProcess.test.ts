import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ServerProcess } from "../../../extension/serverProcess.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-process-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let scripts = 0;
function script(code: string): string {
  const path = join(folder, `${scripts++}.mjs`);
  writeFileSync(path, code);
  return path;
}

/** A server that never answers and ignores SIGTERM. */
const DEAF = `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("runs");`;

/** A running process, and how it was lost, if it was. */
async function started(code: string, startingMs?: number) {
  const lost: string[] = [];
  const server = new ServerProcess(how => lost.push(how), startingMs);
  const child = server.start(script(code));
  const gone = new Promise<void>(resolve => child.once("exit", () => resolve()));
  await Promise.race([gone, new Promise(resolve => child.stdout?.once("data", resolve))]);
  return { server, lost, gone };
}

test("a missing program is reported", async () => {
  const how = await new Promise<string>(resolve => {
    new ServerProcess(resolve).start("server.js", process.env, join(folder, "no-such-program"));
  });
  assert.match(how, /ENOENT/);
});

test("a program that cannot even be started is reported", () => {
  const lost: string[] = [];
  const server = new ServerProcess(how => lost.push(how));
  assert.throws(() => server.start("server.js", process.env, "no\0program"));
  assert.equal(lost.length, 1);
});

test("a process that has answered is not ended by the limit for its first answer", async () => {
  const { server, lost } = await started(`setInterval(() => {}, 1000); console.log("runs");`, 1_500);
  server.answered();
  await new Promise(resolve => setTimeout(resolve, 1_700));
  assert.ok(server.pid);
  assert.deepEqual(lost, []);
  await server.end(async () => {
    throw new Error("the connection is closed");
  });
  assert.equal(server.pid, undefined, "ended, although it could not be asked");
});

test("a process gets the environment it is started with", async () => {
  const server = new ServerProcess(() => {});
  const code = `process.exit(process.env.https_proxy === "http://proxy.test" && process.env.HOME === undefined ? 7 : 8);`;
  server.start(script(code), { https_proxy: "http://proxy.test" });
  await assert.rejects(server.over, /exit code 7/);
});

test("the host's binary runs the server as plain Node", async () => {
  const { server, gone } = await started(`process.exit(process.env.ELECTRON_RUN_AS_NODE === "1" ? 7 : 8);`);
  await gone;
  await assert.rejects(server.over, /exit code 7/);
});

test("a process that exits by itself is reported once, with its exit code", async () => {
  const { server, lost, gone } = await started(`console.log("runs"); setTimeout(() => process.exit(7), 20);`);
  assert.ok(server.pid);
  await gone;
  await server.end(async () => {});
  await assert.rejects(server.over, /exit code 7/);
  assert.deepEqual([lost, server.pid], [["exit code 7"], undefined]);
});

test("a process that does not answer in time is ended and reported", async () => {
  const { server, lost, gone } = await started(DEAF, 1_500);
  await gone;
  assert.deepEqual([lost, server.pid], [["no answer in 1.5 s"], undefined]);
});

test("a process that has not answered yet is ended at once, without a report, when its start is given up", async () => {
  const { server, lost, gone } = await started(DEAF);
  server.giveUp();
  await assert.rejects(server.over, /given up/);
  await gone;
  assert.deepEqual([lost, server.pid], [[], undefined]);
});

test("a process that has answered is asked to end, and ended if it does not", async () => {
  const { server, lost, gone } = await started(DEAF);
  server.answered();
  server.giveUp();
  assert.ok(server.pid);
  let asked = 0;
  await server.end(async () => {
    asked++;
    await new Promise(() => {});
  });
  await gone;
  assert.deepEqual([asked, lost, server.pid], [1, [], undefined]);
});
