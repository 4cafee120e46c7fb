import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Drafts, rememberedDeletion } from "../../../../server/completion/drafts.ts";
import type { DocumentChange, Documents } from "../../../../server/lsp/documents.ts";
import { FakeEngine, saying } from "../../../fakes/engine.ts";

const URI = "file:///project/sample.py";

/** Drafts of a model of bytes, and a document's edits. */
function recorded() {
  let changed: (change: DocumentChange) => void = () => {};
  const documents: Pick<Documents, "watch"> = {
    watch: listener => {
      changed = listener;
    },
  };
  let reported = 0;
  const drafts = new Drafts(
    documents,
    () => {},
    () => reported++,
  );
  const memory = drafts.memoryOf(new FakeEngine(saying("")));
  const insert = (text: string, start: number, added: string, uri = URI) =>
    changed({ uri, languageId: "python", version: 1, text, edit: { start, line: 0, removed: "", added } });
  /** What is known to follow a text in what was accepted. */
  const following = (context: string) => {
    const tokens = Int32Array.from(new TextEncoder().encode(context));
    const { corpus } = memory.accepted.source;
    corpus.find(tokens, tokens.length);
    const row = [...corpus.continuations.subarray(0, corpus.continuation), -1];
    return corpus.count === 0 ? "" : String.fromCharCode(...row.slice(0, row.indexOf(-1)));
  };
  const recent = () =>
    String.fromCharCode(...memory.recent.tokens.subarray(0, memory.recent.size)).split("\uffff");
  return { drafts, insert, following, recent, reported: () => reported };
}

const at = (text: string, uri = URI) => ({
  uri,
  languageId: "python",
  version: 1,
  text,
  offset: text.length,
});

test("deletions of 8 to 4,000 characters are remembered, with the 80 characters before them", () => {
  const text = `${"a".repeat(30)}${"b".repeat(80)}c`;
  const remembered = (length: number, offset = 110) => rememberedDeletion(text, offset, "d".repeat(length));
  assert.deepEqual(
    [7, 4001].map(length => remembered(length)),
    [undefined, undefined],
  );
  for (const length of [8, 4000]) assert.equal(remembered(length), "b".repeat(80) + "d".repeat(length));
  assert.equal(remembered(8, 2), "aadddddddd");
});

test("what is suggested is remembered after the text before it, with line feeds, and nothing is not", () => {
  const { drafts, recent } = recorded();
  drafts.suggested(at("x =\r\n"), "1\r\n");
  drafts.suggested(at("y = "), "");
  drafts.suggested(at("z = "), "2");
  assert.deepEqual(recent(), ["x =\n1\n", "z = 2", ""]);
});

test("a suggestion counts as accepted where an edit inserts it, or the rest of it, in its document", () => {
  for (const [before, added, uri, counts] of [
    ["x = ", "first", URI, true],
    ["x = fi", "rst", URI, true],
    ["x = fir", "st", URI, true],
    ["x = firs", "t", URI, false],
    ["x = ", "firs", URI, false],
    ["x = ", "first", "file:///other.py", false],
    ["y = x = ", "first", URI, false],
    ["x =", " first", URI, false],
  ] as const) {
    const { drafts, insert, following, recent, reported } = recorded();
    drafts.shown(at("x = "), "first");
    insert(`${before}${added}\n`, before.length, added, uri);
    const place = JSON.stringify([before, added, uri]);
    assert.equal(reported(), counts ? 1 : 0, place);
    assert.equal(following(before), counts ? added : "", place);
    insert(`${before}${added}\n`, before.length, added, uri);
    assert.equal(reported(), counts ? 1 : 0, "it is not counted again");
    assert.deepEqual(recent(), [""], "nothing was deleted");
  }
});

test("a part that is accepted is remembered, and its suggestion may still be accepted", () => {
  const { drafts, insert, following, reported } = recorded();
  drafts.shown(at("x = "), "first(a)");
  drafts.acceptedPart(at("x = "), "");
  assert.equal(following("x = "), "");
  drafts.acceptedPart(at("x = "), "first");
  assert.deepEqual([following("x = "), reported()], ["first", 0]);
  insert("x = first(a)", 9, "(a)");
  assert.equal(reported(), 1);
});

test("an accept command counts once, unless an edit has shown the acceptance", () => {
  const { drafts, insert, following, reported } = recorded();
  drafts.accepted(at("x = "), "");
  assert.equal(reported(), 0);
  drafts.accepted(at("x = "), "first");
  assert.deepEqual([reported(), following("x = ")], [1, "first"]);
  drafts.shown(at("y = "), "second");
  insert("y = second", 4, "second");
  drafts.accepted(at("y = "), "second");
  assert.equal(reported(), 2, "its edit came before");
  drafts.accepted(at("y = "), "second");
  assert.equal(reported(), 3, "another time");
  drafts.shown(at("y = "), "second");
  insert("y = second", 4, "second");
  drafts.accepted(at("y = ", "file:///other.py"), "second");
  assert.equal(reported(), 5, "of another document");
});

test("a memory is kept for the same vocabulary, and a draft model for the same engine", () => {
  const { drafts } = recorded();
  const [engine, again, other] = [0, 1, 2].map(() => new FakeEngine(saying(""))) as [
    FakeEngine,
    FakeEngine,
    FakeEngine,
  ];
  Object.defineProperty(other.vocabulary, "fingerprint", { value: "other" });
  const memory = drafts.memoryOf(engine);
  assert.equal(drafts.memoryOf(engine), memory);
  assert.equal(drafts.memoryOf(again), memory);
  assert.notEqual(drafts.memoryOf(other), memory);
  const draftModel = drafts.draftModelOf(engine);
  assert.equal(drafts.draftModelOf(engine), draftModel);
  assert.notEqual(drafts.draftModelOf(again), draftModel);
  assert.equal(drafts.draftModelOf(undefined), undefined);
});

test("what was learned of the sources is kept after each forty suggestions", t => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-drafts-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { drafts } = recorded();
  drafts.start(join(folder, "kept"), []);
  const kept = () => (existsSync(join(folder, "kept")) ? readdirSync(join(folder, "kept")).length : 0);
  for (let count = 1; count <= 40; count++) {
    drafts.suggested(at("x = "), `${count}`);
    assert.equal(kept(), count < 40 ? 0 : 1, `${count} suggestions`);
  }
});
