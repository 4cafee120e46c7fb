import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { DidChangeConfigurationNotification, ShutdownRequest } from "vscode-languageserver-protocol/node";
import { modelsFolder } from "../../server/catalogue/index.ts";
import { hubPath, writeReceipt } from "../../server/catalogue/modelFolder.ts";
import { ExplainLastRequest, FreeMemoryRequest } from "../../server/protocol/messages.ts";
import { cacheDirectory } from "../../server/system/index.ts";
import { connect, type TestClient } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";
import { until } from "../fakes/until.ts";

const URI = "file:///project/sample.sketch";
const AT = { line: 0, character: 4 };

/** The states that are reported while completions are turned off and on again. */
async function statesOfToggling({ connection, statuses }: TestClient): Promise<string[]> {
  const { length } = statuses;
  for (const enabled of [false, true])
    await connection.sendNotification(DidChangeConfigurationNotification.type, {
      settings: { foretoken: { enabled, firstDatastore: false } },
    });
  await connection.sendRequest(ExplainLastRequest);
  return statuses.slice(length).map(({ state }) => state);
}

test("a fault while the model is tuned is logged, and the server keeps running", async () => {
  const engine = new FakeEngine(saying("first\n"));
  const tune = async () => {
    throw new Error("the tuning broke");
  };
  const client = await connect({ modelLoader: () => async () => ({ engine, tune }) });
  client.open(URI, "a = ", "sketch");
  await until("the tuning's error", () => client.log.some(line => line.includes("the tuning broke")));
  assert.equal((await client.complete(URI, AT).items)[0]?.insertText, "first");
  await client.close();
});

test("a model requested while the previous one is being freed is loaded once that is gone", async () => {
  const engines: FakeEngine[] = [];
  let release = () => {};
  const released = new Promise<void>(resolve => {
    release = resolve;
  });
  const client = await connect({
    modelLoader: () => async () => {
      assert.ok(
        engines.every(({ disposed }) => disposed),
        "two models are in memory",
      );
      const engine = new FakeEngine(saying("first\n"));
      engine.dispose = async () => {
        await released;
        engine.disposed = true;
      };
      engines.push(engine);
      return { engine };
    },
  });
  client.open(URI, "a = ", "sketch");
  await client.status(({ state }) => state === "ready");
  const freed = client.connection.sendRequest(FreeMemoryRequest);
  const asked = client.complete(URI, AT);
  await pause(30);
  release();
  assert.equal(await freed, true);
  assert.equal((await asked.items)[0]?.insertText, "first");
  const { state } = await client.status(({ last }) => last !== undefined);
  assert.equal(state, "ready");
  assert.deepEqual(await statesOfToggling(client), ["off", "ready"]);
  await client.close();
});

test("a model that is never used is freed after the configured idle time too", async t => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const engine = new FakeEngine(saying("first\n"));
  const client = await connect(
    { modelLoader: () => async () => ({ engine }) },
    { settings: { freeAfterMinutes: 1 } },
  );
  const set = async (freeAfterMinutes: number) => {
    await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
      settings: { foretoken: { freeAfterMinutes, firstDatastore: false } },
    });
    await client.connection.sendRequest(ExplainLastRequest);
  };
  await client.status(({ state }) => state === "ready");
  await set(0);
  for (let minute = 0; minute < 5; minute++) t.mock.timers.tick(60_000);
  await client.connection.sendRequest(ExplainLastRequest);
  assert.ok(!engine.disposed, "0 is never, also for a time that runs already");
  await set(7);
  t.mock.timers.tick(60_000);
  await client.connection.sendRequest(ExplainLastRequest);
  assert.ok(!engine.disposed);
  t.mock.timers.tick(60_000);
  await client.connection.sendRequest(ExplainLastRequest);
  assert.ok(engine.disposed);
  await client.status(({ state }) => state === "asleep");
  await client.close();
});

test("a clock that is set back keeps an unused model for no more than the configured time", async t => {
  let now = 1_000 * 60_000;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(Date, "now", () => now);
  const engine = new FakeEngine(saying("first\n"));
  const client = await connect(
    { modelLoader: () => async () => ({ engine }) },
    { settings: { freeAfterMinutes: 3 } },
  );
  const pass = async () => {
    now += 60_000;
    t.mock.timers.tick(60_000);
    await client.connection.sendRequest(ExplainLastRequest);
  };
  await client.status(({ state }) => state === "ready");
  await pass();
  now -= 900 * 60_000;
  for (let minute = 0; minute < 3; minute++) await pass();
  assert.ok(!engine.disposed);
  await pass();
  assert.ok(engine.disposed);
  await client.close();
});

test("a freed model is not reported as ready after completions are turned off and on again", async () => {
  const client = await connect({
    modelLoader: () => async () => ({ engine: new FakeEngine(saying("first\n")) }),
  });
  client.open(URI, "a = ", "sketch");
  await client.status(({ state }) => state === "ready");
  await client.connection.sendRequest(FreeMemoryRequest);
  assert.deepEqual(await statesOfToggling(client), ["off", "asleep"]);
  assert.equal((await client.complete(URI, AT).items)[0]?.insertText, "first");
  await client.close();
});

test("a model at an inaccessible path is reported, and the server does not stay in its starting state", async () => {
  const problem = {
    code: "modelInvalid",
    message: "It may not be read.",
    remedy: "Choose another.",
  } as const;
  const notAFolder = join(import.meta.filename, "model.gguf");
  const client = await connect(
    { modelLoader: () => async () => ({ problem }) },
    { settings: { modelPath: notAFolder } },
  );
  await client.status(({ state }) => state === "error");
  client.open(URI, "a = ", "sketch");
  assert.deepEqual(await client.complete(URI, AT).items, []);
  await client.close();
});

