/** Completions while models fail, are exchanged, freed and disposed of. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { DidChangeConfigurationNotification } from "vscode-languageserver-protocol/node";
import type { LoadModel } from "../../server/model/modelHost.ts";
import { FreeMemoryRequest } from "../../server/protocol/messages.ts";
import type { Settings } from "../../server/protocol/settings.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";
import { AT_END, endless, opened, serving, TEXT, URI } from "../fakes/sample.ts";
import { until } from "../fakes/until.ts";

test("a model that cannot be loaded is an error with a remedy, and setting a good model resolves it", async () => {
  const load = async (settings: Settings) =>
    settings.modelPath === resolve("good.gguf")
      ? { engine: new FakeEngine(saying("mended")) }
      : {
          problem: {
            code: "modelMissing" as const,
            message: "There is no model at bad.gguf.",
            remedy: "Choose another.",
          },
        };
  const client = await connect(serving(load), { settings: { modelPath: "bad.gguf" } });
  client.open(URI, TEXT);
  const failed = await client.status(status => status.state === "error");
  assert.equal(failed.message, "There is no model at bad.gguf.");
  assert.equal(failed.remedy, "Choose another.");
  assert.ok(client.log.some(line => line.includes("There is no model at bad.gguf. Choose another.")));
  assert.deepEqual(await client.complete(URI, AT_END).items, []);
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { modelPath: "good.gguf" } },
  });
  await client.status(status => status.state === "ready");
  assert.equal((await client.complete(URI, AT_END).items)[0]?.insertText, "mended");
  await client.close();
});

test("a back end that is missing leaves the model on the graphics card in use", async () => {
  const load = async ({ backend }: Settings) => {
    if (backend === "metal")
      return {
        problem: { code: "backendMissing" as const, message: "It is not installed.", remedy: "Use another." },
      };
    // A graphics card has no memory for two models, so this one is freed before another is loaded.
    return { engine: new FakeEngine(saying("on the card"), { backend: "vulkan" }) };
  };
  const client = await connect(serving(load));
  client.open(URI, TEXT);
  await client.status(status => status.state === "ready");
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { backend: "metal" } },
  });
  const failed = await client.status(status => status.state === "error");
  assert.match(failed.remedy ?? "", /^Use another\. .+ stays in use\.$/);
  assert.equal((await client.complete(URI, AT_END).items)[0]?.insertText, "on the card");
  await client.close();
});

test("a model that cannot be loaded leaves the previous one in use, and the status says why", async () => {
  const engines: FakeEngine[] = [];
  const load = async ({ modelPath }: Settings) => {
    if (modelPath === resolve("bad.gguf"))
      return {
        problem: { code: "modelInvalid" as const, message: "It is damaged.", remedy: "Fetch it again." },
      };
    const engine = new FakeEngine(saying(modelPath === "" ? "old" : "new"));
    engines.push(engine);
    return { engine };
  };
  const client = await connect(serving(load));
  client.open(URI, TEXT);
  await client.status(status => status.state === "ready");
  const choose = (modelPath: string) =>
    client.connection.sendNotification(DidChangeConfigurationNotification.type, {
      settings: { foretoken: { modelPath } },
    });
  await choose("bad.gguf");
  const failed = await client.status(status => status.state === "error");
  assert.equal(failed.message, "It is damaged.");
  assert.match(failed.remedy ?? "", /^Fetch it again\. .+ stays in use\.$/);
  assert.equal((await client.complete(URI, AT_END).items)[0]?.insertText, "old");
  await choose("good.gguf");
  await client.status(status => status.state === "ready" && engines.length === 3);
  assert.equal((await client.complete(URI, AT_END).items)[0]?.insertText, "new");
  assert.deepEqual(
    engines.map(({ disposed }) => disposed),
    [true, true, false],
  );
  await client.close();
});

test("a fault in the engine is logged and costs only one completion", async () => {
  const engine = new FakeEngine(saying("fine"));
  const client = await opened(engine);
  engine.beforeDecode = async () => {
    throw new Error("the graph broke");
  };
  assert.deepEqual(await client.complete(URI, AT_END).items, []);
  engine.beforeDecode = async () => {};
  assert.equal((await client.complete(URI, AT_END).items)[0]?.insertText, "fine");
  assert.ok(client.log.some(line => line.includes("the graph broke")));
  await client.close();
});

test("when graphics memory runs out, the model is reloaded with less in it, and the request is answered by that", async () => {
  const loads: (number | undefined)[] = [];
  const load: LoadModel = async (_, lessThan) => {
    loads.push(lessThan?.layers);
    const layers = (lessThan?.layers ?? 4) - 1;
    const engine = new FakeEngine(saying("fits"), { backend: "cuda" });
    engine.memoryIsFull = layers > 1;
    return { engine, placement: { layers, contextTokens: 4096 } };
  };
  const client = await connect(serving(load));
  client.open(URI, TEXT);
  assert.equal((await client.complete(URI, AT_END).items)[0]?.insertText, "fits");
  assert.deepEqual(loads, [undefined, 3, 2], "less each time than what there was no memory for");
  assert.equal(client.log.filter(line => line.includes("Graphics memory ran out")).length, 2);
  await client.close();
});

test("when main memory runs out, the remedy is reported and the server keeps running", async () => {
  const engine = new FakeEngine(saying("later"));
  const client = await opened(engine);
  engine.memoryIsFull = true;
  assert.deepEqual(await client.complete(URI, AT_END).items, []);
  const status = await client.status(({ state }) => state === "error");
  assert.match(status.remedy ?? "", /foretoken\.contextTokens/);
  engine.memoryIsFull = false;
  assert.equal((await client.complete(URI, AT_END).items)[0]?.insertText, "later");
  await client.close();
});

test("a model that is replaced while a request waits for it is no longer used", async () => {
  const engines: FakeEngine[] = [];
  let finish = () => {};
  const load = async () => {
    const engine = new FakeEngine(saying("late"));
    engines.push(engine);
    if (engines.length === 1)
      await new Promise<void>(resolve => {
        finish = resolve;
      });
    return { engine };
  };
  const client = await connect(serving(load));
  client.open(URI, TEXT);
  const waiting = client.complete(URI, AT_END);
  await new Promise(resolve => setTimeout(resolve, 20));
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { threads: 3 } },
  });
  await new Promise(resolve => setTimeout(resolve, 20));
  finish();
  await waiting.items;
  await client.status(status => status.state === "ready");
  assert.equal(engines[0]?.decodes, 0);
  assert.ok(engines[0]?.disposed);
  assert.equal((await client.complete(URI, AT_END).items)[0]?.insertText, "late");
  await client.close();
});

test("a request whose model is replaced before it has text is answered by the new model", async () => {
  const engines: FakeEngine[] = [];
  let release = () => {};
  const held = new Promise<void>(resolve => {
    release = resolve;
  });
  const load = async () => {
    const engine = new FakeEngine(saying(engines.length === 0 ? "of the first" : "of the second"));
    if (engines.length === 0) engine.beforeDecode = () => held;
    engines.push(engine);
    return { engine };
  };
  const client = await connect(serving(load));
  client.open(URI, TEXT);
  const asked = client.complete(URI, AT_END);
  await client.status(status => status.state === "working");
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { threads: 3 } },
  });
  await until("the start", () => client.statuses.at(-1)?.state === "starting");
  release();
  assert.equal((await asked.items)[0]?.insertText, "of the second");
  assert.ok(engines[0]?.disposed);
  assert.equal(engines.length, 2);
  await client.close();
});

test("a freed model is reported as asleep, and the next completion loads it again", async () => {
  const engines: FakeEngine[] = [];
  const client = await connect(
    serving(async () => {
      const engine = new FakeEngine(saying("back"));
      engines.push(engine);
      return { engine };
    }),
  );
  client.open(URI, TEXT);
  await client.status(status => status.state === "ready");
  assert.equal(await client.connection.sendRequest(FreeMemoryRequest), true);
  await client.status(status => status.state === "asleep");
  assert.ok(engines[0]?.disposed);
  assert.equal(await client.connection.sendRequest(FreeMemoryRequest), false);
  assert.equal((await client.complete(URI, AT_END).items)[0]?.insertText, "back");
  assert.equal(engines.length, 2);
  await client.close();
});

test("shutting down disposes the model", async () => {
  const engine = endless();
  const client = await opened(engine);
  await client.status(status => status.state === "ready");
  await client.close();
  assert.ok(engine.disposed);
});
