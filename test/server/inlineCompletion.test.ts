import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { DidChangeConfigurationNotification } from "vscode-languageserver-protocol/node";
import { DidChangeTrustNotification, ExplainLastRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";
import { AT_END, endless, opened, URI, withEngine } from "../fakes/sample.ts";
import { until } from "../fakes/until.ts";

test("the server announces inline completion and UTF-16 positions", async () => {
  const client = await connect(withEngine(endless()));
  const { capabilities } = client.initialized;
  assert.ok(capabilities.inlineCompletionProvider);
  assert.equal(capabilities.positionEncoding, "utf-16");
  await client.close();
});

test("text is streamed as growing progress and returned whole in the response", async () => {
  const client = await opened(new FakeEngine(saying("return a + b\n")));
  const asked = client.complete(URI, AT_END);
  const [item] = await asked.items;
  assert.equal(item?.insertText, "return a + b");
  assert.deepEqual(item?.range, { start: AT_END, end: AT_END });
  assert.ok(asked.partial.length > 1);
  asked.partial.reduce((before, text) => {
    assert.ok(text.startsWith(before));
    return text;
  }, "");
  assert.equal(asked.partial.at(-1), "return a + b");
  await client.close();
});

test("the text ends with its statement, and nothing is computed beyond it", async () => {
  const engine = new FakeEngine(saying("return [\n    a,\n    b]\n    print(a)\n    print(b)\n"));
  // Without drafts: the text generated before would be drafted again as a whole.
  const client = await connect(withEngine(engine), { settings: { drafts: false } });
  client.open(URI, "def add(a, b):\n    a += 1\n    \n    b += 1\n");
  await client.status(status => status.state === "ready");
  const at = { line: 2, character: 4 };
  // The grammar is loaded during the first completions, which end by indentation.
  let text: unknown;
  do text = (await client.complete(URI, at).items)[0]?.insertText;
  while (String(text).includes("print(b)"));
  assert.equal(text, "return [\n    a,\n    b]");
  assert.ok(!new TextDecoder().decode(Uint8Array.from(engine.context)).includes("print(b)"));
  await client.close();
});

test("the status goes from starting through ready and working back to ready, with figures", async () => {
  const client = await opened(new FakeEngine(saying("return abcabcabcabcabc\n")));
  await client.complete(URI, AT_END).items;
  const last = await client.status(status => status.last !== undefined);
  assert.deepEqual(
    client.statuses.map(status => status.state),
    ["starting", "ready", "working", "ready"],
  );
  assert.ok(last.last && last.last.steps < last.last.tokens && last.last.accepted > 0);
  assert.ok((last.acceptance ?? 0) > 0);
  await client.close();
});

test("an item selected in the suggestion list is completed as if it had been accepted", async () => {
  const engine = new FakeEngine(saying("(a, b)"));
  const client = await opened(engine, "add = su\n");
  const range = { start: { line: 0, character: 6 }, end: { line: 0, character: 8 } };
  const selectedCompletionInfo = { range, text: "summed" };
  const { items } = client.complete(URI, range.end, undefined, { selectedCompletionInfo });
  const [item] = await items;
  assert.deepEqual([item?.insertText, item?.range], ["summed(a, b)", range]);
  assert.ok(new TextDecoder().decode(Uint8Array.from(engine.context)).includes("add = summed"));
  const lines = { start: { line: 0, character: 6 }, end: { line: 1, character: 0 } };
  const strange = { selectedCompletionInfo: { range: lines, text: "summed" } };
  assert.deepEqual(await client.complete(URI, range.end, undefined, strange).items, []);
  const number = { selectedCompletionInfo: { range, text: 5 as unknown as string } };
  await assert.rejects(
    client.complete(URI, range.end, undefined, number).items,
    /selectedCompletionInfo.text has to be a string/,
  );
  await client.close();
});

test("text that is only white space, or that repeats the next line, is not suggested", async () => {
  for (const said of ["\n\n    \n", "    print(sum)\n"]) {
    const client = await opened(new FakeEngine(saying(said)), "def f():\n\n    print(sum)\n");
    const asked = client.complete(URI, { line: 1, character: 0 });
    assert.deepEqual(await asked.items, []);
    assert.deepEqual(asked.partial, []);
    await client.close();
  }
});

test("white space alone is not suggested within a string either, but is shown with the text that follows it", async () => {
  for (const [said, expected] of [
    ["   ", undefined],
    ["   and more", "   and more"],
  ] as const) {
    const client = await opened(new FakeEngine(saying(said)), 'a = "one"');
    const asked = client.complete(URI, { line: 0, character: 8 });
    assert.equal((await asked.items)[0]?.insertText, expected);
    assert.ok(asked.partial.every(text => text.trim() !== ""));
    await client.close();
  }
});

test("a completion before a word is computed only on explicit request, and does not repeat the word", async () => {
  const client = await opened(new FakeEngine(saying("a + total\n")), "sum = total\n");
  const at = { line: 0, character: 6 };
  assert.deepEqual(await client.complete(URI, at).items, []);
  const [item] = await client.complete(URI, at, undefined, { triggerKind: 1 }).items;
  assert.equal(item?.insertText, "a + ");
  await client.close();
});

/** Gives an engine the control tokens for files; the returned function gives the text of its prompt. */
function readsFiles(engine: FakeEngine): () => string {
  const controls = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>"];
  const find = (text: string) => (controls.includes(text) ? 257 + controls.indexOf(text) : undefined);
  Object.assign(engine.vocabulary, { find });
  return () => new TextDecoder().decode(Uint8Array.from(engine.context.filter(token => token < 256)));
}

test("other open files are included in the prompt of a model trained to read them, unless that is turned off", async () => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-project-"));
  const engine = new FakeEngine(saying("done\n"), { modelName: "Qwen2.5 Coder" });
  const said = readsFiles(engine);
  const client = await connect(withEngine(engine), { settings: { workspaceIndex: false } }, [folder]);
  const uri = (name: string) => pathToFileURL(join(folder, name)).href;
  client.open(uri("shop.py"), "def price(basket, discount):\n    return basket.total - discount\n");
  client.open(uri(".env"), "price = basket = discount = 'password'\n");
  client.open(uri("main.py"), "price = price(basket, discount)\nprint(price, tax)\n");
  await client.complete(uri("main.py"), { line: 2, character: 0 }).items;
  assert.match(said(), /shop\.py\ndef price\(basket/);
  assert.doesNotMatch(said(), /password/);
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { openFiles: false, workspaceIndex: false } },
  });
  await client.complete(uri("main.py"), { line: 2, character: 0 }).items;
  assert.doesNotMatch(said(), /shop\.py/);
  await client.close();
  rmSync(folder, { recursive: true });
});

