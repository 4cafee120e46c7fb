import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { addTombstones, type BuildInput, buildStore, removeStore } from "../../datastores/build/index.ts";
import { lock } from "../../datastores/lock.ts";
import { type BuildOutcome, runBuild } from "../../server/corpus/buildProcess.ts";
import { StoreRegistry } from "../../server/corpus/storeRegistry.ts";
import { TokenizerPool } from "../../server/corpus/tokenizerPool.ts";
import { takesAll } from "../fakes/takesAll.ts";
import { until } from "../fakes/until.ts";

const root = mkdtempSync(join(tmpdir(), "foretoken-stores-"));
after(() => rmSync(root, { recursive: true, force: true }));
let scripts = 0;

function script(text: string): string {
  const path = join(root, `script${scripts++}.mjs`);
  writeFileSync(path, text);
  return path;
}

const request = {
  source: "python",
  name: "python",
  first: undefined,
  hubToken: undefined,
  directory: root,
  modelPath: "",
  memoryMegabytes: 16,
  background: false,
};

function outcomeOf(text: string, signal = new AbortController().signal): Promise<BuildOutcome> {
  return runBuild(request, () => {}, signal, script(text));
}

const DONE = `console.log(JSON.stringify({ phase: "done", tokens: 7 }));`;
const NOISE = `console.error("Warning: Ignoring extra certs from /nowhere");`;

test("the exit code and last report of a build decide its outcome, whatever else its error output contains", async () => {
  assert.deepEqual(await outcomeOf(`${NOISE}${DONE}`), { tokens: 7 });
  assert.deepEqual(await outcomeOf(`console.log("null"); console.log("5"); ${DONE}`), { tokens: 7 });
  const failed = `${NOISE}console.error("foretoken: There is no space left."); process.exitCode = 1;`;
  assert.deepEqual(await outcomeOf(failed), { problem: "There is no space left." });
  const coded = `console.log(JSON.stringify({ phase: "failed", code: "noSpace" }));`;
  assert.deepEqual(await outcomeOf(coded + failed), { problem: "There is no space left.", code: "noSpace" });
  assert.deepEqual(await outcomeOf(`console.log(JSON.stringify({ phase: "failed" }));${failed}`), {
    problem: "There is no space left.",
  });
  assert.deepEqual(await outcomeOf(`${DONE}process.exitCode = 3;`), {
    problem: "The build ended with code 3.",
  });
  const damage = { count: 2, names: ["a.jsonl line 3", "a.jsonl line 9"] };
  const told = (value: object) =>
    outcomeOf(`console.log(${JSON.stringify(JSON.stringify({ phase: "done", tokens: 7, ...value }))});`);
  assert.deepEqual(await told({ damage }), { tokens: 7, damage });
  assert.deepEqual(await told({ damage: { count: 0, names: [] } }), { tokens: 7 });
  assert.deepEqual(await outcomeOf(NOISE), { problem: "The build ended without a result." });
  assert.deepEqual(await outcomeOf(`process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000);`), {
    problem: "The build ended with SIGKILL.",
  });
});

test("a build is told of the hub that is set, or else of the environment's", async () => {
  const told = `console.log(JSON.stringify({ phase: "done", tokens: process.env.HF_ENDPOINT === "https://hub.test" ? 1 : 2 }));`;
  const { signal } = new AbortController();
  const built = (hub: string) => runBuild({ ...request, hub }, () => {}, signal, script(told));
  assert.deepEqual(await built("https://hub.test"), { tokens: 1 });
  assert.deepEqual(await built(""), { tokens: 2 });
});

test("a build that was cancelled before it began, or while it runs, is ended", {
  timeout: 20_000,
}, async () => {
  const endless = `console.log(JSON.stringify({ phase: "tokens", tokens: 1 })); setInterval(() => {}, 1000);`;
  const cancelled = { problem: "The build was cancelled." };
  assert.deepEqual(await outcomeOf(endless, AbortSignal.abort()), cancelled);
  const controller = new AbortController();
  const running = runBuild(request, () => controller.abort(), controller.signal, script(endless));
  assert.deepEqual(await running, cancelled);
});

/** A thread that returns the lengths of texts as tokens, fails at "choke" and does not answer at "sleep". */
const TOKENIZER = `
import { parentPort } from "node:worker_threads";
parentPort.on("message", ({ id, texts }) => {
  if (!texts) return;
  if (texts.includes("choke")) throw new Error("choked");
  if (texts.includes("sleep")) return;
  parentPort.postMessage({
    id,
    tokens: Int32Array.from(texts, text => text.length),
    lengths: Int32Array.from(texts, () => 1),
  });
});`;

