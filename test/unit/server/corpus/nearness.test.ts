import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { nearnessTo, RecentFolders } from "../../../../server/corpus/nearness.ts";

const at = (path: string) => join("/w", ...path.split("/"));

test("files are the nearer, the fewer folders lie between them", () => {
  const nearness = nearnessTo(at("a/b/x.py"));
  const files = ["a/b/y.py", "a/y.py", "a/c/y.py", "a/b/c/d/y.py", "c/y.py"];
  const expected = [1, 1 / 2, 1 / 3, 1 / 3, 1 / 4];
  assert.deepEqual(
    files.map(file => nearness(at(file))),
    expected,
  );
});

test("a file is as near as the nearest of the recent folders, and not near at all before there is one", () => {
  const recent = new RecentFolders();
  assert.equal(recent.nearness(at("a/x.py")), 0);
  recent.visit(at("a/b/x.py"));
  recent.visit(at("c/x.py"));
  assert.deepEqual(
    ["a/b/y.py", "c/y.py", "c/d/y.py", "a/y.py"].map(file => recent.nearness(at(file))),
    [1, 1, 1 / 2, 1 / 2],
  );
});

test("a folder is new until a document in it is worked in, and again after four others", () => {
  const recent = new RecentFolders();
  const visits = [
    "a/x.py",
    "a/y.py",
    "b/x.py",
    "a/x.py",
    "c/x.py",
    "d/x.py",
    "a/z.py",
    "e/x.py",
    "b/x.py",
    "a/x.py",
  ];
  assert.deepEqual(
    visits.map(file => recent.visit(at(file))),
    [true, false, true, false, true, true, false, true, true, false],
  );
});
