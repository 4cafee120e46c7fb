import assert from "node:assert/strict";
import { test } from "node:test";
import { FILE_KINDS, fileKindOf } from "../../../../datastores/sources/fileKinds.ts";
import { PYTHON_EXTENSIONS } from "../../../../datastores/sources/index.ts";
import { languageOfFile } from "../../../../server/syntax/index.ts";

test("each language and each ending belongs to one kind", () => {
  for (const of of [FILE_KINDS.flatMap(kind => kind.languages), FILE_KINDS.flatMap(kind => kind.extensions)])
    assert.equal(new Set(of).size, of.length);
  assert.deepEqual(fileKindOf("python")?.extensions, PYTHON_EXTENSIONS);
  assert.equal(fileKindOf("plaintext"), undefined);
});

test("a file is of the kind of the language that its name tells", () => {
  for (const kind of FILE_KINDS)
    for (const extension of kind.extensions) {
      const language = languageOfFile(`name${extension}`, "");
      if (language !== "") assert.equal(fileKindOf(language), kind, extension);
    }
});
