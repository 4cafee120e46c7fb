import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { DidCloseTextDocumentNotification } from "vscode-languageserver-protocol/node";
import { ExplainLastRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { answering, FakeEngine, steppedEngine } from "../fakes/engine.ts";
import { until } from "../fakes/until.ts";

// A language without a grammar, so that the generated text does not depend on when a grammar has been loaded.
const LANGUAGE = "sketch";
const URI = "file:///project/sample.sketch";

/** A session in which each line is completed, and then the line after it. */
const SESSION = answering({
  "a = ": "first()",
  "a = first()": "\n",
  "a = first()\n": "b = a + 1",
  "b = a + 1": "\n",
});

async function opened(engine: FakeEngine, text: string, settings = {}) {
  const client = await connect({ modelLoader: () => async () => ({ engine }) }, { settings });
  client.open(URI, text, LANGUAGE);
  let version = 1;
  const explained = async () => (await client.connection.sendRequest(ExplainLastRequest)).last;
  return {
    ...client,
    explained,
    async insert(line: number, character: number, text: string) {
      const at = { line, character };
      client.change(URI, ++version, [{ range: { start: at, end: at }, text }]);
      await explained();
    },
    async at(line: number, character: number) {
      const [item] = await client.complete(URI, { line, character }).items;
      return [item?.insertText, (await explained())?.outcome.kind];
    },
    /** Waits until so many completions have been begun. */
    async begun(completions: number) {
      await until(`${completions} prefills`, () => engine.prefills >= completions);
    },
    /** Waits until nothing has been decoded for a while. */
    async quiet() {
      for (let before = -1; before !== engine.decodes; ) {
        before = engine.decodes;
        await pause(40);
      }
    },
  };
}

test("the completions after an accepted suggestion and on the next line are available at once", async () => {
  const engine = new FakeEngine(SESSION);
  const client = await opened(engine, "a = ");
  assert.deepEqual(await client.at(0, 4), ["first()", "shown"]);
  await client.quiet();
  const { decodes } = engine;
  await client.insert(0, 4, "first()");
  assert.deepEqual(await client.at(0, 11), [undefined, "empty"]);
  assert.equal((await client.explained())?.computed, undefined);
  await client.insert(0, 11, "\n");
  assert.equal(engine.decodes, decodes);
  assert.deepEqual(await client.at(1, 0), ["b = a + 1", "cached"]);
  await client.close();
});

test("text computed ahead matches the document's own line endings and indentation", async () => {
  const engine = new FakeEngine(
    answering({ "if a": ":", "if a:\r\n": "no", "    if b:\n        ": "c()", "if b": ":" }),
  );
  const client = await opened(engine, "def f():\r\n    x\r\n    y\r\n    if b");
  await client.at(3, 8);
  await client.quiet();
  await client.insert(3, 8, ":");
  await client.insert(3, 9, "\r\n        ");
  assert.deepEqual(await client.at(4, 8), ["c()", "cached"]);
  await client.close();
});

test("what follows an accepted suggestion of several lines is computed with the document's own line endings", async () => {
  const engine = new FakeEngine(
    answering({ "def f(a):\n    ": "if a:\n        b()", "        b()": "; c()" }),
  );
  const client = await opened(engine, "x\r\ndef f(a):\r\n    ");
  assert.deepEqual(await client.at(2, 4), ["if a:\n        b()", "shown"]);
  await client.begun(2);
  await client.quiet();
  await client.insert(2, 4, "if a:\r\n        b()");
  assert.deepEqual(await client.at(3, 11), ["; c()", "cached"]);
  await client.close();
});

test("nothing is computed ahead of a text that is withheld", async () => {
  const engine = new FakeEngine(answering({ "print(": "total", "print(total": ")" }));
  const prompts: string[] = [];
  const prefill = engine.prefill.bind(engine);
  engine.prefill = (tokens, signal) => {
    prompts.push(new TextDecoder().decode(Uint8Array.from(tokens)));
    return prefill(tokens, signal);
  };
  const client = await opened(engine, "print(");
  assert.deepEqual(await client.at(0, 6), ["total", "shown"]);
  await client.begun(2);
  await client.quiet();
  assert.ok(
    prompts.some(prompt => /print\(total(?!\n)/.test(prompt)),
    "what follows the suggestion is",
  );
  assert.ok(!prompts.some(prompt => prompt.includes("print(total\n")));
  await client.close();
});

test("a completion that is computed ahead ends when its document is closed", async () => {
  const { engine, allow, run } = steppedEngine(SESSION);
  const client = await opened(engine, "a = ", { drafts: false });
  const first = client.complete(URI, { line: 0, character: 4 });
  await allow(8);
  await first.items;
  await client.begun(2);
  const { decodes, prefills } = engine;
  await client.connection.sendNotification(DidCloseTextDocumentNotification.type, {
    textDocument: { uri: URI },
  });
  await client.explained();
  run();
  await client.quiet();
  assert.deepEqual([engine.decodes, engine.prefills], [decodes, prefills]);
  await client.close();
});

test("nothing is computed ahead when prefetching is off", async () => {
  const engine = new FakeEngine(SESSION);
  const client = await opened(engine, "a = ", { prefetch: false });
  await client.at(0, 4);
  const { decodes } = engine;
  await pause(60);
  assert.equal(engine.decodes, decodes);
  await client.close();
});

test("a request does not wait for a completion that is computed ahead", async () => {
  const { engine, allow, run } = steppedEngine(SESSION);
  const client = await opened(engine, "a = \nz = ", { drafts: false });
  const first = client.complete(URI, { line: 0, character: 4 });
  await allow(8); // "first()" and the end; then the completion ahead stands still in its first decode.
  await first.items;
  await pause(40);
  const second = client.complete(URI, { line: 1, character: 4 });
  run();
  await second.items;
  assert.equal((await client.explained())?.outcome.kind, "empty");
  await client.close();
});

test("a request at the position of a completion that is computed ahead joins it", async () => {
  const { engine, allow, run } = steppedEngine(
    answering({ "a = ": "first", "a = first": "(b, c)", "a = first(b, c)": "\n" }),
  );
  const client = await opened(engine, "a = ", { drafts: false });
  const first = client.complete(URI, { line: 0, character: 4 });
  await allow(6);
  await first.items;
  await pause(40);
  await allow(2); // "(b" of the completion ahead.
  await client.insert(0, 4, "first");
  const second = client.complete(URI, { line: 0, character: 9 });
  run();
  assert.equal((await second.items)[0]?.insertText, "(b, c)");
  await client.quiet();
  const { decoded } = (await client.explained()) ?? {};
  assert.ok(decoded && decoded.tokens < 6 + 7 + 6, "(b, c) is computed once");
  await client.close();
});

test("an edit that contradicts the suggestion ends the completion computed ahead", async () => {
  const { engine, allow, run } = steppedEngine(SESSION);
  const client = await opened(engine, "a = ", { drafts: false });
  const first = client.complete(URI, { line: 0, character: 4 });
  await allow(8);
  await first.items;
  await pause(40);
  const { decodes } = engine;
  await client.insert(0, 4, "other");
  run();
  await client.quiet();
  assert.ok(engine.decodes <= decodes + 1, `${engine.decodes - decodes} decodes`);
  await client.close();
});

test("little is computed ahead when suggestions are never accepted", async () => {
  const engine = new FakeEngine(
    answering({ "= ": "first(second, third)", ")": "\n\nfourth = fifth + sixth" }),
  );
  const lines = Array.from({ length: 16 }, (_, index) => `a${index} = \n`);
  const client = await opened(engine, lines.join(""));
  for (const [index, line] of lines.entries()) {
    await client.at(index, line.length - 1);
    await client.quiet();
  }
  const { decoded } = (await client.explained()) ?? {};
  assert.ok(decoded && decoded.unused > 0, "something is risked");
  assert.ok(decoded.unused < 0.3 * decoded.tokens, `${decoded.unused} of ${decoded.tokens}`);
  await client.close();
});
