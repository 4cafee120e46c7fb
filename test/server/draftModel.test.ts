import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { DidChangeConfigurationNotification } from "vscode-languageserver-protocol/node";
import { DraftModelSlot, type LoadDraftModel } from "../../server/model/draftModelSlot.ts";
import { FreeMemoryRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { chaotic, FakeDrafter, type FakeEngine, saying, slowEngine } from "../fakes/engine.ts";
import { until } from "../fakes/until.ts";

const URI = "file:///project/sample.sketch";
const AT = { line: 0, character: 4 };
const TEXT = "reticulate(splines)\n";

/** A server whose model may have a draft model. @param load loads a draft model by its name */
function serve(load: (name: string) => ReturnType<LoadDraftModel>, draftModel: string) {
  const engines: FakeEngine[] = [];
  const modelLoader = () => async () => {
    const engine = slowEngine(saying(TEXT));
    engines.push(engine);
    return { engine, draftModel: new DraftModelSlot(async wanted => load(wanted.draftModel)) };
  };
  return connect({ modelLoader }, { settings: { draftModel } }).then(client => ({ client, engines }));
}

/** A draft model that is measured at once. */
const ready = (...engines: FakeEngine[]) => ({
  candidates: engines.map(engine => ({ engine, tune: async () => true })),
});

test("a model that cannot draft is named in the log and status with the remedy, and completions continue", async () => {
  const { client } = await serve(
    async name => ({
      problem: { code: "modelUnsuitable", message: `${name} has another vocabulary.`, remedy: "Clear it." },
    }),
    "/models/other.gguf",
  );
  client.open(URI, "a = ", "sketch");
  const { notes, state } = await client.status(status => (status.notes ?? []).length > 0);
  assert.deepEqual(notes, ["There is no draft model: /models/other.gguf has another vocabulary. Clear it."]);
  assert.equal(state, "ready");
  const isLogged = (line: string) => line.includes("foretoken.draftModel: /models/other.gguf has another");
  await until("the log", () => client.log.some(isLogged));
  assert.equal((await client.complete(URI, AT).items)[0]?.insertText, "reticulate(splines)");
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { draftModel: "", firstDatastore: false } },
  });
  await client.close();
});

test("a draft model drafts once it is measured, is replaced when its setting changes, and is freed with the model", async () => {
  const drafters = new Map<string, FakeEngine>();
  const { client, engines } = await serve(async name => {
    if (name === "") return undefined;
    const drafter = new FakeDrafter(name === "/good.gguf" ? saying(TEXT) : chaotic);
    drafters.set(name, drafter);
    return ready(drafter);
  }, "/good.gguf");
  client.open(URI, "a = ", "sketch");
  await until("a draft model", () => client.log.some(line => line.includes("drafts: ")));
  assert.equal((await client.complete(URI, AT).items)[0]?.insertText, "reticulate(splines)");
  const { sources = [] } = await client.status(({ last }) => last !== undefined);
  const own = sources.find(({ name }) => name === "draft model");
  assert.ok(own && own.accepted >= 10, JSON.stringify(sources));
  assert.ok((engines[0]?.decodes ?? 0) < 12, `${engines[0]?.decodes} decodes for 20 tokens`);

  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { draftModel: "/bad.gguf", firstDatastore: false } },
  });
  await until("the other draft model", () => drafters.has("/bad.gguf"));
  assert.ok(drafters.get("/good.gguf")?.disposed);
  assert.equal(engines.length, 1, "the model itself stays");
  assert.ok(await client.connection.sendRequest(FreeMemoryRequest));
  assert.ok(drafters.get("/bad.gguf")?.disposed && engines[0]?.disposed);
  await client.close();
});

