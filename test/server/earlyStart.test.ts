import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ExplainLastRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { answering, END, FakeEngine } from "../fakes/engine.ts";

// A language without a grammar, so that the generated text does not depend on when a grammar has been loaded.
const LANGUAGE = "sketch";
const URI = "file:///project/sample.sketch";
const OTHER = "file:///project/other.sketch";

const model = answering({
  "a = ": "first()",
  "a = x": "y + 1",
  "a = xq": "z",
  "a = ()": "then",
  "a = xx": "no",
});

async function opened(settings = {}, engine = new FakeEngine(model)) {
  const client = await connect({ modelLoader: () => async () => ({ engine }) }, { settings });
  client.open(URI, "a = ", LANGUAGE);
  let version = 1;
  const explained = async () => (await client.connection.sendRequest(ExplainLastRequest)).last;
  return {
    ...client,
    engine,
    explained,
    async asked(character: number) {
      const [item] = await client.complete(URI, { line: 0, character }).items;
      return item?.insertText;
    },
    async type(character: number, text: string, uri = URI) {
      const at = { line: 0, character };
      client.change(uri, ++version, [{ range: { start: at, end: at }, text }]);
      await explained();
    },
    /** The number of decodes within the given milliseconds. */
    async decodesIn(ms: number) {
      const before = engine.decodes;
      await pause(ms);
      return engine.decodes - before;
    },
  };
}

test("a completion starts with the keystroke, and the editor's request joins it", async () => {
  const client = await opened();
  await client.asked(4);
  await pause(60);
  const before = client.engine.decodes;
  await client.type(4, "x");
  await pause(40);
  const { decodes } = client.engine;
  assert.ok(decodes > before, "before anybody has asked");
  assert.equal(await client.asked(5), "y + 1");
  assert.equal(client.engine.decodes, decodes, "nothing is computed twice");
  await client.close();
});

test("only keystrokes start a completion, and only in a document where the editor requests while typing", async () => {
  const client = await opened();
  client.open(OTHER, "a = ", LANGUAGE);
  const begun = client.engine.decodes;
  await client.type(4, "x");
  await pause(40);
  assert.equal(client.engine.decodes, begun, "nobody has asked in this document");
  await client.asked(5);
  await pause(60);
  const { decodes } = client.engine;
  await client.type(4, "x", OTHER);
  await client.type(5, "pasted");
  await pause(40);
  assert.equal(client.engine.decodes, decodes, "nor in the other one, and no key inserts so much");
  await client.close();
});

test("a completion after a bracket that the editor auto-closes starts inside the pair", async () => {
  const client = await opened();
  await client.asked(4);
  await pause(60);
  const before = client.engine.decodes;
  await client.type(4, "()");
  await pause(40);
  const { decodes } = client.engine;
  assert.ok(decodes > before);
  await client.asked(5);
  assert.equal(client.engine.decodes, decodes);
  await client.close();
});

test("a completion that is never requested is abandoned, and no further one is started early", async () => {
  // No text at the requested position, so that nothing is computed ahead of a suggestion, and endless text after each key.
  const endless = new FakeEngine(context => (context.includes("b".charCodeAt(0)) ? 97 : END));
  const client = await opened({ maxTokens: 1024 }, endless);
  await client.asked(4);
  endless.beforeDecode = async () => {
    await pause(1);
  };
  await client.type(4, "b");
  assert.ok((await client.decodesIn(300)) > 34);
  await pause(100);
  assert.ok((await client.decodesIn(50)) <= 1, "it was given up");
  await client.type(5, "b");
  assert.ok((await client.decodesIn(100)) <= 1);
  await client.close();
});

test("after three keystrokes without a request, nothing is started until the editor requests again", async () => {
  const client = await opened({}, new FakeEngine(() => END));
  await client.asked(4);
  const decodes: number[] = [];
  for (let key = 0; key < 5; key++) {
    await client.type(4 + key, "b");
    await pause(330);
    decodes.push(client.engine.decodes);
  }
  assert.deepEqual(decodes, [2, 3, 4, 4, 4]);
  await client.asked(9);
  await client.type(9, "b");
  await pause(30);
  assert.equal(client.engine.decodes, 6);
  await client.close();
});

test("nothing is computed before a request if a setting rules that out", async () => {
  for (const settings of [
    { prefetch: false },
    { trigger: "manual" },
    { delayMs: 100 },
    { battery: "always" },
  ]) {
    const client = await opened(settings);
    await client.asked(4);
    await pause(60);
    const { decodes } = client.engine;
    await client.type(4, "x");
    await pause(60);
    assert.equal(client.engine.decodes, decodes, JSON.stringify(settings));
    await client.close();
  }
});
