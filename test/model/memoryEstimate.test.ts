import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { estimateModelBytes } from "../../server/engine/index.ts";
import { defaultModelPath, estimateScript } from "../../server/system/index.ts";

/** On a machine that runs other tests. */
const PATIENCE_MS = 120_000;

test("the memory estimate of a model includes its weights and a context that grows with its length", async () => {
  const path = defaultModelPath();
  const weights = statSync(path).size;
  assert.equal(await estimateModelBytes(path, 512, estimateScript(), 1), undefined, "in a millisecond");
  const short = (await estimateModelBytes(path, 512, estimateScript(), PATIENCE_MS)) ?? 0;
  const long = (await estimateModelBytes(path, 4096, estimateScript(), PATIENCE_MS)) ?? 0;
  assert.ok(short > 0.9 * weights, `${short}`);
  // Keys and values of 30 blocks, 3 heads of 64 numbers in F16.
  assert.ok(long - short >= 3584 * 30 * 2 * 3 * 64 * 2, `${long} after ${short}`);
  assert.ok(long < 5 * weights, `${long}`);
});

test("a file that is missing or not a model is not estimated", async () => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-estimate-"));
  try {
    const path = join(folder, "none.gguf");
    assert.equal(await estimateModelBytes(path, 512, estimateScript()), undefined);
    writeFileSync(path, "GGUF but not more");
    assert.equal(await estimateModelBytes(path, 512, estimateScript()), undefined);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
