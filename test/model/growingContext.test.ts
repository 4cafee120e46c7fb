/** The context on a processor begins small, and grows when a prompt or a completion wants more. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import type { LlamaEngine } from "../../server/engine/llama.ts";
import { someTokens } from "../../server/engine/probing.ts";
import { fixtureModelPath } from "../fixtures/model.ts";
import { load, logitsAfter, never } from "./loaded.ts";

const folder = mkdtempSync(join(tmpdir(), "foretoken-context-"));
const KEY = "llama.context_length";

/** The fixture model, which now says that it was trained for 4,096 tokens. */
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
/** Has grown before it computes what is compared. */
let large: LlamaEngine;
const TOKEN = 300;
const tokens = (count: number) => someTokens(count, large.vocabulary.size);

before(async () => {
  large = await load(options());
  await large.prefill(tokens(1900), never);
});
after(async () => {
  await large.dispose();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  small = await load(options());
  large.forget();
});

test("a prompt longer than the context makes it grow, and what is known of it is kept to the last bit", async () => {
  for (const engine of [small, large]) await engine.prefill(tokens(900), never);
  for (const engine of [small, large])
    assert.deepEqual(await engine.prefill(tokens(1800), never), {
      kind: "prefilled",
      reused: 900,
      computed: 900,
    });
  assert.deepEqual(await logitsAfter(small, TOKEN), await logitsAfter(large, TOKEN));
  await small.dispose();
});

test("a completion goes on beyond the cells that there were, with trees of several branches", async () => {
  for (const engine of [small, large]) await engine.prefill(tokens(860), never);
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
  assert.deepEqual(await logitsAfter(small, TOKEN), await logitsAfter(large, TOKEN));
  await small.dispose();
});

/** What the engine computes in. */
const contextOf = (engine: LlamaEngine): object => Reflect.get(Reflect.get(engine, "native"), "context");

test("where there is no memory for more, it stays as long as it is and says so", async () => {
  Object.assign(contextOf(small), { larger: async () => undefined });
  await small.prefill(tokens(900), never);
  const before = await logitsAfter(small, TOKEN);
  assert.deepEqual(await small.prefill(tokens(1800), never), { kind: "contextFull" });
  assert.equal(small.info.contextTokens, 1024);
  assert.deepEqual(await small.prefill(tokens(900), never), { kind: "prefilled", reused: 900, computed: 0 });
  assert.deepEqual(await logitsAfter(small, TOKEN), before);
  await small.dispose();
});

test("a model that is freed while its context grows frees both", async () => {
  await small.prefill(tokens(900), never);
  const growing = small.prefill(tokens(1800), never);
  await small.dispose();
  assert.deepEqual(await growing, { kind: "aborted" });
});
