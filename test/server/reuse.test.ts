import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  DidChangeConfigurationNotification,
  DidCloseTextDocumentNotification,
} from "vscode-languageserver-protocol/node";
import { ExplainLastRequest } from "../../server/protocol/messages.ts";
import { connect, type TestClient } from "../fakes/client.ts";
import { chaotic, FakeEngine, saying, steppedEngine } from "../fakes/engine.ts";
import { until } from "../fakes/until.ts";

// A language without a grammar, so that the generated text does not depend on when a grammar has been loaded.
const LANGUAGE = "sketch";
const URI = "file:///project/sample.sketch";
const TEXT = "a = \nb = 2\n";
const AT = { line: 0, character: 4 };

/** Single steps of "first + second\n": one for each character and one for the end. */
const DECODES = 16;

const texts = async ({ items }: ReturnType<TestClient["complete"]>) =>
  (await items).map(({ insertText }) => insertText);

async function opened(engine: FakeEngine, text = TEXT, settings = {}) {
  // Decodes computed ahead would be counted too.
  const quiet = { settings: { prefetch: false, ...settings } };
  const client = await connect({ modelLoader: () => async () => ({ engine }) }, quiet);
  client.open(URI, text, LANGUAGE);
  let version = 1;
  return {
    ...client,
    /** Types after the character `from` of the first line. Resolves when the server has seen it. */
    async type(from: number, text: string) {
      const at = { line: 0, character: from };
      client.change(URI, ++version, [{ range: { start: at, end: at }, text }]);
      await client.connection.sendRequest(ExplainLastRequest);
    },
    async erase(from: number, to: number) {
      const range = { start: { line: 0, character: from }, end: { line: 0, character: to } };
      client.change(URI, ++version, [{ range, text: "" }]);
      await client.connection.sendRequest(ExplainLastRequest);
    },
    at: (character: number) => client.complete(URI, { line: 0, character }),
    async outcome() {
      return (await client.connection.sendRequest(ExplainLastRequest)).last?.outcome.kind;
    },
  };
}

test("text generated for a position is reused without the model while typing along and after backspace", async () => {
  const engine = new FakeEngine(saying("first + second\n"));
  const client = await opened(engine);
  assert.deepEqual(await texts(client.at(4)), ["first + second"]);
  const { decodes } = engine;
  assert.deepEqual(await texts(client.at(4)), ["first + second"]);
  assert.equal(await client.outcome(), "cached");
  await client.type(4, "fir");
  assert.deepEqual(await texts(client.at(7)), ["st + second"]);
  assert.equal(await client.outcome(), "typedThrough");
  await client.erase(5, 7);
  assert.deepEqual(await texts(client.at(5)), ["irst + second"]);
  await client.erase(4, 5);
  assert.deepEqual(await texts(client.at(4)), ["first + second"]);
  assert.equal(engine.decodes, decodes);
  await client.close();
});

test("a completion is computed again when the document differs anywhere", async () => {
  const engine = new FakeEngine(saying("first\n"));
  const client = await opened(engine);
  await texts(client.at(4));
  const last = { line: 1, character: 5 };
  client.change(URI, 20, [{ range: { start: last, end: last }, text: "3" }]);
  const { decodes } = engine;
  assert.deepEqual(await texts(client.at(4)), ["first"]);
  assert.equal(await client.outcome(), "shown");
  assert.ok(engine.decodes > decodes);
  await client.close();
});

test("a change of settings discards the generated text", async () => {
  const client = await opened(new FakeEngine(saying("first\n")));
  await texts(client.at(4));
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { maxTokens: 2 } },
  });
  assert.deepEqual(await texts(client.at(4)), ["fi"]);
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, { settings: {} });
  assert.deepEqual(await texts(client.at(4)), ["fi"], "no word of ours, no change");
  await client.close();
});

test("text that was generated under settings that changed meanwhile is not kept", async () => {
  const { engine, allow, run } = steppedEngine(saying("if a:\n        b()\n        c()\n"));
  const client = await opened(engine, "a = 1\n    ", { drafts: false, maxLines: 1 });
  const at = { line: 1, character: 4 };
  const first = client.complete(URI, at);
  await allow(2);
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { maxLines: 3 } },
  });
  await client.outcome();
  run();
  assert.deepEqual(await texts(first), ["if a:"]);
  assert.deepEqual(await texts(client.complete(URI, at)), ["if a:\n        b()\n        c()"]);
  assert.equal(await client.outcome(), "shown");
  await client.close();
});

