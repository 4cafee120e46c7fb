import assert from "node:assert/strict";
import { test } from "node:test";
import { ExplainLastRequest } from "../../server/protocol/messages.ts";
import { connect, type TestClient } from "../fakes/client.ts";
import { chaotic, FakeEngine, saying, steppedEngine } from "../fakes/engine.ts";
import { until } from "../fakes/until.ts";

const URI = "file:///project/sample.py";
const TEXT = "def add(a, b):\n    ";
const AT_END = { line: 1, character: 4 };

async function opened(engine: FakeEngine, text = TEXT, settings = {}) {
  const client = await connect({ modelLoader: () => async () => ({ engine }) }, { settings });
  client.open(URI, text);
  return client;
}

const explained = ({ connection }: TestClient) => connection.sendRequest(ExplainLastRequest);

test("before any request, the explanation says that there is nothing to explain", async () => {
  const client = await opened(new FakeEngine(saying("x")));
  const { last, markdown } = await explained(client);
  assert.equal(last, undefined);
  assert.match(markdown, /No completion has been asked for yet/);
  await client.close();
});

test("a shown completion is explained with its timeline and its figures", async () => {
  const client = await opened(new FakeEngine(saying("return a + b\n")));
  await client.complete(URI, AT_END).items;
  const { last, markdown } = await explained(client);
  assert.deepEqual(last?.outcome, { kind: "shown" });
  assert.equal(last?.text, "return a + b");
  const { queuedMs, promptMs, prefilledMs, firstTextMs, endMs } = last.timeline;
  const times = [queuedMs, promptMs, prefilledMs, firstTextMs, endMs].map(Number);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  assert.equal(last.computed?.reusedTokens, 0);
  assert.ok((last.computed?.tokens ?? 0) >= "return a + b".length);
  assert.match(markdown, /Computed and shown/);
  assert.match(markdown, /line 2, column 5/);
  assert.match(markdown, /return a \+ b/);
  await client.close();
});

test("each reason for which nothing is computed is named", async () => {
  const client = await opened(new FakeEngine(saying("x")), "sum = total\nprint(a) + 1\n");
  client.open("file:///notes.md", "# Notes\n", "markdown");
  const why = async (uri: string, line: number, character: number, version?: number) => {
    assert.deepEqual(await client.complete(uri, { line, character }, version).items, []);
    const { last } = await explained(client);
    return last?.outcome.kind === "suppressed" ? last.outcome.why : last?.outcome.kind;
  };
  assert.equal(await why(URI, 0, 6), "wordAfter");
  assert.equal(await why(URI, 1, 7), "textAfter");
  assert.equal(await why(URI, 0, 6, 7), "otherVersion");
  assert.equal(await why(URI, 40, 0), "noPosition");
  assert.equal(await why("file:///elsewhere.py", 0, 0), "notOpen");
  assert.equal(await why("file:///notes.md", 1, 0), "languageOff");
  await client.close();
});

test("an answer without text reports why it is empty", async () => {
  const client = await opened(new FakeEngine(saying("    print(sum)\n")), "def f():\n\n    print(sum)\n");
  await client.complete(URI, { line: 1, character: 0 }).items;
  const { last, markdown } = await explained(client);
  assert.deepEqual(last?.outcome, { kind: "empty", why: "suffix" });
  assert.match(markdown, /the text that follows in the document/);
  await client.close();
});

test("a cancelled request ends as aborted, a fault as failed with a remedy", async () => {
  const engine = new FakeEngine(chaotic);
  const client = await opened(engine);
  engine.beforeDecode = () => new Promise(resolve => setTimeout(resolve, 5));
  const asked = client.complete(URI, AT_END);
  await until("a text", () => asked.partial.length > 1);
  asked.cancel();
  await asked.items.catch(() => []);
  const cancelled = (await explained(client)).last;
  assert.deepEqual(cancelled?.outcome, { kind: "aborted" });
  assert.match(asked.partial[1] as string, /^[a-e]{2,}$/);
  assert.ok(cancelled.text.startsWith(asked.partial[1] as string), `as far as it came: ${cancelled.text}`);
  engine.beforeDecode = async () => {
    throw new Error("the graph broke");
  };
  await client.complete(URI, AT_END).items;
  const { last } = await explained(client);
  assert.ok(last?.outcome.kind === "failed" && last.outcome.remedy !== "");
  assert.equal(last.outcome.message, "the graph broke");
  await client.close();
});

test("tokens that answered a request are distinguished from tokens that were discarded before", async () => {
  const { engine, allow, run } = steppedEngine(saying("    return a\n"));
  const client = await opened(engine, "def f(a):\n\n", { drafts: false });
  client.complete(URI, { line: 1, character: 0 });
  await allow(2); // Blanks alone: no text is shown yet.
  client.change(URI, 2, [
    { range: { start: { line: 1, character: 0 }, end: { line: 1, character: 0 } }, text: "#" },
  ]);
  await explained(client);
  run();
  await client.complete(URI, { line: 1, character: 1 }).items;
  const { last } = await explained(client);
  assert.ok(last && last.decoded.unused > 0 && last.decoded.unused < last.decoded.tokens);
  await client.close();
});