test("the last of several draft models requested in a row is used, and all others are freed", async () => {
  const loaded: FakeEngine[] = [];
  const slot = new DraftModelSlot(async () => {
    const engine = slowEngine(chaotic);
    loaded.push(engine);
    await pause(5);
    return ready(engine);
  });
  const measured = async (work: (signal: AbortSignal) => Promise<boolean>) =>
    work(new AbortController().signal);
  const settings = { draftModel: "x" } as Parameters<typeof slot.use>[0];
  await Promise.all([1, 2, 3].map(() => slot.use(settings, measured)));
  assert.equal(slot.engine, loaded.at(-1));
  assert.deepEqual(
    loaded.map(({ disposed }) => disposed),
    loaded.map(engine => engine !== slot.engine),
  );
  const late = slot.use(settings, measured);
  await slot.dispose();
  await late;
  assert.equal(slot.engine, undefined);
  assert.ok(loaded.every(({ disposed }) => disposed));
});

test("the next draft model is loaded, and the slot is disposed, only once earlier ones are freed", async () => {
  for (const isMeasured of [true, false]) {
    const inMemory = new Set<FakeEngine>();
    let isFreeing = false;
    const candidate = (cost: number) => {
      const engine = new FakeDrafter(chaotic);
      engine.cost = () => cost;
      engine.dispose = async () => {
        isFreeing = true;
        await pause(20 * cost);
        inMemory.delete(engine);
      };
      inMemory.add(engine);
      return { engine, tune: async () => isMeasured };
    };
    let isLoading = false;
    const slot = new DraftModelSlot(async () => {
      assert.deepEqual([isLoading, inMemory.size], [false, 0]);
      isLoading = true;
      await pause(10);
      isLoading = false;
      return { candidates: [candidate(1), candidate(2)] };
    });
    const settings = { draftModel: "x" } as Parameters<typeof slot.use>[0];
    let measured = () => {};
    const afterMeasuring = new Promise<void>(resolve => {
      measured = resolve;
    });
    const whenIdle = async (work: (signal: AbortSignal) => Promise<boolean>) => {
      const result = await work(new AbortController().signal);
      measured();
      return result;
    };
    const first = slot.use(settings, whenIdle);
    await afterMeasuring;
    await pause(5);
    const [second, third] = [slot.use(settings, whenIdle), slot.use(settings, whenIdle)];
    await Promise.all([first, second]);
    await third;
    const last = slot.use(settings, whenIdle);
    await slot.dispose();
    assert.equal(inMemory.size, 0);
    await last;
    isFreeing = false;
    const freeing = slot.use(settings, whenIdle);
    await until("freeing", () => isFreeing);
    await slot.dispose();
    assert.equal(inMemory.size, 0, "also of those that are being freed");
    await freeing;
  }
});

test("a draft model that cannot be measured is freed and reported", async () => {
  const drafter = new FakeDrafter(chaotic);
  const slot = new DraftModelSlot(async () => ({
    candidates: [{ engine: drafter, tune: async () => false }],
  }));
  const settings = { draftModel: "x" } as Parameters<typeof slot.use>[0];
  const problem = await slot.use(settings, work => work(new AbortController().signal));
  assert.match(problem?.message ?? "", /^Decoding with .* failed\.$/);
  assert.equal(slot.engine, undefined);
  assert.ok(drafter.disposed);
});

test("a draft model loaded on two devices is kept only on the faster one once both are measured", async () => {
  const [slow, quick] = [slowEngine(chaotic), new FakeDrafter(chaotic)];
  slow.cost = () => 5;
  quick.cost = () => 4;
  const slot = new DraftModelSlot(async () => ready(slow, quick));
  let measured = 0;
  const settings = { draftModel: "x" } as Parameters<typeof slot.use>[0];
  await slot.use(settings, work => {
    assert.equal(slot.engine, undefined, "neither is used before");
    measured++;
    return work(new AbortController().signal);
  });
  assert.equal(measured, 2);
  assert.equal(slot.engine, quick);
  assert.ok(slow.disposed && !quick.disposed);
  await slot.dispose();
  assert.ok(quick.disposed);
});
