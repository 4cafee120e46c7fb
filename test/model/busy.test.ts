import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { LlamaEngine } from "../../server/engine/llama.ts";
import { startSpinning } from "../fakes/spinning.ts";
import { load, never } from "./loaded.ts";

const spinning: ChildProcess[] = [];
const stopSpinning = () => spinning.splice(0).map(child => child.kill("SIGKILL"));
after(stopSpinning);

/** Decodes single rows for the given time and returns the thread count in use at the end. */
async function threadsAfter(engine: LlamaEngine, ms: number): Promise<number> {
  const tree = { count: 1, tokens: Int32Array.of(5), parents: Int32Array.of(-1) };
  for (const end = performance.now() + ms; performance.now() < end; ) {
    assert.equal((await engine.decode(tree, never)).kind, "decoded");
    engine.accept([]);
  }
  return engine.decoder.threadsInUse;
}

test("threads give way to busy programs within a second, and return when those end", async context => {
  const processors = availableParallelism();
  if (processors < 2) return context.skip("one processor has no thread to give");
  const engine = await load({ threads: 0 });
  const wanted = engine.configuration.threads;
  await engine.prefill(
    Int32Array.from({ length: 64 }, (_, i) => i),
    never,
  );
  // Leaves one processor free.
  spinning.push(...startSpinning(processors - 1));
  // The programs take a moment to start.
  await pause(500);
  assert.equal(await threadsAfter(engine, 1_000), 1);
  stopSpinning();
  const idle = await threadsAfter(engine, 2_000);
  // Something else may keep this machine busy.
  if (engine.decoder.otherLoad < 0.4) assert.equal(idle, wanted);
  await engine.dispose();
});

test("a thread count that the user has set stays", async () => {
  const engine = await load({ threads: 2 });
  assert.equal(engine.decoder.otherLoad, 0);
  assert.equal(await threadsAfter(engine, 300), 2);
  await engine.dispose();
});
