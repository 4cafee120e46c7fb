import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DidChangeNotebookDocumentNotification,
  type DidChangeNotebookDocumentParams,
  DidCloseNotebookDocumentNotification,
  DidOpenNotebookDocumentNotification,
  NotebookCellKind,
} from "vscode-languageserver-protocol/node";
import { ExplainLastRequest } from "../../server/protocol/messages.ts";
import { connect } from "../fakes/client.ts";
import { answering, FakeEngine, type FakeModel, saying, steppedEngine } from "../fakes/engine.ts";

// A language without a grammar, so that the generated text does not depend on when a grammar has been loaded.
const LANGUAGE = "sketch";
const NOTEBOOK = "file:///project/study.ipynb";
const uriOf = (name: string) => `vscode-notebook-cell:/project/study.ipynb#${name}`;

interface TestCell {
  readonly name: string;
  readonly text: string;
  readonly languageId?: string;
}

const structure = ({ name, languageId = LANGUAGE }: TestCell) => ({
  kind: languageId === "markdown" ? NotebookCellKind.Markup : NotebookCellKind.Code,
  document: uriOf(name),
});
const item = ({ name, text, languageId = LANGUAGE }: TestCell) => ({
  uri: uriOf(name),
  languageId,
  version: 1,
  text,
});

async function opened(engine: FakeEngine, cells: readonly TestCell[], settings = {}) {
  // Decodes computed ahead would be counted too.
  const quiet = { settings: { prefetch: false, ...settings } };
  const client = await connect({ modelLoader: () => async () => ({ engine }) }, quiet);
  const { connection } = client;
  await connection.sendNotification(DidOpenNotebookDocumentNotification.type, {
    notebookDocument: {
      uri: NOTEBOOK,
      notebookType: "jupyter-notebook",
      version: 1,
      cells: cells.map(structure),
    },
    cellTextDocuments: cells.map(item),
  });
  let version = 1;
  const change = async (change: DidChangeNotebookDocumentParams["change"]) => {
    await connection.sendNotification(DidChangeNotebookDocumentNotification.type, {
      notebookDocument: { uri: NOTEBOOK, version: ++version },
      change,
    });
    await connection.sendRequest(ExplainLastRequest);
  };
  return {
    ...client,
    /** The suggestions in a cell. */
    async at(name: string, line: number, character: number) {
      const items = await client.complete(uriOf(name), { line, character }).items;
      return items.map(({ insertText }) => insertText);
    },
    /** The model's last prompt. */
    prompt() {
      const { fillPrefix, fillSuffix, fillMiddle } = engine.vocabulary.special;
      const { context } = engine;
      const text = (from: number, to: number) =>
        new TextDecoder().decode(
          Uint8Array.from(context.slice(context.indexOf(from) + 1, context.indexOf(to))),
        );
      return { prefix: text(fillPrefix, fillSuffix), suffix: text(fillSuffix, fillMiddle) };
    },
    edit: (name: string, line: number, from: number, to: number, text: string) =>
      change({
        cells: {
          textContent: [
            {
              document: { uri: uriOf(name), version: ++version },
              changes: [{ range: { start: { line, character: from }, end: { line, character: to } }, text }],
            },
          ],
        },
      }),
    /** Replaces `deleted` cells at an index by others; `documents` names those that are opened and closed. */
    splice(
      start: number,
      deleted: number,
      cells: readonly TestCell[],
      documents: { opened?: readonly TestCell[]; closed?: readonly string[] },
    ) {
      return change({
        cells: {
          structure: {
            array: { start, deleteCount: deleted, cells: cells.map(structure) },
            didOpen: (documents.opened ?? []).map(item),
            didClose: (documents.closed ?? []).map(name => ({ uri: uriOf(name) })),
          },
        },
      });
    },
    async outcome() {
      return (await connection.sendRequest(ExplainLastRequest)).last?.outcome.kind;
    },
  };
}

const CELLS: readonly TestCell[] = [
  { name: "imports", text: "import numbers\n" },
  { name: "title", text: "# Sums", languageId: "markdown" },
  { name: "query", text: "SELECT 1", languageId: "sql" },
  { name: "cursor", text: "total = \nprint(total)" },
  { name: "below", text: "show(total)" },
];

