import assert from "node:assert/strict";
import { test } from "node:test";
import { readListing } from "../../../../datastores/sources/gitListing.ts";
import { turnsDuring } from "../../../fakes/turns.ts";

const HASH = "0123456789abcdef0123456789abcdef01234567";

test("tracked and other files, nested repositories and the folders above them are told apart", async () => {
  const output = [
    `100644 ${HASH} 0\tsrc/App.py`,
    `160000 ${HASH} 0\tvendor/module`,
    `100644 ${HASH} 0\t160000 is a name`,
    "new/deep/file.py",
    "nested/repository/",
    "",
  ].join("\0");
  const { files, folders, repositories } = await readListing(output, path => path.toLowerCase());
  assert.deepEqual([...files], ["src/app.py", "160000 is a name", "new/deep/file.py"]);
  assert.deepEqual([...folders].sort(), [
    "nested",
    "nested/repository",
    "new",
    "new/deep",
    "src",
    "vendor",
    "vendor/module",
  ]);
  assert.deepEqual(
    [...repositories],
    [
      ["vendor/module", "vendor/module"],
      ["nested/repository", "nested/repository"],
    ],
  );
});

test("other work goes on while a long listing is read", async () => {
  const line = (i: number) => `100644 ${HASH} 0\tfolder${i % 1000}/file${i}.py`;
  const output = Array.from({ length: 200_000 }, (_, i) => line(i)).join("\0");
  const { turns, result } = await turnsDuring(() => readListing(output, path => path));
  assert.equal(result.files.size, 200_000);
  assert.ok(turns >= 2, `${turns} turns`);
});
