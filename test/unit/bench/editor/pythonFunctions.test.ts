import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { heldOutFunctions, inLongFile, typableFunctions } from "../../../bench/editor/pythonFunctions.ts";
import { seeded } from "../../../fakes/random.ts";

/** A function long enough to be typed. */
const sum = (name: string, margin = "") =>
  [
    `def ${name}(`,
    "    values,",
    "):",
    '    """Adds what is given, one after the other, and says so."""',
    "    total = 0",
    "    for value in values:",
    "        total = total + value",
    "        print('the total by now, after one more value', total)",
    "    return total",
  ]
    .map(line => margin + line)
    .join("\n");

const MODULE = `import os

${sum("first")}


class Box:
${sum("second", "    ")}

    other = 1
`;

test("a function is cut out of its module so that the parts joined are the module", () => {
  const functions = typableFunctions("box.py", MODULE);
  assert.deepEqual(
    functions.map(({ text }) => /\w+(?=\()/.exec(text)?.[0]),
    ["first", "second"],
  );
  for (const { before, margin, text, after } of functions)
    assert.equal(before + margin + text + after, MODULE);
  assert.deepEqual(
    functions.map(({ margin }) => margin),
    ["", "    "],
  );
  assert.equal(functions[1]?.after, "\n\n    other = 1\n");
  assert.ok(functions[1]?.text.endsWith("return total"));
});

test("functions that the editor would indent differently or that cannot be typed are left out", () => {
  const spoil = (from: string, to: string) => typableFunctions("a.py", sum("f").replace(from, to)).length;
  assert.equal(spoil("total = 0", "total = 1"), 1);
  assert.equal(spoil("total = 0", "total = 0\n"), 0, "a blank line");
  assert.equal(spoil("    total = 0", "      total = 0"), 0, "an odd indentation");
  assert.equal(spoil("total = 0", "total = 0  # see ("), 0, "a bracket in a comment");
  assert.equal(spoil("total = 0", "total = '\u00e9'"), 0, "a character that is not on every keyboard");
  assert.equal(spoil('so."""', 'so.\n    """'), 0, "a string over several lines");
});

test("each function is held out of a different module, every third with the rest of its file after it", () => {
  const library = mkdtempSync(join(tmpdir(), "foretoken-library-"));
  try {
    const long = `${"x = 1\n".repeat(500)}${MODULE}`;
    for (let i = 0; i < 6; i++) writeFileSync(join(library, `module${i}.py`), long);
    const found = heldOutFunctions(library, 6, seeded(1));
    assert.equal(new Set(found.map(({ module }) => module)).size, 6);
    assert.deepEqual(
      found.map(({ after }) => after !== ""),
      [false, false, true, false, false, true],
    );
    assert.deepEqual(heldOutFunctions(library, 6, seeded(1)), found);
    assert.throws(() => heldOutFunctions(library, 7, seeded(1)), /has 6 modules/);
  } finally {
    rmSync(library, { recursive: true });
  }
});

test("a function in a long file stands at the end of a thousand lines or in their middle", () => {
  const library = mkdtempSync(join(tmpdir(), "foretoken-library-"));
  try {
    const lines = (count: number) => "x = 1\n".repeat(count);
    writeFileSync(join(library, "long.py"), `${lines(1000)}${MODULE}${lines(400)}`);
    writeFileSync(join(library, "other.py"), `${lines(490)}${MODULE}${lines(490)}`);
    const end = inLongFile("end", library, seeded(1));
    assert.deepEqual([end.module, end.after], ["long.py", ""]);
    const middle = inLongFile("middle", library, seeded(1));
    assert.equal(middle.module, "other.py");
    assert.ok(middle.after.split("\n").length > 490);
  } finally {
    rmSync(library, { recursive: true });
  }
});
