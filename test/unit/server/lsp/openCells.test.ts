import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenCells } from "../../../../server/lsp/openCells.ts";
import { TextHash } from "../../../../server/text/index.ts";

/** A notebook of cells with these texts, named "0", "1" and so on; `looks` lists the cells that were looked at. */
function notebook(texts: string[]) {
  const looks: string[] = [];
  const cells = new OpenCells([...texts.keys()].map(String), uri => {
    looks.push(uri);
    const text = texts[Number(uri)] ?? "";
    return { cell: { kind: "code", languageId: "python", text }, hashes: [new TextHash(text)] };
  });
  const edit = (place: number, text: string) => {
    texts[place] = text;
    cells.changed(String(place));
  };
  return { cells, edit, looks };
}

const letters = (count: number) => Array.from({ length: count }, (_, i) => `cell ${i}`);

test("the hashes around each cell follow every edit, as if the notebook had been opened with the new texts", () => {
  const texts = letters(5);
  const { cells, edit } = notebook(texts);
  for (const [step, place] of [2, 0, 4, 2, 1, 3, 3, 0, 4].entries()) {
    edit(place, `edit ${step}`);
    // The order of the questions decides what is known at the next one.
    const asked = step % 2 === 0 ? [0, 1, 2, 3, 4] : [3, 1];
    const fresh = notebook([...texts]).cells;
    for (const each of asked)
      assert.deepEqual(cells.hashesAround(String(each)), fresh.hashesAround(String(each)), `${step} ${each}`);
  }
});

test("the hashes around a cell differ if the text or the order of cells above or below differs", () => {
  const around = (...texts: string[]) => notebook(texts).cells.hashesAround("2");
  const base = around("a", "b", "c", "d", "e");
  assert.deepEqual(around("a", "b", "edited", "d", "e"), base);
  for (const above of [around("b", "a", "c", "d", "e"), around("x", "b", "c", "d", "e")]) {
    assert.notDeepEqual(above?.before, base?.before);
    assert.deepEqual(above?.after, base?.after);
  }
  for (const below of [around("a", "b", "c", "e", "d"), around("a", "b", "c", "d", "x")]) {
    assert.deepEqual(below?.before, base?.before);
    assert.notDeepEqual(below?.after, base?.after);
  }
});

test("after an edit, only the edited cell is looked at again, and other cells stay the same objects", () => {
  const { cells, edit, looks } = notebook(letters(1000));
  cells.hashesAround("500");
  const before = cells.around("500");
  looks.length = 0;
  edit(500, "new");
  cells.hashesAround("500");
  assert.deepEqual(looks, []);
  edit(499, "above");
  cells.hashesAround("500");
  const after = cells.around("500");
  assert.deepEqual(looks.sort(), ["499", "500"]);
  assert.equal(after?.above[498], before?.above[498]);
  assert.equal(after?.above[499]?.text, "above");
  assert.equal(after?.below.length, 499);
});

test("a document that is no open cell has no surroundings", () => {
  const { cells } = notebook(["a"]);
  cells.changed("other");
  assert.equal(cells.around("other"), undefined);
  assert.equal(cells.hashesAround("other"), undefined);
});