test("a tokenizer thread that fails or hangs fails only its own texts, and later texts are tokenized", async () => {
  const pool = new TokenizerPool(script(TOKENIZER), "", 1, { patienceMs: 1_500 });
  const tokens = async (text: string) => [...((await pool.tokenize([text]))[0] ?? [])];
  assert.deepEqual(await tokens("abc"), [3]);
  for (let i = 0; i < 4; i++) {
    await assert.rejects(tokens("choke"), /choked/);
    assert.deepEqual(await tokens("abcd"), [4]);
  }
  await assert.rejects(tokens("sleep"), /too long/);
  assert.deepEqual(await tokens("ab"), [2]);
  await pool.dispose();
  await assert.rejects(tokens("ab"), /disposed/);
});

test("an idle tokenizer thread ends by itself, and a new one tokenizes later texts", async () => {
  const log = join(root, "tokenizer.log");
  const told = `
import { appendFileSync } from "node:fs";
const note = text => appendFileSync(${JSON.stringify(log)}, text + "\\n");
note("started");
${TOKENIZER}
parentPort.on("message", message => {
  if (message !== "end") return;
  note("ended");
  parentPort.close();
});`;
  const pool = new TokenizerPool(script(told), "", 1, { idleMs: 50 });
  const notes = () => readFileSync(log, "utf8").trim().split("\n");
  for (const rounds of [1, 2]) {
    assert.deepEqual(await pool.tokenize(["abc"]), [Int32Array.of(3)]);
    await until("the end of the tokenizer", () => notes().length >= 2 * rounds);
    assert.deepEqual(notes(), Array.from({ length: rounds }, () => ["started", "ended"]).flat());
  }
  await pool.dispose();
});

test("a tokenizer that cannot start fails each request with its error", async () => {
  const pool = new TokenizerPool(script(`throw new Error("no model");`), "", 1);
  for (let i = 0; i < 5; i++) await assert.rejects(pool.tokenize(["a"]), /no model/);
  await pool.dispose();
});

const input: BuildInput = {
  name: "a",
  identity: "a",
  bytes: 10,
  async *documents() {
    const more = { origin: "a", path: "a.py", repositories: ["owner/name"], licences: [], contentId: "" };
    yield { text: "some text", ...more };
  },
};

async function build(directory: string, name: string, fingerprint = "letters"): Promise<void> {
  await buildStore({
    directory,
    name,
    sources: ["here"],
    inputs: [input],
    share: { index: 0, count: 1 },
    filter: takesAll,
    tokenizer: {
      parallel: 1,
      tokenize: async texts => texts.map(text => Int32Array.from(text, letter => letter.charCodeAt(0))),
    },
    tokenizerEntry: { fingerprint, vocabularySize: 256, model: "letters" },
    memoryBytes: 1 << 20,
    builder: "test",
    signal: new AbortController().signal,
  });
}

const user = { fingerprint: "letters", modelPath: "letters.gguf" };

/** The stores in a folder as a model uses them, and how often they changed. */
function adopted(storage: string) {
  let count = 0;
  const registry = new StoreRegistry(
    storage,
    () => {},
    () => count++,
  );
  registry.adopt(user);
  return { registry, changes: () => count };
}

test("a damaged store is set aside with the reason, and the other stores are used", async () => {
  const storage = join(root, "storage");
  await build(join(storage, "datastores", "good"), "good");
  const damaged = join(storage, "datastores", "damaged");
  mkdirSync(damaged, { recursive: true });
  for (const manifest of [
    { share: { index: 0, count: 4e9 } },
    { share: { index: 0, count: -1 } },
    { inputs: [null] },
    { inputs: [{ name: "a", key: "b", dropped: {}, shards: [{ file: "../x", tokens: 1 }] }] },
    { inputs: [{ name: "a", key: "b", dropped: { x: "y" }, shards: [] }] },
    { tokenizer: null },
    { created: 5 },
    { build: "../x" },
  ]) {
    const whole = {
      format: "foretoken-datastore",
      version: 2,
      build: "0123456789abcdef",
      name: "damaged",
      created: "2026-01-01",
      tokenizer: { fingerprint: "letters", vocabularySize: 256, model: "m" },
      sources: [],
      share: { index: 0, count: 1 },
      inputs: [],
      ...manifest,
    };
    writeFileSync(join(damaged, "manifest.json"), JSON.stringify(whole));
    const warnings: string[] = [];
    const registry = new StoreRegistry(storage, message => warnings.push(message));
    registry.adopt(user);
    assert.equal(registry.sources().length, 1, JSON.stringify(manifest));
    assert.match(registry.status.find(({ problem }) => problem)?.problem ?? "", /is damaged/);
    assert.equal(warnings.length, 1);
    registry.dispose();
  }
});

