import assert from "node:assert/strict";
import { test } from "node:test";
import { languageOfFile } from "../../../../server/syntax/fileLanguages.ts";
import { languageRules } from "../../../../server/syntax/languages.ts";
import { moduleLanguage } from "../../../../server/syntax/moduleLanguages.ts";

test("the language of a file follows from its name as in editors", () => {
  for (const [path, language] of [
    ["/a/b.py", "python"],
    ["stub.pyi", "python"],
    ["/a/b.MJS", "javascript"],
    ["x.cts", "typescript"],
    ["x.d.ts", "typescript"],
    ["x.tsx", "typescriptreact"],
    ["x.rb", "ruby"],
    ["X.cs", "csharp"],
    ["x.hxx", "cpp"],
    ["x.c", "c"],
    ["Main.java", "java"],
    ["x.sh", "shellscript"],
    [".github/x.yml", "yaml"],
    ["/a.b/Makefile", "makefile"],
    ["Gemfile", "ruby"],
    ["README", "plaintext"],
    [".gitignore", "gitignore"],
  ] as const)
    assert.equal(languageOfFile(path), language, path);
});

test("a file named like a property of every object is treated like any other", () => {
  assert.equal(languageOfFile("constructor"), "plaintext");
  assert.equal(languageOfFile("a.__proto__"), "__proto__");
  assert.equal(languageRules("constructor").header, "");
  assert.equal(moduleLanguage("constructor"), undefined);
});

test("an imported file has the language of the importing one where its name does not tell", () => {
  assert.equal(languageOfFile("/a/data.json", "typescript"), "typescript");
  assert.equal(languageOfFile("/a/b.js", "typescript"), "javascript");
});
