/** The library's log while it loads a model; the library has one log for the whole process. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TokenizerPool } from "../../server/corpus/tokenizerPool.ts";
import { inBackground, type Library } from "../../server/engine/libllama.ts";
import { withLog, withReason } from "../../server/engine/libraryLog.ts";
import { defaultModelPath, tokenizeWorkerScript } from "../../server/system/index.ts";
import { load, logitsAfter } from "./loaded.ts";

test("each of two loads at once receives the library's log until its own end", async () => {
  const engine = await load({ threads: 1 });
  const { library } = (engine as unknown as { native: { library: Library } }).native;
  const attempt = (path: string) => inBackground(library.modelLoad, path, library.modelDefaultParams());
  const { log } = await withLog(library, async () => {
    const inner = await withLog(library, () => attempt("/nowhere/inner.gguf"));
    assert.ok(inner.log.some(({ text, isError }) => isError && text.includes("inner.gguf")));
    await attempt("/nowhere/outer.gguf");
  });
  assert.ok(log.some(({ text, isError }) => isError && text.includes("outer.gguf")));
  await engine.dispose();
});

test("a line that ends one load's log ends no other, and a reason is logged only for a load that fails", async () => {
  const engine = await load({ threads: 1 });
  const { library } = (engine as unknown as { native: { library: Library } }).native;
  const attempt = (path: string) => inBackground(library.modelLoad, path, library.modelDefaultParams());
  const missing = () => attempt("/nowhere/missing.gguf");
  const whole = await withLog(library, async () => {
    const begun = await withLog(library, () => attempt(defaultModelPath()), /loaded meta data/);
    assert.ok(begun.log.length < 10, `${begun.log.length} lines`);
    library.modelFree(begun.result);
  });
  assert.ok(whole.log.length > 100, `${whole.log.length} lines`);
  const failed = await withReason(library, missing);
  assert.ok(failed.log.some(({ text }) => text.includes("missing.gguf")));
  const loaded = await withReason(library, () => attempt(defaultModelPath()));
  assert.deepEqual(loaded.log, []);
  library.modelFree(loaded.result);
  await engine.dispose();
});

test("tokenizer threads that are disposed while they load leave no callback behind for the library to call", async () => {
  for (const ms of [0, 60, 120, 180, 240]) {
    const pool = new TokenizerPool(tokenizeWorkerScript(), defaultModelPath(), 1);
    const asked = pool.tokenize(["def f(x):\n    return x\n"]);
    const outcome = asked.then(
      () => "tokenized",
      () => "disposed",
    );
    await sleep(ms);
    await pool.dispose();
    assert.match(await outcome, /tokenized|disposed/);
    const engine = await load({ threads: 1 });
    assert.ok((await logitsAfter(engine, 5)).every(Number.isFinite));
    await engine.dispose();
  }
});