test("what another process builds, leaves out or removes counts from the next completion", async () => {
  const storage = join(root, "followed");
  const directory = join(storage, "datastores", "code");
  const { registry, changes } = adopted(storage);
  const context = Int32Array.from("some te", letter => letter.charCodeAt(0));
  const found = () =>
    registry.sources().map(({ corpus }) => {
      corpus.find(context, context.length);
      return corpus.count;
    });
  assert.deepEqual(found(), []);
  await build(directory, "code");
  assert.deepEqual(found(), [1]);
  assert.deepEqual(found(), [1]);
  assert.equal(changes(), 1, "a store that stays as it is stays open");
  addTombstones(directory, ["owner/name"]);
  assert.deepEqual(found(), [0]);
  removeStore(directory);
  assert.deepEqual(found(), []);
  assert.deepEqual(registry.status, []);
  await build(directory, "code");
  assert.deepEqual(found(), [1]);
  rmSync(directory, { recursive: true });
  assert.deepEqual(found(), []);
  assert.equal(changes(), 5);
  registry.dispose();
});

test("a datastore whose name would not give it a folder of its own is refused", async () => {
  const storage = join(root, "names");
  const registry = new StoreRegistry(storage, () => {});
  registry.adopt(user);
  for (const name of ["", ".", "..", "a/b", "../a"]) {
    const { signal } = new AbortController();
    const outcome = await registry.build({ source: root, name }, false, () => {}, signal);
    assert.match("problem" in outcome ? outcome.problem : "built", /cannot be called/, name);
  }
  assert.ok(!existsSync(storage));
  registry.dispose();
});

test("a window that finds another window building a store waits for that store", async () => {
  const storage = join(root, "shared");
  const directory = join(storage, "datastores", "python");
  mkdirSync(directory, { recursive: true });
  const unlock = lock(directory, "manifest.json");
  const { registry, changes } = adopted(storage);
  const built = registry.buildFirst(new AbortController().signal);
  unlock();
  await build(directory, "python");
  assert.equal(await built, undefined);
  assert.equal(registry.sources().length, 1);
  assert.equal(changes(), 1);
  registry.dispose();
});

test("a window that began at the same moment as another builds the store if the other ends without one", async () => {
  const storage = join(root, "at once");
  const directory = join(storage, "datastores", "python");
  mkdirSync(directory, { recursive: true });
  const registry = new StoreRegistry(storage, () => {});
  registry.adopt(user);
  let builds = 0;
  registry.build = async () => {
    if (++builds > 1) return { tokens: 5 };
    const unlock = lock(directory, "manifest.json");
    setTimeout(unlock, 50);
    return { problem: "Another build is running." };
  };
  assert.deepEqual(await registry.buildFirst(new AbortController().signal), { tokens: 5 });
  registry.dispose();
});

test("a model with a different tokenizer from the first store's gets a store of its own beside it", async () => {
  const storage = join(root, "two tokenizers");
  const folder = (name: string) => join(storage, "datastores", name);
  await build(folder("python"), "python");
  const own = folder("python-c0ffee00");
  mkdirSync(own, { recursive: true });
  // As if another window were building it: the registry waits for exactly that folder.
  const unlock = lock(own, "manifest.json");
  const registry = new StoreRegistry(storage, () => {});
  registry.adopt({ fingerprint: "c0ffee00ffffffff", modelPath: "other.gguf" });
  assert.equal(registry.sources().length, 0);
  const built = registry.buildFirst(new AbortController().signal);
  unlock();
  await build(own, "python-c0ffee00", "c0ffee00ffffffff");
  assert.equal(await built, undefined);
  assert.equal(registry.sources().length, 1);
  assert.deepEqual(
    registry.status.map(({ name }) => name),
    ["python-c0ffee00"],
    "the other model's first store is no problem of this one",
  );
  registry.adopt(user);
  assert.equal(registry.sources().length, 1, "the store of the model before is kept");
  registry.dispose();
});

test("no first store is built while a damaged store exists", async () => {
  const storage = join(root, "damaged only");
  const damaged = join(storage, "datastores", "mine");
  mkdirSync(damaged, { recursive: true });
  writeFileSync(join(damaged, "manifest.json"), "{");
  const registry = new StoreRegistry(storage, () => {});
  registry.adopt(user);
  assert.equal(await registry.buildFirst(new AbortController().signal), undefined);
  registry.dispose();
});
