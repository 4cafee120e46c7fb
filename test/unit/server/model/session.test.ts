import assert from "node:assert/strict";
import { test } from "node:test";
import { ModelHost } from "../../../../server/model/modelHost.ts";
import { Session } from "../../../../server/model/session.ts";
import { DEFAULT_SETTINGS } from "../../../../server/protocol/settings.ts";
import { FakeEngine, saying } from "../../../fakes/engine.ts";

const never = new AbortController().signal;
const untilAborted = (signal: AbortSignal) =>
  new Promise<string>(resolve => signal.addEventListener("abort", () => resolve("aborted"), { once: true }));

test("a new request aborts the old one and waits for its end", async () => {
  const session = new Session();
  const order: string[] = [];
  const first = session.run(never, async signal => {
    await untilAborted(signal);
    await new Promise(resolve => setTimeout(resolve, 10));
    order.push("first ended");
    return 1;
  });
  await Promise.resolve();
  const second = session.run(never, async () => {
    order.push("second began");
    return 2;
  });
  assert.equal(await first, 1);
  assert.equal(await second, 2);
  assert.deepEqual(order, ["first ended", "second began"]);
});

test("a request replaced before it began never runs", async () => {
  const session = new Session();
  let ran = false;
  const first = session.run(never, untilAborted);
  await new Promise(setImmediate);
  const second = session.run(never, async () => {
    ran = true;
  });
  const third = session.run(never, async () => 3);
  assert.deepEqual([await first, await second, await third], ["aborted", undefined, 3]);
  assert.equal(ran, false);
});

test("it is known whether a session is idle, and for how long", async () => {
  const session = new Session();
  const running = session.run(never, signal => untilAborted(signal));
  assert.deepEqual([session.idle, session.idleMs], [false, 0]);
  await session.stop();
  await running;
  await new Promise(resolve => setTimeout(resolve, 20));
  assert.equal(session.idle, true);
  assert.ok(session.idleMs >= 10, `${session.idleMs}`);
});

test("a failing request does not block the next", async () => {
  const session = new Session();
  await assert.rejects(
    session.run(never, () => Promise.reject(new Error("broken"))),
    /broken/,
  );
  assert.equal(await session.run(never, async () => 2), 2);
});

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
  assert.ok("problem" in bad);
  assert.deepEqual([host.current === engines[0], engines[0]?.disposed], [true, false]);
  const exchange = host.exchange({ ...DEFAULT_SETTINGS, modelPath: "good" });
  await loaded(exchange);
  assert.ok(host.isLatest(exchange));
  assert.deepEqual([host.current === engines[1], engines[0]?.disposed], [true, true]);
  assert.deepEqual(await host.loaded(), { engine: engines[1] });
  const replaced = host.exchange({ ...DEFAULT_SETTINGS, modelPath: "late" });
  await new Promise(setImmediate);
  await host.reload(DEFAULT_SETTINGS);
  give?.();
  await replaced;
  assert.deepEqual(
    engines.map(({ disposed }) => disposed),
    [true, true, false, true],
    "what comes too late is freed",
  );
});
