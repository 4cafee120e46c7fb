import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { LlamaEngine } from "../../server/engine/index.ts";
import { EXPECTED_RELEASE } from "../../server/engine/libllama.ts";
import { modelLoader } from "../../server/model/loader.ts";
import { disposeModel } from "../../server/model/modelHost.ts";
import { readSettings } from "../../server/protocol/index.ts";
import { modelStamp } from "../../server/system/index.ts";
import { startSpinning } from "../fakes/spinning.ts";
import { cpuOptions } from "./loaded.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-loader-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const { modelPath } = cpuOptions;
const { settings } = readSettings({ modelPath, backend: "cpu", threads: 1 });

/** Loads the fixture. @param storage the folder of what is remembered */
async function loaded(storage: string, retryLoads = false) {
  const outcome = await modelLoader(storage, retryLoads)(settings);
  assert.ok("engine" in outcome);
  return outcome;
}

const tuningOf = (path: string) => `tuning ${path} ${modelStamp(path)} cpu ${EXPECTED_RELEASE}`;

/** Leaves the notes of two processes that something has ended. */
function endedTwice(storage: string, subject: string): void {
  const attempts = join(storage, "attempts");
  mkdirSync(attempts, { recursive: true });
  for (const minutes of [1, 2]) {
    // No process has this number.
    const attempt = { subject, pid: 2 ** 22 + minutes, at: Date.now() - minutes * 60_000 };
    writeFileSync(join(attempts, `${minutes}.json`), JSON.stringify(attempt));
  }
}

test("a tuning that has ended the process twice is left out until the user asks for another try", async () => {
  const storage = join(folder, "ended");
  endedTwice(storage, tuningOf(modelPath));
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

test("a tuning beside busy programs counts for the next start, which may still tune in quiet", async () => {
  const storage = join(folder, "busy");
  const start = async () => {
    const outcome = await modelLoader(storage)({ ...settings, threads: 0 });
    assert.ok("engine" in outcome);
    return { ...outcome, engine: outcome.engine as LlamaEngine };
  };
  const spinning = startSpinning(availableParallelism());
  after(() => spinning.map(each => each.kill()));
  const first = await start();
  assert.equal(first.isTunedRoughly, false);
  // The programs take a moment to start, and their load is averaged.
  for (const end = Date.now() + 20_000; Date.now() < end && first.engine.decoder.otherLoad < 1; )
    await pause(300);
  const { signal } = new AbortController();
  assert.match((await first.tune?.(signal)) ?? "", /Other programs were busy during the measurement/);
  const { exactRows } = first.engine.configuration;
  assert.ok(exactRows > 1);
  await first.engine.dispose();
  const second = await start();
  assert.equal(second.engine.configuration.exactRows, exactRows);
  assert.equal(second.isTunedRoughly, true);
  assert.ok(second.tune);
  await second.engine.dispose();
  for (const each of spinning) each.kill();
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

/** Settings with which the fixture drafts for itself. */
const drafting = { ...settings, draftModel: modelPath };

test("the measurement of a draft model is noted while it is under way", async () => {
  const storage = join(folder, "drafter");
  const loadedModel = await loaded(storage);
  const noted = () => readdirSync(join(storage, "attempts")).length;
  const counts: number[] = [];
  const problem = await loadedModel.draftModel?.use(drafting, async tune => {
    counts.push(noted());
    const tuning = tune(new AbortController().signal);
    counts.push(noted());
    const isTuned = await tuning;
    counts.push(noted());
    return isTuned;
  });
  assert.equal(problem, undefined);
  assert.deepEqual(counts, [0, 1, 0]);
  await disposeModel(loadedModel);
});

test("a draft model whose measurement has ended the process twice is left out, with the remedy", async () => {
  const storage = join(folder, "drafter ended");
  endedTwice(storage, `drafter ${tuningOf(modelPath)}`);
  const loadedModel = await loaded(storage);
  const problem = await loadedModel.draftModel?.use(drafting, () => assert.fail("it was measured"));
  assert.match(problem?.message ?? "", /drafts on cpu has ended the server repeatedly/);
  assert.match(problem?.remedy ?? "", /foretoken\.draftModel.*Restart Server/);
  assert.equal(loadedModel.draftModel?.engine, undefined);
  await disposeModel(loadedModel);
});
