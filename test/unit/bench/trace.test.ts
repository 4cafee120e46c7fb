import assert from "node:assert/strict";
import { test } from "node:test";
import { goose } from "../../bench/presets/goose.ts";
import { pld } from "../../bench/presets/pld.ts";
import { racer } from "../../bench/presets/racer.ts";
import { likeliest, makeTrace, promptPredictions, runTrace, TRACE_VOCABULARY } from "../../bench/trace.ts";

const trace = makeTrace();

test("the trace is the same each time, and its text repeats enough for drafts to save steps", () => {
  assert.deepEqual(makeTrace(), trace);
  assert.deepEqual([trace.prompt.length, trace.said.length], [900, 400]);
  const steps = runTrace(pld, trace);
  assert.ok(steps.length < 0.8 * trace.said.length, `${steps.length}`);
});

test("a method generates the trace's text whatever it drafts, and its trees keep to their number of nodes", () => {
  for (const preset of [pld, goose, racer(TRACE_VOCABULARY)]) {
    const steps = runTrace(preset, trace);
    assert.deepEqual(
      steps.flatMap(({ decided }) => decided),
      [...trace.said],
      preset.name,
    );
    for (const { tokens, parents } of steps) {
      assert.equal(parents[0], -1);
      assert.ok(tokens.length <= preset.nodes && parents.length === tokens.length);
    }
  }
});

test("the model's ten tokens are distinct, depend on the last two tokens, and begin with the generated one", () => {
  const alone = likeliest(3, 4, undefined);
  assert.equal(new Set(alone).size, 10);
  assert.deepEqual(likeliest(3, 4, undefined), alone);
  assert.notDeepEqual(likeliest(5, 4, undefined), alone);
  assert.deepEqual(likeliest(3, 4, alone[2]).slice(0, 3), [alone[2], alone[0], alone[1]]);
  const { tokens, ids } = promptPredictions(trace);
  assert.equal(tokens.length, 899);
  assert.deepEqual([...ids.subarray(10, 20)], likeliest(tokens[0]!, tokens[1]!, undefined));
});