test("the server registers for notebooks; cells above the cursor form the prefix, those below the suffix", async () => {
  const client = await opened(new FakeEngine(saying("1 + 2\n")), CELLS);
  assert.deepEqual(client.initialized.capabilities.notebookDocumentSync, {
    notebookSelector: [{ notebook: "*" }],
  });
  assert.deepEqual(await client.at("cursor", 0, 8), ["1 + 2"]);
  // A language without line comments leaves text cells out; cells of other languages are left out as well.
  assert.deepEqual(client.prompt(), {
    prefix: "import numbers\n\ntotal = ",
    suffix: "\nprint(total)\n\nshow(total)",
  });
  await client.close();
});

test("text cells become comments in the language of the cursor's cell", async () => {
  const python = CELLS.map(cell => (cell.languageId ? cell : { ...cell, languageId: "python" }));
  const client = await opened(new FakeEngine(saying("1 + 2\n")), python);
  await client.at("cursor", 0, 8);
  assert.equal(client.prompt().prefix, "import numbers\n\n# # Sums\n\ntotal = ");
  await client.close();
});

test("inserting, removing, moving and editing cells changes the prompt", async () => {
  const client = await opened(new FakeEngine(saying("1\n")), [
    { name: "a", text: "a = 1" },
    { name: "b", text: "b = " },
  ]);
  const prompt = async (name: string, character: number) => {
    await client.at(name, 0, character);
    return client.prompt();
  };
  assert.deepEqual(await prompt("b", 4), { prefix: "a = 1\n\nb = ", suffix: "" });
  const inserted = { name: "c", text: "c = 3" };
  await client.splice(1, 0, [inserted], { opened: [inserted] });
  assert.deepEqual(await prompt("b", 4), { prefix: "a = 1\n\nc = 3\n\nb = ", suffix: "" });
  await client.edit("a", 0, 4, 5, "7");
  assert.deepEqual(await prompt("b", 4), { prefix: "a = 7\n\nc = 3\n\nb = ", suffix: "" });
  // Moves the last cell to the top: its document stays open.
  await client.splice(
    0,
    3,
    [
      { name: "b", text: "" },
      { name: "a", text: "" },
      { name: "c", text: "" },
    ],
    {},
  );
  assert.deepEqual(await prompt("b", 4), { prefix: "b = ", suffix: "\n\na = 7\n\nc = 3" });
  await client.splice(1, 1, [], { closed: ["a"] });
  assert.deepEqual(await prompt("b", 4), { prefix: "b = ", suffix: "\n\nc = 3" });
  assert.deepEqual(await client.at("a", 0, 5), [], "its document is closed");
  await client.connection.sendNotification(DidCloseNotebookDocumentNotification.type, {
    notebookDocument: { uri: NOTEBOOK },
    cellTextDocuments: ["b", "c"].map(name => ({ uri: uriOf(name) })),
  });
  assert.deepEqual(await client.at("b", 0, 4), []);
  await client.close();
});

test("generated text is reused if, and only if, the other cells are unchanged", async () => {
  const engine = new FakeEngine(saying("first + second\n"));
  const client = await opened(engine, [
    { name: "a", text: "x = 1" },
    { name: "b", text: "y = " },
  ]);
  assert.deepEqual(await client.at("b", 0, 4), ["first + second"]);
  await client.edit("b", 0, 4, 4, "fir");
  const { decodes } = engine;
  assert.deepEqual(await client.at("b", 0, 7), ["st + second"]);
  assert.equal(await client.outcome(), "typedThrough");
  assert.equal(engine.decodes, decodes);
  await client.edit("b", 0, 4, 7, "");
  await client.edit("a", 0, 4, 5, "2");
  await client.at("b", 0, 4);
  assert.equal(await client.outcome(), "shown", "another prefix");
  await client.edit("a", 0, 4, 5, "1");
  assert.deepEqual(await client.at("b", 0, 4), ["first + second"]);
  assert.equal(await client.outcome(), "cached", "what stood there is back");
  const below = { name: "c", text: "z = 3" };
  await client.splice(2, 0, [below], { opened: [below] });
  await client.at("b", 0, 4);
  assert.equal(await client.outcome(), "shown", "another suffix");
  let last = "a";
  for (const languageId of ["markdown", "sql", LANGUAGE]) {
    const again = { name: `a in ${languageId}`, text: "x = 1", languageId };
    await client.splice(0, 1, [again], { opened: [again], closed: [last] });
    last = again.name;
    await client.at("b", 0, 4);
    assert.equal(await client.outcome(), languageId === LANGUAGE ? "cached" : "shown", languageId);
  }
  await client.close();
});