test("a document that is opened again is completed with the text it has then after the cursor", async () => {
  const engine = new FakeEngine(saying("first\n"), { fimOrder: "suffix-first" });
  const same = "b = 2\n".repeat(30);
  const prompts: string[] = [];
  const prefill = engine.prefill.bind(engine);
  engine.prefill = (tokens, signal) => {
    prompts.push(new TextDecoder().decode(Uint8Array.from(tokens)));
    return prefill(tokens, signal);
  };
  const client = await opened(engine, `a = \nolder = 3\n${same}`);
  await texts(client.at(4));
  await client.connection.sendNotification(DidCloseTextDocumentNotification.type, {
    textDocument: { uri: URI },
  });
  client.open(URI, `a = \nnewer = 4\n${same}`, LANGUAGE);
  await texts(client.at(4));
  assert.match(prompts[0] ?? "", /older = 3/);
  assert.match(prompts.at(-1) ?? "", /newer = 4/);
  assert.doesNotMatch(prompts.at(-1) ?? "", /older/);
  await client.close();
});

test("an incomplete completion is not kept", async () => {
  const engine = new FakeEngine(saying("first\n"));
  const client = await opened(engine);
  engine.memoryIsFull = true;
  assert.deepEqual(await texts(client.at(4)), []);
  engine.memoryIsFull = false;
  assert.deepEqual(await texts(client.at(4)), ["first"]);
  await client.close();
});

test("a request that types along joins the running completion and gets the rest, streamed", async () => {
  const { engine, allow, run } = steppedEngine(saying("first + second\n"));
  const client = await opened(engine, TEXT, { drafts: false });
  const first = client.at(4);
  await allow(5);
  await client.type(4, "fir");
  const second = client.at(7);
  await pause(10);
  run();
  assert.deepEqual(await texts(second), ["st + second"]);
  assert.deepEqual(await texts(first), ["first + second"]);
  assert.ok(second.partial[0]?.startsWith("st") && second.partial.length > 1, String(second.partial));
  assert.equal(engine.decodes, DECODES, "computed once");
  await client.close();
});

test("a request typed ahead of the text waits for it and gets the rest, or a new completion if it differs", async () => {
  for (const [typed, rest] of [
    ["first", " + second"],
    ["fish", "first + second"],
  ] as const) {
    const { engine, allow, run } = steppedEngine(saying("first + second\n"));
    const client = await opened(engine, TEXT, { drafts: false });
    const first = client.at(4);
    await allow(3);
    await client.type(4, typed);
    const second = client.at(4 + typed.length);
    await pause(10);
    run();
    assert.deepEqual(await texts(second), [rest]);
    await first.items;
    await client.close();
  }
});

test("a cancelled request that is soon followed by another does not lose its computation", async () => {
  const { engine, allow, run } = steppedEngine(saying("first + second\n"));
  const client = await opened(engine, TEXT, { drafts: false });
  const first = client.at(4);
  await allow(4);
  first.cancel();
  assert.deepEqual(await first.items.catch(() => []), []);
  await client.type(4, "fi");
  const second = client.at(6);
  run();
  assert.deepEqual(await texts(second), ["rst + second"]);
  assert.equal(engine.decodes, DECODES);
  await client.close();
});

test("a cancelled request without a successor stops computing", async () => {
  const engine = new FakeEngine(chaotic);
  const client = await opened(engine, TEXT, { maxTokens: 1024 });
  engine.beforeDecode = async () => {
    await pause(5);
  };
  const asked = client.at(4);
  await until("two decodes", () => engine.decodes >= 2);
  asked.cancel();
  await asked.items.catch(() => []);
  await client.status(({ state }) => state === "ready");
  let { decodes } = engine;
  do {
    decodes = engine.decodes;
    await pause(40);
  } while (engine.decodes > decodes);
  assert.ok(engine.decodes < 200);
  await client.close();
});

test("an edit that contradicts the text ends the completion, but an auto-closed bracket does not", async () => {
  const { engine, allow, run } = steppedEngine(saying("f(a, b)\n"));
  const client = await opened(engine, TEXT, { drafts: false });
  const first = client.at(4);
  await allow(3);
  await client.type(4, "f");
  await client.type(5, "()");
  run();
  assert.deepEqual(await texts(first), ["f(a, b)"]);
  await client.close();

  const other = steppedEngine(saying("f(a, b)\n"));
  const diverged = await opened(other.engine, TEXT, { drafts: false });
  const asked = diverged.at(4);
  await other.allow(3);
  await diverged.type(4, "g");
  other.run();
  assert.deepEqual(await texts(asked), []);
  assert.ok(other.engine.decodes <= 4, `${other.engine.decodes} decodes`);
  assert.equal(await diverged.outcome(), "aborted");
  await diverged.close();
});

