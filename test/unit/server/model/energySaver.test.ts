import assert from "node:assert/strict";
import { test } from "node:test";
import { EnergySaver } from "../../../../server/model/energySaver.ts";
import type { Settings } from "../../../../server/protocol/settings.ts";
import { FakeEngine, saying } from "../../../fakes/engine.ts";

function saver(battery: Settings["battery"], onBattery: boolean | undefined) {
  const engine = new FakeEngine(saying(""));
  let looks = 0;
  const settings = { battery };
  const energy = new EnergySaver({
    settings: () => settings,
    engines: () => [engine, undefined],
    async runsOnBattery() {
      looks++;
      return onBattery;
    },
    warn: assert.fail,
  });
  return { energy, engine, settings, looks: () => looks };
}

test("energy is saved on battery, and not where the power source is unknown", async () => {
  for (const [onBattery, expected] of [
    [true, true],
    [false, false],
    [undefined, false],
  ] as const) {
    const { energy, engine } = saver("auto", onBattery);
    await energy.look();
    assert.deepEqual([energy.isSaving, engine.savesEnergy], [expected, expected]);
    energy.dispose();
  }
});

test("the settings always and never do not check the power source", async () => {
  for (const battery of ["always", "never"] as const) {
    const { energy, engine, looks } = saver(battery, battery === "never");
    await energy.look();
    assert.deepEqual(
      [energy.isSaving, engine.savesEnergy, looks()],
      [battery === "always", battery === "always", 0],
    );
    energy.dispose();
  }
});

test("the power source is checked again every minute until the end", async t => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { energy, looks } = saver("auto", false);
  const afterOneMinute = async () => {
    t.mock.timers.tick(60_000);
    await new Promise(setImmediate);
    return looks();
  };
  await energy.look();
  assert.deepEqual([looks(), await afterOneMinute(), await afterOneMinute()], [1, 2, 3]);
  const last = energy.look();
  energy.dispose();
  await last;
  assert.equal(await afterOneMinute(), 4);
});

test("callers are told once when energy need not be saved any more", async () => {
  const { energy, settings } = saver("always", false);
  let ends = 0;
  energy.onDidEnd(() => ends++);
  await energy.look();
  assert.equal(ends, 0);
  settings.battery = "never";
  await energy.look();
  await energy.look();
  assert.equal(ends, 1);
  energy.dispose();
});

test("a changed setting takes effect at once", async () => {
  const { energy, engine, settings } = saver("always", false);
  await energy.look();
  settings.battery = "auto";
  await energy.look();
  assert.deepEqual([energy.isSaving, engine.savesEnergy], [false, false]);
  energy.dispose();
});