test("definitions of imported names are read from disk for the prompt of a model trained to read files", async () => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-project-"));
  writeFileSync(
    join(folder, "shop.py"),
    "def price(basket, discount):\n    return basket.total - discount\n",
  );
  writeFileSync(join(folder, "secrets.py"), "def password(): pass\n");
  const engine = new FakeEngine(saying("done\n"), { modelName: "Qwen2.5 Coder" });
  const said = readsFiles(engine);
  const client = await connect(withEngine(engine), { settings: { workspaceIndex: false } }, [folder]);
  const uri = pathToFileURL(join(folder, "main.py")).href;
  client.open(uri, "from shop import price\nfrom secrets import password\nprice(password\n");
  // The grammar is loaded during the first completions.
  for (let version = 2; !said().includes("shop.py"); version++) {
    const at = { line: 2, character: 0 };
    client.change(uri, version, [{ range: { start: at, end: at }, text: "# more\n" }]);
    await client.complete(uri, { line: version + 2, character: 0 }, version).items;
  }
  assert.match(said(), /shop\.py\ndef price\(basket, discount\): \.\.\.\n/);
  assert.doesNotMatch(said(), /def password/);
  await client.close();
  rmSync(folder, { recursive: true });
});

test("only the completed document is in the prompt until its workspace is trusted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-project-"));
  writeFileSync(
    join(folder, "shop.py"),
    "def price(basket, discount):\n    return basket.total - discount\n",
  );
  const engine = new FakeEngine(saying("done\n"), { modelName: "Qwen2.5 Coder" });
  const prompt = readsFiles(engine);
  const options = { settings: { workspaceIndex: false }, trusted: false };
  const client = await connect(withEngine(engine), options, [folder]);
  const uri = (name: string) => pathToFileURL(join(folder, name)).href;
  client.open(uri("tax.py"), "def price(basket, discount):\n    return discount\n");
  client.open(uri("main.py"), "from shop import price\nprice = price(basket, discount)\n");
  const ask = () => client.complete(uri("main.py"), { line: 2, character: 0 }, undefined).items;
  assert.equal((await ask())[0]?.insertText, "done");
  assert.doesNotMatch(prompt(), /tax\.py|shop\.py|foretoken-project/);
  assert.match(prompt(), /from shop import price/);
  await client.connection.sendNotification(DidChangeTrustNotification, { trusted: true });
  await ask();
  const at = { line: 2, character: 0 };
  client.change(uri("main.py"), 2, [{ range: { start: at, end: at }, text: "# more\n" }]);
  await client.complete(uri("main.py"), { line: 3, character: 0 }, 2).items;
  assert.match(prompt(), /tax\.py\ndef price\(basket/);
  await client.close();
  rmSync(folder, { recursive: true });
});

test("a cancelled request stops decoding within one step after an edit that contradicts it", async () => {
  const engine = endless();
  const client = await opened(engine);
  engine.beforeDecode = () => new Promise(resolve => setTimeout(resolve, 5));
  const asked = client.complete(URI, AT_END);
  await until("three decodes", () => engine.decodes >= 3);
  asked.cancel();
  await asked.items.catch(() => []);
  client.change(URI, 2, [{ range: { start: AT_END, end: AT_END }, text: "##" }]);
  await client.connection.sendRequest(ExplainLastRequest);
  const decodes = engine.decodes;
  await new Promise(resolve => setTimeout(resolve, 40));
  assert.ok(engine.decodes <= decodes + 1, `${engine.decodes - decodes} steps after the edit`);
  await client.close();
});

