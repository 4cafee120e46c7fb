import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Engine } from "../../server/engine/engine.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";

const URI = "file:///project/sample.rb";

test("slowness is reported, with advice, once ten first lines have each taken more than a second", async () => {
  const engine = Object.assign(new FakeEngine(saying("1\n"), { modelName: "Slow" }), {
    prefillMsPerToken: 1,
  });
  const prefill = engine.prefill.bind(engine);
  engine.prefill = async (...given): ReturnType<Engine["prefill"]> => {
    await pause(1_010);
    return prefill(...given);
  };
  const client = await connect(
    { modelLoader: () => async () => ({ engine }) },
    { settings: { prefetch: false, catalogue: "/does/not/exist.json" } },
  );
  const lines = Array.from({ length: 12 }, (_, i) => `# ${"x".repeat(240)}\nvalue_${i} = `);
  client.open(URI, lines.join("\n"), "ruby");
  for (let i = 0; i < 11; i++) {
    const [item] = await client.complete(URI, { line: 2 * i + 1, character: `value_${i} = `.length }).items;
    assert.equal(item?.insertText, "1");
    const told = client.statuses.at(-1)?.slow !== undefined;
    assert.equal(told && i < 9, false, "the median of ten");
  }
  const { slow } = await client.status(status => status.slow !== undefined);
  assert.equal(slow?.model, "Slow");
  assert.ok(slow.lineMs > 1_000 && slow.lineMs < 5_000, `${slow.lineMs}`);
  // Nearly all of the time goes to the prompt, and there is no catalogue to find another model in.
  assert.deepEqual(
    slow.advice.map(({ kind }) => kind),
    ["context"],
  );
  await client.close();
});
