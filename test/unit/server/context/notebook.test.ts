import assert from "node:assert/strict";
import { test } from "node:test";
import { asOneText, neighbouringLines } from "../../../../server/context/notebook.ts";
import type { Cell, Snapshot } from "../../../../server/text/snapshot.ts";
import { sameHash, TextHash, wholeHash } from "../../../../server/text/textHash.ts";

const code = (text: string, languageId = "python"): Cell => ({ kind: "code", languageId, text });
const markup = (text: string): Cell => ({ kind: "markup", languageId: "markdown", text });

function cell(marked: string, above: Cell[], below: Cell[], languageId = "python"): Snapshot {
  const notebook = { uri: "file:///study.ipynb", above, below };
  const offset = marked.indexOf("‸");
  return { uri: "cell:1", languageId, version: 1, text: marked.replace("‸", ""), offset, notebook };
}

/** A notebook's text with the cursor marked. */
function marked(snapshot: Snapshot): string {
  const { text, offset } = asOneText(snapshot);
  return `${text.slice(0, offset)}‸${text.slice(offset)}`;
}

test("cells in the cursor's language are placed above and below it, and others are left out", () => {
  const above = [code("import os\r\nx = 1\r\n\n"), code("SELECT 1", "sql"), code("  \n")];
  assert.equal(
    marked(cell("y = ‸\nz", above, [code("print(y)"), code("last()\n")])),
    "import os\nx = 1\n\ny = ‸\nz\n\nprint(y)\n\nlast()",
  );
});

test("text cells become comments without long lines and long cells, and are left out without line comments", () => {
  const image = `![plot](data:image/png;base64,${"A".repeat(5_000)})`;
  const text = markup(`# Sums\n\n${image}\nAdd them.`);
  assert.equal(marked(cell("‸", [text], [])), "# # Sums\n#\n# Add them.\n\n‸");
  assert.equal(marked(cell("‸", [text], [markup(" \n")], "javascript")), "// # Sums\n//\n// Add them.\n\n‸");
  assert.equal(marked(cell("‸", [text], [], "css")), "‸");
  const chapter = asOneText(cell("‸", [markup("word\n".repeat(5_000))], []));
  assert.ok(chapter.text.length < 200, `${chapter.text.length} characters`);
});

test("a cell that a magic command puts into another language is left out", () => {
  const cells = [code("%%bash\nls"), code("%%time\nwork()"), code("%matplotlib inline")];
  assert.equal(marked(cell("‸", cells, [])), "%%time\nwork()\n\n%matplotlib inline\n\n‸");
  // IPython removes blank lines and indentation before it looks for a magic.
  const indented = [code("\n\n%%bash\nls"), code("  %%html\n<p>"), code("%%!\nls"), code("\n%%time\nwork()")];
  assert.equal(marked(cell("‸", indented, [])), "\n%%time\nwork()\n\n‸");
  assert.equal(marked(cell("‸", [code("%% Sums\nx = 1", "matlab")], [], "matlab")), "%% Sums\nx = 1\n\n‸");
});

test("a document that is not a cell is its own text and has no neighbours", () => {
  const { notebook: _, ...plain } = cell("a‸b", [code("x")], [code("y")]);
  assert.equal(asOneText(plain), plain);
  assert.deepEqual(neighbouringLines(plain), { linesAbove: [], nextLine: "" });
});

test("the neighbouring lines are the last lines above and the first line below that is not blank", () => {
  const above = [code("first()"), code("a = 1  \nb = 2\n\n")];
  const { linesAbove, nextLine } = neighbouringLines(cell("‸", above, [code(""), code("\n  c = 3\nd")]));
  assert.deepEqual(linesAbove, ["a = 1", "b = 2"]);
  assert.equal(nextLine, "  c = 3");
  const long = Array.from({ length: 20 }, (_, i) => `line_${i}`);
  assert.deepEqual(neighbouringLines(cell("‸", [code(long.join("\n"))], [])).linesAbove, long.slice(-8));
});

test("hashes of a text depend on its surroundings, also after edits", () => {
  const long = "start ".repeat(2_000);
  const around = { before: wholeHash([new TextHash("a"), new TextHash("b")]), after: wholeHash([]) };
  const within = new TextHash(long).within(around);
  const plain = new TextHash(long);
  assert.ok(!sameHash(within.before(5_000), plain.before(5_000)));
  const edited = within.edited(`${long}x`, long.length, 0);
  const anew = new TextHash(`${long}x`).within(around);
  for (const at of [0, 1, 4_096, 9_000, long.length]) {
    assert.ok(sameHash(edited.before(at), anew.before(at)), `before ${at}`);
    assert.ok(sameHash(edited.after(at), anew.after(at)), `after ${at}`);
  }
  const orders = [["a", "b"], ["b", "a"], ["ab"], ["a", "", "b"], ["a"], []];
  const hashes = orders.map(texts => wholeHash(texts.map(text => new TextHash(text))).join());
  assert.equal(new Set(hashes).size, orders.length, "cells in another order or cut otherwise");
});