test("a running completion ends when cells are moved", async () => {
  const { engine, allow, run } = steppedEngine(saying("first + second\n"));
  const cells = [
    { name: "a", text: "x = 1" },
    { name: "b", text: "y = " },
  ];
  const client = await opened(engine, cells, { drafts: false });
  const asked = client.at("b", 0, 4);
  await allow(5);
  await client.splice(0, 2, [...cells].reverse(), {});
  run();
  assert.deepEqual(await asked, []);
  await client.close();
});

test("a running completion and a request that joined it by typing along end when another cell changes", async () => {
  const { engine, allow, run } = steppedEngine(saying("first + second\n"));
  const client = await opened(
    engine,
    [
      { name: "a", text: "x = 1" },
      { name: "b", text: "y = " },
    ],
    { drafts: false },
  );
  const before = client.at("b", 0, 4);
  await allow(5);
  await client.edit("b", 0, 4, 4, "fir");
  const joined = client.at("b", 0, 7);
  await new Promise(resolve => setTimeout(resolve, 10));
  const { decodes } = engine;
  await client.edit("a", 0, 4, 5, "2");
  run();
  assert.deepEqual([await before, await joined], [[], []]);
  assert.ok(engine.decodes <= decodes + 1, "it computed on for cells that are gone");
  assert.deepEqual(await client.at("b", 0, 7), ["first + second"]);
  await client.close();
});

test("the next cell's first line is not suggested again, and its brackets close nothing in the cell above", async () => {
  const saysBoth: FakeModel = answering({ "w = (\n\n": "y = 2\nshow(x, y)\n", "z = f(": "1)\n" });
  const client = await opened(new FakeEngine(saysBoth), [
    { name: "open", text: "w = (" },
    { name: "empty", text: "" },
    { name: "show", text: "show(x, y)" },
    { name: "z", text: "z = f(" },
    { name: "closers", text: ")" },
  ]);
  assert.deepEqual(await client.at("empty", 0, 0), ["y = 2"]);
  assert.deepEqual(await client.at("z", 0, 6), ["1)"]);
  await client.close();
});

test("text that repeats the cell above is not suggested", async () => {
  const client = await opened(new FakeEngine(saying("import numbers\n")), [
    { name: "a", text: "import numbers" },
    { name: "b", text: "" },
  ]);
  assert.deepEqual(await client.at("b", 0, 0), []);
  await client.close();
});

test("messages about unknown notebooks and cells do no harm", async () => {
  const client = await opened(new FakeEngine(saying("1\n")), [{ name: "a", text: "a = " }]);
  await client.splice(7, 3, [{ name: "ghost", text: "" }], { closed: ["nobody"] });
  await client.edit("nobody", 0, 0, 0, "x");
  await client.connection.sendNotification(DidChangeNotebookDocumentNotification.type, {
    notebookDocument: { uri: "file:///other.ipynb", version: 1 },
    change: { cells: { data: [{ kind: 2, document: uriOf("nobody") }] } },
  });
  await client.connection.sendNotification(DidChangeNotebookDocumentNotification.type, {
    notebookDocument: { uri: NOTEBOOK, version: 9 },
    change: { cells: { data: [{ kind: 2, document: uriOf("nobody") }] } },
  });
  assert.deepEqual(await client.at("a", 0, 4), ["1"]);
  assert.deepEqual(await client.at("ghost", 0, 0), []);
  await client.close();
});
