import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { EXPECTED_RELEASE } from "../../server/engine/libllama.ts";
import { modelLoader } from "../../server/model/loader.ts";
import { readSettings } from "../../server/protocol/index.ts";
import { modelStamp } from "../../server/system/index.ts";
import { cpuOptions } from "./loaded.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-loader-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const { modelPath } = cpuOptions;
const { settings } = readSettings({ modelPath, backend: "cpu", threads: 1 });

/** Loads the fixture. @param storage the folder of what is remembered */
async function loaded(storage: string, retryLoads = false) {
  const outcome = await modelLoader(storage, retryLoads)(settings, 0);
  assert.ok("engine" in outcome);
  return outcome;
}

test("a tuning that has ended the process twice is left out until the user asks for another try", async () => {
  const storage = join(folder, "ended");
  const attempts = join(storage, "attempts");
  mkdirSync(attempts, { recursive: true });
  const subject = `tuning ${modelPath} ${modelStamp(modelPath)} cpu ${EXPECTED_RELEASE}`;
  for (const minutes of [1, 2]) {
    // No process has this number.
    const attempt = { subject, pid: 2 ** 22 + minutes, at: Date.now() - minutes * 60_000 };
    writeFileSync(join(attempts, `${minutes}.json`), JSON.stringify(attempt));
  }
  const { engine, tune, draftModel } = await loaded(storage);
  assert.equal(tune, undefined);
  assert.equal(draftModel, undefined, "a draft model would be of no use");
  assert.match(engine.info.notes.join(), /on cpu has ended the server repeatedly.*Restart Server/);
  await engine.dispose();
  const again = await loaded(storage, true);
  assert.ok(again.tune);
  assert.deepEqual(again.engine.info.notes, []);
  await again.engine.dispose();
});

test("a tuning under way is noted, and one that is over is not", async () => {
  const storage = join(folder, "under way");
  const { engine, tune } = await loaded(storage);
  const noted = () => readdirSync(join(storage, "attempts"));
  assert.deepEqual(noted(), []);
  const abort = new AbortController();
  const tuning = tune?.(abort.signal);
  assert.equal(noted().length, 1);
  abort.abort();
  assert.equal(await tuning, undefined);
  assert.deepEqual(noted(), []);
  await engine.dispose();
});