test("a model that could not be loaded is retried once its file changes, and requests report its problem", async () => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-model-"));
  const modelPath = join(folder, "model.gguf");
  writeFileSync(modelPath, "damaged");
  let loads = 0;
  const problem = { code: "modelInvalid", message: "The file is damaged.", remedy: "Get it again." } as const;
  const client = await connect(
    {
      modelLoader: () => async () => {
        loads++;
        const isWhole = readFileSync(modelPath, "utf8") === "whole model";
        return isWhole ? { engine: new FakeEngine(saying("first\n")) } : { problem };
      },
    },
    { settings: { modelPath } },
  );
  client.open(URI, "a = ", "sketch");
  await client.status(({ state }) => state === "error");
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await client.complete(URI, AT).items, []);
    const explanation = await client.connection.sendRequest(ExplainLastRequest);
    assert.match(JSON.stringify(explanation), /The file is damaged\./);
  }
  assert.equal(loads, 1, "the same file is not read again");
  writeFileSync(modelPath, "whole model");
  assert.equal((await client.complete(URI, AT).items)[0]?.insertText, "first");
  await client.close();
  rmSync(folder, { recursive: true });
});

// Only there a variable moves the folder of fetched models.
const onLinux = { skip: process.platform !== "linux" };

test("a model of the hub that was not fetched is loaded once it is", onLinux, async context => {
  const cache = mkdtempSync(join(tmpdir(), "foretoken-cache-"));
  const { XDG_CACHE_HOME } = process.env;
  process.env.XDG_CACHE_HOME = cache;
  context.after(() => {
    if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME;
    rmSync(cache, { recursive: true });
  });
  const reference = "hf:owner/name:model.gguf";
  const path = hubPath(
    modelsFolder(cacheDirectory()),
    { quantisation: "Q8_0", repository: "owner/name", revision: "main" },
    "c".repeat(40),
    "model.gguf",
  );
  const problem = { code: "modelMissing", message: "It has not been fetched.", remedy: "Fetch it." } as const;
  const client = await connect(
    {
      modelLoader: () => async () =>
        existsSync(path) ? { engine: new FakeEngine(saying("first\n")) } : { problem },
    },
    { settings: { modelPath: reference } },
  );
  client.open(URI, "a = ", "sketch");
  await client.status(({ state }) => state === "error");
  assert.deepEqual(await client.complete(URI, AT).items, []);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "model");
  writeReceipt(path, { references: [reference], bytes: 5, fetched: "2026-11-28T00:00:00Z" });
  assert.equal((await client.complete(URI, AT).items)[0]?.insertText, "first");
  await client.close();
});

for (const enabled of [true, false])
  test(`overlapping settings changes end with the last one: ${enabled ? "on" : "off"}`, async () => {
    const engine = new FakeEngine(saying("first line of a text\n"));
    engine.beforeDecode = async () => void (await pause(30));
    let loadMs = 0;
    const load = async () => {
      await pause(loadMs);
      return { engine };
    };
    const client = await connect({ modelLoader: () => load });
    const set = (settings: Record<string, unknown>) =>
      client.connection.sendNotification(DidChangeConfigurationNotification.type, {
        settings: { foretoken: { firstDatastore: false, ...settings } },
      });
    client.open(URI, "a = ", "sketch");
    await client.status(({ state }) => state === "ready");
    // Settings change while a completion is computed, and while another model is loaded.
    const asked = client.complete(URI, AT);
    await client.status(({ state }) => state === "working");
    for (const each of [!enabled, enabled]) await set({ enabled: each });
    await asked.items;
    await pause(60);
    loadMs = 60;
    await set({ enabled: !enabled, modelPath: "/other.gguf" });
    await pause(20);
    await set({ enabled, modelPath: "/other.gguf" });
    await pause(120);
    await client.connection.sendRequest(ExplainLastRequest);
    assert.equal(client.statuses.at(-1)?.state, enabled ? "ready" : "off");
    await client.close();
  });

test("a request that is still waiting at shutdown does not load the model again", async () => {
  let loads = 0;
  const client = await connect(
    {
      modelLoader: () => async () => {
        loads++;
        return { engine: new FakeEngine(saying("first\n")) };
      },
    },
    { settings: { delayMs: 100 } },
  );
  client.open(URI, "a = ", "sketch");
  await client.status(({ state }) => state === "ready");
  const asked = client.complete(URI, AT);
  await client.connection.sendRequest(ShutdownRequest.type);
  assert.deepEqual(await asked.items, []);
  assert.equal(loads, 1);
  client.connection.dispose();
});

test("a shutdown does not wait for a model that is being loaded, and uses it no more", async () => {
  const engine = new FakeEngine(saying("first\n"));
  let finish = () => {};
  const loading = new Promise<void>(resolve => {
    finish = resolve;
  });
  let begun = false;
  const { connection, statuses } = await connect({
    modelLoader: () => async () => {
      begun = true;
      await loading;
      return { engine };
    },
  });
  await until("the load", () => begun);
  let isShutDown = false;
  const answered = connection.sendRequest(ShutdownRequest.type).then(() => {
    isShutDown = true;
  });
  await until("the answer", () => isShutDown);
  await answered;
  assert.equal(engine.disposed, false, "it was still loading");
  finish();
  await until("its end", () => engine.disposed);
  assert.ok(statuses.every(({ state }) => state === "starting"));
  connection.dispose();
});
