import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine } from "../../../../server/engine/engine.ts";
import { SlowRule } from "../../../../server/model/slowRule.ts";
import type { SlowLines } from "../../../../server/protocol/messages.ts";
import { FakeEngine, saying } from "../../../fakes/engine.ts";

function measured(modelName: string): Engine {
  return Object.assign(new FakeEngine(saying(""), { modelName }), { prefillMsPerToken: 2 });
}

/** @param smallMs time of the only other model */
function rule({ isCurrent = true, smallMs = 300 } = {}) {
  const reports: SlowLines[] = [];
  const searched: (string | undefined)[] = [];
  const slow = new SlowRule({
    choices: async () => [
      { reference: "small", title: "Small", lineMs: smallMs, fit: "yes", recommended: true },
    ],
    betterBackend: async (_, storageDirectory) => {
      searched.push(storageDirectory);
      return undefined;
    },
    report: each => reports.push(each),
    isCurrent: () => isCurrent,
  });
  const observe = async (engine: Engine, lineMs: number, times: number) => {
    for (let i = 0; i < times; i++) await slow.observe(engine, { lineMs, prefillMs: 10, computedTokens: 4 });
  };
  return { slow, reports, searched, observe };
}

test("ten slow first lines are reported once, with their median and advice", async () => {
  const { reports, observe } = rule();
  const engine = measured("Big");
  await observe(engine, 1500, 9);
  assert.deepEqual(reports, []);
  await observe(engine, 1500, 20);
  assert.deepEqual(reports, [
    {
      model: "Big",
      lineMs: 1500,
      advice: [{ kind: "model", reference: "small", title: "Small", lineMs: 300 }],
    },
  ]);
});

test("a few slow first lines among fast ones are not reported", async () => {
  const { reports, observe } = rule();
  const engine = measured("Quick");
  for (let i = 0; i < 6; i++) {
    await observe(engine, 5000, 2);
    await observe(engine, 400, 3);
  }
  assert.deepEqual(reports, []);
});

test("only the last ten count", async () => {
  const { reports, observe } = rule();
  const engine = measured("Warming up");
  await observe(engine, 3000, 4);
  await observe(engine, 300, 30);
  assert.deepEqual(reports, []);
  await observe(engine, 3000, 6);
  assert.equal(reports.length, 1);
});

test("counting starts again for another model", async () => {
  const { reports, observe } = rule();
  await observe(measured("One"), 1500, 9);
  await observe(measured("Two"), 1500, 9);
  assert.deepEqual(reports, []);
});

test("each slow model is reported, and none for which there is no advice", async () => {
  const { reports, observe } = rule();
  await observe(measured("One"), 1500, 10);
  await observe(measured("Two"), 1500, 10);
  assert.deepEqual(
    reports.map(({ model }) => model),
    ["One", "Two"],
  );
  const alone = rule({ smallMs: 1400 });
  await alone.observe(measured("One"), 1500, 10);
  assert.deepEqual(alone.reports, []);
});

test("nothing is reported before the model is measured, or of a model that is no longer current", async () => {
  const { reports, observe } = rule();
  await observe(new FakeEngine(saying("")), 3000, 15);
  const gone = rule({ isCurrent: false });
  await gone.observe(measured("Gone"), 3000, 15);
  assert.deepEqual([...reports, ...gone.reports], []);
});

test("a better back end is looked for with the storage directory in which the answer is remembered", async () => {
  const { slow, searched, observe } = rule();
  slow.start("/storage");
  await observe(measured("Big"), 1500, 10);
  assert.deepEqual(searched, ["/storage"]);
});
