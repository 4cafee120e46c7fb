import assert from "node:assert/strict";
import { test } from "node:test";
import { type LoadedModel, ModelHost } from "../../../../server/model/modelHost.ts";
import { Session } from "../../../../server/model/session.ts";
import { DEFAULT_SETTINGS } from "../../../../server/protocol/settings.ts";
import { FakeEngine, saying } from "../../../fakes/engine.ts";

test("a model is disposed when another replaces it, and a faulty loader is a problem, not a crash", async () => {
  const engines: FakeEngine[] = [];
  let fail = false;
  const host = new ModelHost(async () => {
    if (fail) throw new Error("no such library");
    const engine = new FakeEngine(saying("x"));
    engines.push(engine);
    return { engine };
  }, new Session());
  await host.reload(DEFAULT_SETTINGS);
  await host.reload(DEFAULT_SETTINGS);
  assert.deepEqual(
    engines.map(engine => engine.disposed),
    [true, false],
  );
  fail = true;
  const outcome = await host.reload(DEFAULT_SETTINGS);
  assert.ok("problem" in outcome && outcome.problem.message.includes("no such library"));
  assert.deepEqual(await host.loaded(), outcome);
  assert.ok(engines[1]?.disposed);
});

test("a model that is loaded while another is in use replaces it only once it is ready", async () => {
  const engines: FakeEngine[] = [];
  let give: (() => void) | undefined;
  const host = new ModelHost(async ({ modelPath }) => {
    if (modelPath !== "") await new Promise<void>(resolve => (give = resolve));
    if (modelPath === "bad") return { problem: { code: "modelInvalid", message: "bad", remedy: "another" } };
    const engine = new FakeEngine(saying("x"));
    engines.push(engine);
    return { engine };
  }, new Session());
  const loaded = async (loading: ReturnType<ModelHost["exchange"]>) => {
    await new Promise(setImmediate);
    assert.equal(host.current, engines[0], "the old one serves meanwhile");
    give?.();
    return loading;
  };
  await host.reload(DEFAULT_SETTINGS);
  const bad = await loaded(host.exchange({ ...DEFAULT_SETTINGS, modelPath: "bad" }));
  assert.ok(bad && "problem" in bad);
  assert.deepEqual([host.current === engines[0], engines[0]?.disposed], [true, false]);
  const exchange = host.exchange({ ...DEFAULT_SETTINGS, modelPath: "good" });
  await loaded(exchange);
  assert.ok(host.isLatest(exchange));
  assert.deepEqual([host.current === engines[1], engines[0]?.disposed], [true, true]);
  assert.deepEqual(await host.loaded(), { engine: engines[1] });
  const replaced = host.exchange({ ...DEFAULT_SETTINGS, modelPath: "late" });
  await new Promise(setImmediate);
  const reloaded = host.reload(DEFAULT_SETTINGS);
  give?.();
  await Promise.all([replaced, reloaded]);
  assert.deepEqual(
    engines.map(({ disposed }) => disposed),
    [true, true, true, false],
    "what comes too late is freed",
  );
});

test("models are loaded one at a time, and those requested between the first and the last not at all", async () => {
  const begun: string[] = [];
  const engines: FakeEngine[] = [];
  let isLoading = false;
  const host = new ModelHost(async ({ modelPath }) => {
    assert.equal(isLoading, false, `${modelPath} is loaded beside another load`);
    isLoading = true;
    begun.push(modelPath);
    await new Promise(resolve => setTimeout(resolve, 10));
    isLoading = false;
    const engine = new FakeEngine(saying("x"));
    engines.push(engine);
    return { engine };
  }, new Session());
  const wanted = (modelPath: string) => ({ ...DEFAULT_SETTINGS, modelPath });
  await host.reload(wanted("served"));
  const exchanges: ReturnType<ModelHost["exchange"]>[] = [];
  for (const path of ["first", "between", "last"]) {
    exchanges.push(host.exchange(wanted(path)));
    await new Promise(setImmediate);
  }
  const [, between, last] = await Promise.all(exchanges);
  assert.deepEqual(begun, ["served", "first", "last"]);
  assert.equal(between, undefined);
  assert.deepEqual([last, host.current], [{ engine: engines[2] }, engines[2]]);
  assert.deepEqual(
    engines.map(({ disposed }) => disposed),
    [true, true, false],
  );
  const late = host.exchange(wanted("late"));
  await new Promise(setImmediate);
  await host.reload(wanted("in its place"));
  const freed = host.exchange(wanted("freed"));
  await new Promise(setImmediate);
  await host.dispose();
  assert.ok(
    engines.every(({ disposed }) => disposed),
    "nothing is left, nor still being loaded",
  );
  await Promise.all([late, freed]);
});

test("a model that is loaded again is out of use at once, and less is put into graphics memory only where it ran out", async () => {
  const placement = { gpuLayers: 7 } as unknown as NonNullable<LoadedModel["placement"]>;
  const limits: unknown[] = [];
  const host = new ModelHost(async (_settings, lessThan) => {
    limits.push(lessThan);
    return { engine: new FakeEngine(saying("x")), placement };
  }, new Session());
  for (const less of [undefined, true, false]) {
    const loading = host.reload(DEFAULT_SETTINGS, less);
    assert.deepEqual([host.current, host.isEmpty], [undefined, false]);
    await loading;
    assert.ok(host.current);
  }
  assert.deepEqual(limits, [undefined, placement, undefined]);
});

test("of loads that follow each other at once only the last comes into use, and the others are freed", async () => {
  const engines: FakeEngine[] = [];
  const used: (unknown | undefined)[] = [];
  const host: ModelHost = new ModelHost(async () => {
    used.push(host.current);
    const engine = new FakeEngine(saying("x"));
    engines.push(engine);
    return { engine };
  }, new Session());
  await Promise.all([host.reload(DEFAULT_SETTINGS), host.reload(DEFAULT_SETTINGS)]);
  assert.deepEqual(used, [undefined, undefined]);
  assert.ok(host.current === engines[1]);
  assert.deepEqual(
    engines.map(({ disposed }) => disposed),
    [true, false],
  );
});

test("freeing stops the completion, then frees the draft model and the model, before another is loaded", async () => {
  const steps: string[] = [];
  const session = new Session();
  const slow = (step: string) => async () => {
    await new Promise(setImmediate);
    steps.push(step);
  };
  const host = new ModelHost(async () => {
    steps.push("loaded");
    const engine = Object.assign(new FakeEngine(saying("x")), { dispose: slow("model freed") });
    const draftModel = { dispose: slow("draft model freed") } as unknown as LoadedModel["draftModel"];
    return { engine, draftModel };
  }, session);
  assert.ok(host.isEmpty);
  await host.reload(DEFAULT_SETTINGS);
  const completion = session.run(new AbortController().signal, async signal => {
    await new Promise(resolve => signal.addEventListener("abort", resolve));
    await slow("completion stopped")();
  });
  const freed = host.dispose();
  assert.deepEqual([host.current, host.isEmpty, await host.loaded()], [undefined, true, undefined]);
  await host.reload(DEFAULT_SETTINGS);
  await Promise.all([freed, completion]);
  const end = ["completion stopped", "draft model freed", "model freed"];
  assert.deepEqual(steps, ["loaded", ...end, "loaded"]);
});