test("a newer request replaces an older one", async () => {
  const engine = endless();
  const client = await opened(engine);
  engine.beforeDecode = () => new Promise(resolve => setTimeout(resolve, 5));
  const first = client.complete(URI, AT_END);
  await until("two decodes", () => engine.decodes >= 2);
  const second = client.complete(URI, { line: 0, character: 14 });
  assert.deepEqual(await first.items, []);
  engine.beforeDecode = async () => {};
  assert.equal((await second.items).length, 1);
  await client.close();
});

test("edits in UTF-16 units keep the document in sync", async () => {
  const client = await opened(new FakeEngine(saying("x")), "a = '🙂'\n");
  client.change(URI, 2, [
    { range: { start: { line: 0, character: 8 }, end: { line: 0, character: 8 } }, text: "; b = " },
  ]);
  const [whole] = await client.complete(URI, { line: 0, character: 14 }, 2).items;
  const [beyond] = await client.complete(URI, { line: 0, character: 15 }, 2).items;
  assert.equal(whole?.insertText, "x");
  assert.equal(beyond?.insertText, "x", "past the end of the line is its end");
  await client.close();
});

test("a request for another version, an invalid position or an unknown document gets no completion", async () => {
  const client = await opened(endless());
  assert.deepEqual(await client.complete(URI, AT_END, 7).items, []);
  assert.deepEqual(await client.complete(URI, { line: 40, character: 0 }).items, []);
  assert.deepEqual(await client.complete("file:///elsewhere.py", AT_END).items, []);
  assert.deepEqual(await client.complete(URI, { line: 0, character: 4 }).items, [], "before a word");
  await client.close();
});

test("strange documents are completed, and the server keeps running", async () => {
  const client = await opened(new FakeEngine(saying("done")));
  const strange: Record<string, string> = {
    nul: "a = '\0'\n",
    surrogate: "a = '\ud800'\nb = '\udc00",
    crlf: "a = 1\r\nb = 2\r\n",
    oneLine: "x".repeat(5_000_000),
    fiftyMegabytes: "x = 1\n".repeat(50_000_000 / 6),
    empty: "",
    rightToLeft: "שלום = 'مرحبا'\nשם = ",
    combining: "a = 'e\u0301🙂👍🏽'\nb = 'n\u0303",
    tabsAndSpaces: "def f():\n\tif x:\n        \t  y = 1\n\t ",
    syntaxErrors: "def ((:\n  ]}class\n\"'\nif (\n",
  };
  for (const [name, text] of Object.entries(strange)) {
    const uri = `untitled:${name}`;
    client.open(uri, text);
    const lines = text.split(/\r?\n/);
    const position = { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
    const [item] = await client.complete(uri, position).items;
    assert.equal(item?.insertText, "done", name);
  }
  await client.close();
});

test("nothing is computed while completions are turned off, and the status says so", async () => {
  const engine = endless();
  const client = await opened(engine);
  await client.status(status => status.state === "ready");
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { enabled: false } },
  });
  await client.status(status => status.state === "off");
  assert.deepEqual(await client.complete(URI, AT_END).items, []);
  assert.equal(engine.decodes, 0);
  client.open("file:///notes.md", "# Notes\n", "markdown");
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: {} },
  });
  assert.deepEqual(
    await client.complete("file:///notes.md", { line: 1, character: 0 }).items,
    [],
    "nor in a language left out",
  );
  await client.close();
});

test("a completion aborted by turning completions off leaves the state off and the figures unchanged", async () => {
  const engine = new FakeEngine(saying("return abcabcabc\n"));
  const client = await opened(engine);
  await client.complete(URI, AT_END).items;
  const { last } = await client.status(status => status.last !== undefined);
  engine.beforeDecode = () => new Promise(resolve => setTimeout(resolve, 20));
  const asked = client.complete(URI, { line: 0, character: 14 });
  await client.status(status => status.state === "working" && status.last !== undefined);
  await client.connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { foretoken: { enabled: false } },
  });
  await asked.items;
  await new Promise(resolve => setTimeout(resolve, 50));
  const final = client.statuses.at(-1);
  assert.equal(final?.state, "off");
  assert.deepEqual(final?.last, last);
  await client.close();
});

test("the rest of the line is replaced where the completion repeats it", async () => {
  const client = await opened(new FakeEngine(saying("1, 2)")), "print()\n");
  const [item] = await client.complete(URI, { line: 0, character: 6 }).items;
  assert.equal(item?.insertText, "1, 2)");
  assert.deepEqual(item?.range, { start: { line: 0, character: 6 }, end: { line: 0, character: 7 } });
  await client.close();
});
