import assert from "node:assert/strict";
import { test } from "node:test";
import { useOnce } from "../../../../server/engine/firstUse.ts";
import { FakeEngine, saying } from "../../../fakes/engine.ts";

test("a model is first used with as many rows as the buffers of a graphics device are made for, and keeps no context", async () => {
  for (const [backend, wanted] of [
    ["vulkan", 8],
    ["cpu", 2],
  ] as const) {
    const engine = new FakeEngine(saying("x"), { backend });
    const rows: number[] = [];
    engine.beforeDecode = async () => void rows.push(engine.context.length);
    assert.equal(await useOnce(engine), undefined);
    assert.deepEqual(rows, [wanted], "tokens computed together before the decode of one");
    assert.equal(engine.context.length, 0);
  }
});
