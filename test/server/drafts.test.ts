import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Drafts } from "../../server/completion/drafts.ts";
import type { Documents } from "../../server/lsp/documents.ts";
import { ExplainLastRequest, FreeMemoryRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { FakeEngine, saying } from "../fakes/engine.ts";

const URI = "file:///project/sample.py";
const folder = mkdtempSync(join(tmpdir(), "foretoken-drafts-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const serve = (engine: FakeEngine, storageDirectory: string) =>
  connect({ modelLoader: () => async () => ({ engine }) }, { storageDirectory });

test("a suggestion requested again is drafted from the previous one", async () => {
  const engine = new FakeEngine(saying("reticulate(splines)\n"));
  // Decodes computed ahead in pauses would be counted too.
  const quiet = { storageDirectory: join(folder, "again"), settings: { prefetch: false } };
  const client = await connect({ modelLoader: () => async () => ({ engine }) }, quiet);
  client.open(URI, "x = ");
  const at = { line: 0, character: 4 };
  const sources = async () => {
    const [item] = await client.complete(URI, at).items;
    const status = await client.status(({ last }) => last !== undefined);
    return {
      item,
      names: (status.sources ?? []).filter(({ proposed }) => proposed > 0).map(({ name }) => name),
    };
  };
  const first = await sources();
  assert.equal(first.item?.insertText, "reticulate(splines)");
  const cost = engine.decodes;
  // The document differs elsewhere, so that the whole suggestion is not simply reused.
  client.change(URI, 2, [{ range: { start: at, end: at }, text: "\n" }]);
  const { names } = await sources();
  assert.ok(names.includes("recent"), `drafted from ${names}`);
  assert.ok(engine.decodes - cost < cost / 2, `${engine.decodes - cost} decodes after ${cost}`);

  await client.close();
});

test("text accepted at once is remembered as accepted, deleted text as recent, and typed text as neither", () => {
  let change = (_text: string, _start?: number, _removed?: string, _added?: string) => {};
  const documents: Pick<Documents, "watch"> = {
    watch(changed) {
      change = (text, start, removed = "", added = "") => {
        const edit = start === undefined ? undefined : { start, line: 0, removed, added };
        changed({ uri: URI, languageId: "python", version: 1, text, edit });
      };
    },
  };
  const drafts = new Drafts(documents, () => {});
  const memory = drafts.memoryOf(new FakeEngine(saying("")));
  const found = (context: string) => {
    const tokens = Int32Array.from(new TextEncoder().encode(context));
    memory.accepted.source.corpus.find(tokens, tokens.length);
    return memory.accepted.source.corpus.count;
  };
  const snapshot = { uri: URI, languageId: "python", version: 1, text: "x = ", offset: 4 };
  change("x = ");
  drafts.suggested(snapshot, "reticulate()");
  assert.ok(memory.recent.size > 0);
  change("x = r", 4, "", "r");
  assert.equal(found("x = "), 0, "typed along");
  change("x = reticulate()", 5, "", "eticulate()");
  assert.ok(found("x = ") > 0, "the rest taken at once");
  const before = memory.recent.size;
  change("x = ", 4, "reticulate()");
  assert.ok(memory.recent.size > before, "undone");
  const undone = memory.recent.size;
  change("x =", 3, " ");
  assert.equal(memory.recent.size, undone, "one character is a correction");
});

/** An engine whose vocabulary is gone once it is disposed, as that of a real model is. */
function mortal(): FakeEngine {
  const engine = new FakeEngine(saying("reticulate(splines)\n"));
  const { vocabulary } = engine;
  const alive = <T>(value: T): T => {
    assert.ok(!engine.disposed, "the vocabulary of a freed model is used");
    return value;
  };
  const { tokenize, bytes, endsText } = vocabulary;
  vocabulary.tokenize = text => alive(tokenize)(text);
  vocabulary.bytes = token => alive(bytes)(token);
  vocabulary.endsText = token => alive(endsText)(token);
  return engine;
}

test("remembered texts serve a model that was freed and reloaded, with the new model's vocabulary", async () => {
  const client = await connect({ modelLoader: () => async () => ({ engine: mortal() }) });
  client.open(URI, "x = ");
  const at = { line: 0, character: 4 };
  await client.complete(URI, at).items;
  await client.connection.sendRequest(FreeMemoryRequest);
  client.change(URI, 2, [{ range: { start: at, end: at }, text: "\n" }]);
  assert.equal((await client.complete(URI, at).items)[0]?.insertText, "reticulate(splines)");
  const { sources } = await client.status(({ last }) => last !== undefined);
  const recent = sources?.find(({ name }) => name === "recent");
  assert.ok(recent && recent.accepted > 0);
  assert.deepEqual(
    client.log.filter(line => line.includes("freed model")),
    [],
  );
  await client.close();
});

test("text deleted or accepted while no model is loaded is not tokenized with the freed model", async () => {
  const engine = mortal();
  const client = await connect({ modelLoader: () => async () => ({ engine }) });
  client.open(URI, "x = \nimport something\n");
  const at = { line: 0, character: 4 };
  const [item] = await client.complete(URI, at).items;
  await client.connection.sendRequest(FreeMemoryRequest);
  let used = 0;
  engine.vocabulary.tokenize = text => {
    used++;
    return Int32Array.from(new TextEncoder().encode(text));
  };
  const [start, end] = [
    { line: 1, character: 0 },
    { line: 2, character: 0 },
  ];
  client.change(URI, 2, [{ range: { start, end }, text: "" }]);
  client.change(URI, 3, [{ range: { start: at, end: at }, text: String(item?.insertText) }]);
  await client.status(({ suggestions }) => suggestions?.accepted === 1);
  assert.equal(used, 0);
  await client.close();
});

test("an acceptance counts once: by its edit, or by its command if other suggestions were shown since", () => {
  let change = (_text: string, _start: number, _added: string) => {};
  const documents: Pick<Documents, "watch"> = {
    watch(changed) {
      change = (text, start, added) =>
        changed({
          uri: URI,
          languageId: "python",
          version: 1,
          text,
          edit: { start, line: 0, removed: "", added },
        });
    },
  };
  let count = 0;
  const drafts = new Drafts(
    documents,
    () => {},
    () => count++,
  );
  const at = (text: string) => ({ uri: URI, languageId: "python", version: 1, text, offset: text.length });
  drafts.shown(at("x = "), "first");
  change("x = first", 4, "first");
  drafts.accepted(at("x = "), "first");
  assert.equal(count, 1, "its command comes after its document");

  drafts.shown(at("y = "), "second");
  drafts.shown(at("z = "), "other");
  change("y = second", 4, "second");
  drafts.accepted(at("y = "), "second");
  assert.equal(count, 2, "another was suggested since");

  // A suggestion that is still growing when it is accepted.
  change("w = thi", 4, "thi");
  drafts.accepted(at("w = "), "third");
  assert.equal(count, 3);
});

test("several lines accepted at once count in a document with CRLF line endings", async () => {
  const client = await serve(new FakeEngine(saying("{\n  a\n}")), join(folder, "lines"));
  client.open(URI, "x = \r\ny\r\n", "sketch");
  const at = { line: 0, character: 4 };
  assert.equal((await client.complete(URI, at).items)[0]?.insertText, "{\n  a\n}");
  client.change(URI, 2, [{ range: { start: at, end: at }, text: "{\r\n  a\r\n}" }]);
  await client.connection.sendRequest(ExplainLastRequest);
  assert.equal(client.statuses.at(-1)?.suggestions?.accepted, 1);
  await client.close();
});

test("the calibration is saved at shutdown and accepted at the next start; a damaged one is logged and not used", async () => {
  const storage = join(folder, "kept");
  const client = await serve(new FakeEngine(saying("a + b, a + b\n")), storage);
  client.open(URI, "x = a + b, a + b, ");
  await client.complete(URI, { line: 0, character: 18 }).items;
  await client.close();
  const [name] = readdirSync(join(storage, "calibration"));
  assert.match(name ?? "", /^\w+\.json$/);

  const again = await serve(new FakeEngine(saying("fine")), storage);
  again.open(URI, "x = ");
  await again.complete(URI, { line: 0, character: 4 }).items;
  assert.ok(!again.log.some(line => line.includes("calibration")));
  await again.close();

  for (const damaged of ["{", '{"version":0,"weights":[]}']) {
    writeFileSync(join(storage, "calibration", name as string), damaged);
    const mended = await serve(new FakeEngine(saying("fine")), storage);
    mended.open(URI, "x = ");
    assert.equal((await mended.complete(URI, { line: 0, character: 4 }).items)[0]?.insertText, "fine");
    assert.ok(
      mended.log.some(line => line.includes("is not used")),
      damaged,
    );
    await mended.close();
  }
});
