/** The context on a processor begins small, and grows when a prompt or a completion needs more. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { GrowingContext } from "../../server/engine/growingContext.ts";
import type { Library, Pointer } from "../../server/engine/libllama.ts";
import type { LlamaEngine } from "../../server/engine/llama.ts";
import { someTokens } from "../../server/engine/probing.ts";
import { packageRoot } from "../../server/system/paths.ts";
import { fixtureModelPath } from "../fixtures/model.ts";
import { load, logitsAfter, never } from "./loaded.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-context-"));
const KEY = "llama.context_length";

/** The fixture model, changed to say that it was trained for 4,096 tokens. */
function options() {
  const modelPath = join(folder, "long.gguf");
  if (!existsSync(modelPath)) {
    const bytes = readFileSync(fixtureModelPath());
    // The number's type, four bytes, and the number.
    bytes.writeUInt32LE(4096, bytes.indexOf(KEY) + KEY.length + 4);
    writeFileSync(modelPath, bytes);
  }
  return { modelPath, threads: 1 };
}

let small: LlamaEngine;
/** Has grown before it computes the results that are compared. */
let large: LlamaEngine;
const TOKEN = 300;
const tokens = (count: number) => someTokens(count, large.vocabulary.size);

/** A prompt that leaves room for a completion, and one that does not fit. */
const [FITTING, LONG] = [800, 1800];

before(async () => {
  large = await load(options());
  await large.prefill(tokens(LONG), never);
});
after(async () => {
  await large.dispose();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  small = await load(options());
  large.forget();
});

/** The context of an engine. */
const contextOf = (engine: LlamaEngine): GrowingContext =>
  Reflect.get(Reflect.get(engine, "native"), "context");
const cellsOf = (engine: LlamaEngine) => contextOf(engine).cells;

test("a prompt longer than the context makes it grow, and the known prefix is kept bit for bit", async () => {
  for (const engine of [small, large]) await engine.prefill(tokens(FITTING), never);
  assert.deepEqual([cellsOf(small), cellsOf(large)], [1024, 2048]);
  for (const engine of [small, large])
    assert.deepEqual(await engine.prefill(tokens(LONG), never), {
      kind: "prefilled",
      reused: FITTING,
      computed: LONG - FITTING,
    });
  assert.equal(cellsOf(small), 2048);
  assert.deepEqual(await logitsAfter(small, TOKEN), await logitsAfter(large, TOKEN));
  await small.dispose();
});

test("shifted cells that were not decoded from since are unchanged when the context grows", async () => {
  const text = readFileSync(join(packageRoot(), "server/engine/llama.ts"), "utf8");
  const rows = [];
  for (const isDecodedFrom of [true, false]) {
    const engine = await load({ ...options(), reuse: "shifted" });
    const code = engine.vocabulary.tokenize(text);
    const deleted = Int32Array.of(...code.subarray(0, 250), ...code.subarray(310, 480));
    await engine.prefill(code.subarray(0, 480), never);
    await logitsAfter(engine, TOKEN);
    assert.deepEqual(await engine.prefill(deleted, never), { kind: "prefilled", reused: 420, computed: 0 });
    if (isDecodedFrom) await logitsAfter(engine, TOKEN);
    assert.equal(cellsOf(engine), 1024);
    await engine.prefill(Int32Array.of(...deleted, ...code.subarray(480, 1380)), never);
    assert.equal(cellsOf(engine), 2048);
    rows.push(await logitsAfter(engine, TOKEN));
    await engine.dispose();
  }
  assert.deepEqual(rows[0], rows[1]);
});

test("a completion with branching trees continues beyond the original number of cells", async () => {
  for (const engine of [small, large]) await engine.prefill(tokens(FITTING), never);
  assert.equal(cellsOf(small), 1024);
  for (let step = 0; step < 200; step++) {
    const tree = {
      count: 3,
      tokens: Int32Array.of(TOKEN, 301, 302 + step),
      parents: Int32Array.of(-1, 0, 0),
    };
    const rows = [];
    for (const engine of [small, large]) {
      const outcome = await engine.decode(tree, never);
      assert.ok(outcome.kind === "decoded", `step ${step}: ${outcome.kind}`);
      rows.push(outcome.decoded.argmax(0), outcome.decoded.argmax(2));
      engine.accept(step % 2 === 0 ? [0, 1] : [0, 2]);
    }
    assert.deepEqual(rows.slice(0, 2), rows.slice(2), `step ${step}`);
  }
  assert.equal(cellsOf(small), 2048);
  assert.deepEqual(await logitsAfter(small, TOKEN), await logitsAfter(large, TOKEN));
  await small.dispose();
});

test("a long prompt computed in a context of its own is copied into a context that has grown for it", async () => {
  const other = await load({ ...options(), reuse: "auto" });
  assert.equal(cellsOf(other), 1024);
  const outcome = await other.prefill(tokens(LONG), never);
  assert.deepEqual(outcome, { kind: "prefilled", reused: 0, computed: LONG });
  assert.deepEqual(await other.prefill(tokens(LONG), never), {
    kind: "prefilled",
    reused: LONG,
    computed: 0,
  });
  await Promise.all([other.dispose(), small.dispose()]);
});

test("a context that has no memory to grow keeps its size, reports that once, and continues", async () => {
  Object.assign(contextOf(small), { larger: async () => null });
  await small.prefill(tokens(FITTING), never);
  const before = await logitsAfter(small, TOKEN);
  assert.equal(small.info.contextTokens, 4096);
  assert.deepEqual(await small.prefill(tokens(LONG), never), { kind: "outOfMemory" });
  assert.equal(small.info.contextTokens, 1024);
  assert.deepEqual(await small.prefill(tokens(LONG), never), { kind: "contextFull" });
  assert.deepEqual(await small.prefill(tokens(FITTING), never), {
    kind: "prefilled",
    reused: FITTING,
    computed: 0,
  });
  assert.deepEqual(await logitsAfter(small, TOKEN), before);
  await small.dispose();
});

test("freeing a model while its context grows frees both contexts", async () => {
  await small.prefill(tokens(FITTING), never);
  const { library } = Reflect.get(small, "native") as { library: Library };
  const { contextFree } = library;
  const freed = new Set<Pointer>();
  const watched = (context: Pointer) => {
    freed.add(context);
    contextFree(context);
  };
  library.contextFree = Object.assign(watched, { async: contextFree.async });
  const before = contextOf(small).pointer;
  const growing = small.prefill(tokens(LONG), never);
  await small.dispose();
  assert.deepEqual(await growing, { kind: "aborted" });
  assert.equal(freed.size, 2);
  assert.ok(freed.has(before));
});