test("a request that is abandoned before its turn does not leave the status at working", async () => {
  const { engine, allow, run } = steppedEngine(saying("first\n"));
  const client = await opened(engine, TEXT, { drafts: false });
  const first = client.at(4);
  await allow(2);
  const second = client.complete(URI, { line: 1, character: 5 });
  await client.connection.sendRequest(ExplainLastRequest);
  await client.type(0, "# ");
  run();
  assert.deepEqual([await texts(first), await texts(second)], [[], []]);
  await client.connection.sendRequest(ExplainLastRequest);
  assert.equal(client.statuses.at(-1)?.state, "ready");
  await client.close();
});

test("two editors at one position of a document both get the text; at two positions only the later one does", async () => {
  const { engine, allow, run } = steppedEngine(saying("first\n"));
  const client = await opened(engine, TEXT, { drafts: false });
  const [left, right] = [client.at(4), client.at(4)];
  await allow(2);
  run();
  assert.deepEqual([await texts(left), await texts(right)], [["first"], ["first"]]);
  engine.beforeDecode = async () => {
    await pause(5);
  };
  const end = { line: 2, character: 0 };
  const above = client.complete(URI, { line: 1, character: 5 });
  const below = client.complete(URI, end);
  assert.deepEqual([await texts(above), await texts(below)], [[], ["first"]]);
  await client.close();
});

test("a request typed ahead of the text does not take the model from a later request", async () => {
  const { engine, allow, run } = steppedEngine(saying("first + second\n"));
  const client = await opened(engine, TEXT, { drafts: false });
  const first = client.at(4);
  await allow(3);
  await client.type(4, "first");
  const ahead = client.at(9);
  await client.outcome();
  const later = client.complete(URI, { line: 1, character: 5 });
  await client.outcome();
  run();
  assert.deepEqual(
    [await texts(first), await texts(ahead), await texts(later)],
    [[], [], ["first + second"]],
  );
  await client.close();
});

test("a waiting request is not computed once its document is closed or edited elsewhere", async () => {
  const engine = new FakeEngine(saying("first\n"));
  for (const leave of [
    (client: TestClient) =>
      client.connection.sendNotification(DidCloseTextDocumentNotification.type, {
        textDocument: { uri: URI },
      }),
    async (client: TestClient) => {
      const start = { line: 0, character: 0 };
      client.change(URI, 2, [{ range: { start, end: start }, text: "x = 1\n" }]);
    },
  ]) {
    const client = await opened(engine, TEXT, { delayMs: 500 });
    const asked = client.at(4);
    await leave(client);
    assert.deepEqual(await texts(asked), []);
    assert.equal(await client.outcome(), "aborted");
    assert.equal(engine.decodes, 0);
    await client.close();
  }
});

test("a document closed during its completion gets no text, and is completed again once reopened", async () => {
  const { engine, allow, run } = steppedEngine(saying("first\n"));
  const client = await opened(engine, TEXT, { drafts: false });
  const asked = client.at(4);
  await allow(2);
  await client.connection.sendNotification(DidCloseTextDocumentNotification.type, {
    textDocument: { uri: URI },
  });
  await client.connection.sendRequest(ExplainLastRequest);
  run();
  assert.deepEqual(await texts(asked), []);
  for (let round = 0; round < 20; round++) {
    client.open(URI, TEXT, LANGUAGE);
    const again = client.complete(URI, AT);
    await client.connection.sendNotification(DidCloseTextDocumentNotification.type, {
      textDocument: { uri: URI },
    });
    if (round % 2 === 0) await again.items;
  }
  client.open(URI, TEXT, LANGUAGE);
  assert.deepEqual(await texts(client.complete(URI, AT)), ["first"]);
  await client.close();
});

test("a document edited elsewhere between request and answer gets no text", async () => {
  const { engine, allow, run } = steppedEngine(saying("first\n"));
  const client = await opened(engine, TEXT, { drafts: false });
  const asked = client.at(4);
  await allow(2);
  const start = { line: 0, character: 0 };
  client.change(URI, 2, [{ range: { start, end: start }, text: "x = 1\n" }]);
  await client.connection.sendRequest(ExplainLastRequest);
  run();
  assert.deepEqual(await texts(asked), []);
  assert.deepEqual(await texts(client.complete(URI, { line: 1, character: 4 })), ["first"]);
  await client.close();
});
