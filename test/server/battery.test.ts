import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { DidChangeConfigurationNotification } from "vscode-languageserver-protocol/node";
import { DidFocusNotification } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";
import { until } from "../fakes/until.ts";

const URI = "file:///project/sample.py";

/** Counts the prompts prefilled for a document that gets the focus; also tells whether the engine saves energy. */
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

/** A client of a server that tries to build a first datastore, and whether it has: its model has no file, so it fails. */
async function buildingFirst(onBattery: boolean) {
  const engine = new FakeEngine(saying("1\n"));
  const parts = { modelLoader: () => async () => ({ engine }), runsOnBattery: async () => onBattery };
  const storageDirectory = mkdtempSync(join(tmpdir(), "foretoken-battery-"));
  const client = await connect(parts, { storageDirectory, settings: { firstDatastore: true } });
  await client.status(({ state }) => state === "ready");
  const tries = () => client.log.filter(line => line.startsWith("No datastore was built")).length;
  const close = async () => {
    await client.close();
    rmSync(storageDirectory, { recursive: true, force: true });
  };
  return { client, tries, close };
}

test("a first datastore is built with the first Python document, and not tried again with each", async () => {
  const { client, tries, close } = await buildingFirst(false);
  client.open("file:///project/sample.ts", "x = ", "typescript");
  await pause(1_500);
  assert.equal(tries(), 0, "it would hold nothing but Python");
  client.open(URI, "x = ");
  await until("the first datastore", () => tries() === 1);
  client.open("file:///project/other.py", "x = ");
  await pause(500);
  assert.equal(tries(), 1);
  await close();
});

test("no first datastore is built on battery power, until that is over or the setting overrides it", async () => {
  const { client, tries, close } = await buildingFirst(true);
  client.open(URI, "x = ");
  await pause(1_500);
  assert.equal(tries(), 0);
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { firstDatastore: true, battery: "never" } },
  });
  await until("the first datastore", () => tries() === 1);
  await close();
});

test("on battery power nothing is prefilled ahead and the engine saves energy, unless the setting overrides it", async () => {
  assert.deepEqual(await prefillsOnFocus({}, true), [0, true]);
  assert.deepEqual(await prefillsOnFocus({}, false), [1, false]);
  assert.deepEqual(await prefillsOnFocus({ battery: "always" }, false), [0, true]);
  assert.deepEqual(await prefillsOnFocus({ battery: "never" }, true), [1, false]);
});
