import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { editedPackage, editProblems, parseHunks } from "../../bench/edits.ts";

test("hunks of a diff are read with lines counted from 0", () => {
  const diff =
    "--- a\n+++ b\n@@ -3 +3,2 @@ def f():\n-x\n+y\n+z\n@@ -8,0 +10 @@\n+w\n@@ -12,2 +14,0 @@\n-u\n-v\n";
  assert.deepEqual(parseHunks(diff), [
    { fromLine: 2, removed: 1, toLine: 2, added: 2 },
    { fromLine: 8, removed: 0, toLine: 9, added: 1 },
    { fromLine: 11, removed: 2, toLine: 14, added: 0 },
  ]);
});

test("an inserted line is written after its indentation, between the new text and the old", () => {
  const [before, now] = [
    "def f():\n    return 1\nold = 2",
    "def f():\n    first_statement(1)\n    return 1\nold = 3",
  ];
  const hunks = [{ fromLine: 1, removed: 0, toLine: 1, added: 1 }];
  const [problem] = editProblems("p", "file:///p.py", before, now, hunks);
  assert.deepEqual(problem, {
    id: "p 1",
    uri: "file:///p.py",
    prefix: "def f():\n    ",
    script: "first_statement(1)",
    suffix: "\n    return 1\nold = 2",
    deleted: "",
  });
});

test("only the difference of a changed line is written, in whole words", () => {
  const before = "a\nvalue = compute_old_total(items)\nb";
  const now = "a\nvalue = compute_old_totals_of_all(items)\nb";
  const hunks = [{ fromLine: 1, removed: 1, toLine: 1, added: 1 }];
  const [problem] = editProblems("p", "p", before, now, hunks);
  assert.equal(problem?.prefix, "a\nvalue = ");
  assert.equal(problem?.script, "compute_old_totals_of_all");
  assert.equal(problem?.deleted, "compute_old_total");
  assert.equal(problem?.suffix, "(items)\nb");
});

test("removed lines and small changes leave nothing to complete", () => {
  const hunks = [
    { fromLine: 0, removed: 1, toLine: 0, added: 0 },
    { fromLine: 1, removed: 1, toLine: 0, added: 1 },
  ];
  assert.deepEqual(editProblems("p", "p", "gone\nx = 1", "x = 2", hunks), []);
});

test("the files of two releases are compared, and each problem joins to a text between the two", () => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-edits-"));
  try {
    const [from, to] = [join(folder, "1"), join(folder, "2")];
    for (const each of [from, to]) mkdirSync(join(each, "pkg"), { recursive: true });
    const before = "import os\n\n\ndef load(path):\n    return open(path).read()\n";
    const now =
      "import os\nfrom pathlib import Path\n\n\ndef load(path):\n    return Path(path).read_text(encoding='utf-8')\n";
    writeFileSync(join(from, "pkg", "a.py"), before);
    writeFileSync(join(to, "pkg", "a.py"), now);
    for (const each of [from, to]) writeFileSync(join(each, "pkg", "same.py"), "x = 1\n");
    const { problems } = editedPackage("pkg", from, to);
    assert.deepEqual(
      problems.map(({ id, uri, script }) => ({ id, uri, script })),
      [
        { id: "pkg/pkg/a.py 1", script: "from pathlib import Path" },
        { id: "pkg/pkg/a.py 2", script: "Path(path).read_text(encoding='utf-8'" },
      ].map(each => ({ ...each, uri: pathToFileURL(join(from, "pkg", "a.py")).href })),
    );
    const [first] = problems;
    assert.equal(
      `${first?.prefix}${first?.script}${first?.suffix}`,
      `${now.split("return")[0]}return open(path).read()\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
