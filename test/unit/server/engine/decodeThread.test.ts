import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DecodeThread, END } from "../../../../server/engine/decodeThread.ts";
import type { BatchStruct } from "../../../../server/engine/libllama.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-decode-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const library = { directory: folder };

function script(name: string, code: string): string {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(path, `import { parentPort as port, workerData } from "node:worker_threads";\n${code}`);
  return path;
}

const batch = (rows: number): BatchStruct => ({
  n_tokens: rows,
  token: 1n,
  embd: null,
  pos: 2n,
  n_seq_id: 3n,
  seq_id: 4n,
  logits: 5n,
});

test("decodes are answered one after the other with the thread's result", async () => {
  const echo = `port.on("message", asked => asked === "${END}" ? port.close() : port.postMessage(Number(asked.context) + asked.batch.n_tokens));`;
  const thread = await DecodeThread.start(library, script("echo", `${echo} port.postMessage("ready");`));
  assert.ok(thread);
  for (const rows of [1, 7, 3]) assert.equal(await thread.decode(40n, batch(rows)), 40 + rows);
  const first = thread.decode(40n, batch(1));
  assert.throws(() => thread.decode(40n, batch(1)), /under way/);
  assert.equal(await first, 41);
  thread.free();
});

test("a shared thread runs until its last user frees it", async () => {
  const echo = `port.on("message", asked => asked === "${END}" ? port.close() : port.postMessage(0)); port.postMessage("ready");`;
  const thread = await DecodeThread.start(library, script("shared", echo));
  assert.ok(thread);
  const shared = thread.share();
  thread.free();
  assert.equal(await shared.decode(1n, batch(1)), 0);
  const pending = new Promise<void>(resolve => {
    const look = () => (shared.isRunning ? setTimeout(look, 5) : resolve());
    look();
  });
  shared.free();
  await pending;
});

test("a thread that cannot start is undefined, and one that exits rejects its decode and is not used again", async () => {
  assert.equal(await DecodeThread.start(library, join(folder, "absent.mjs")), undefined);
  assert.equal(await DecodeThread.start(library, script("throws", 'throw new Error("no");')), undefined);
  const ends = 'port.on("message", () => process.exit(1)); port.postMessage("ready");';
  const thread = await DecodeThread.start(library, script("ends", ends));
  assert.ok(thread?.isRunning);
  await assert.rejects(thread.decode(1n, batch(1)), /has ended/);
  assert.equal(thread.isRunning, false);
});
