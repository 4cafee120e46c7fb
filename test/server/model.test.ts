import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";

const URI = "file:///project/sample.sketch";
const AT = { line: 0, character: 4 };
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

test("a fault while the model is tuned is told in the log, and the server stays up", async () => {
  const engine = new FakeEngine(saying("first\n"));
  const tune = async () => {
    throw new Error("the tuning broke");
  };
  const client = await connect({ modelLoader: () => async () => ({ engine, tune }) });
  client.open(URI, "a = ", "sketch");
  while (!client.log.some(line => line.includes("the tuning broke"))) await pause(10);
  assert.equal((await client.complete(URI, AT).items)[0]?.insertText, "first");
  await client.close();
});
