import assert from "node:assert/strict";
import { test } from "node:test";
import { DidFocusNotification } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";

const URI = "file:///project/sample.py";
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** Prompts that are read for a document one turns to. */
async function prefillsOnFocus(
  settings: object,
  onBattery: boolean,
): Promise<[prefills: number, saves: boolean]> {
  const engine = new FakeEngine(saying("1\n"));
  const parts = { modelLoader: () => async () => ({ engine }), runsOnBattery: async () => onBattery };
  const client = await connect(parts, { settings });
  client.open(URI, "x = ");
  await client.status(({ state }) => state === "ready");
  await pause(20);
  const before = engine.prefills;
  await client.connection.sendNotification(DidFocusNotification, {
    textDocument: { uri: URI },
    position: { line: 0, character: 4 },
  });
  await pause(400);
  await client.close();
  return [engine.prefills - before, engine.savesEnergy];
}

test("on battery nothing is read ahead and fewer threads compute; the setting overrules the machine", async () => {
  assert.deepEqual(await prefillsOnFocus({}, true), [0, true]);
  assert.deepEqual(await prefillsOnFocus({}, false), [1, false]);
  assert.deepEqual(await prefillsOnFocus({ battery: "always" }, false), [0, true]);
  assert.deepEqual(await prefillsOnFocus({ battery: "never" }, true), [1, false]);
});
