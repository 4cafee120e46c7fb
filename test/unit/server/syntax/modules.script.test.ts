import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptModule } from "../../../../server/syntax/modules.ts";

test("relative modules are found with and without a file extension, in folders and by their compiled name", () => {
  const files = new Set(["src/a.ts", "src/view.tsx", "src/lib/index.js", "src/b.js", "src/.ts", "index.ts"]);
  const found = (module: string, from = "src/main.ts") => scriptModule(module, from, path => files.has(path));
  assert.equal(found("./a"), "src/a.ts");
  assert.equal(found("./a.ts"), "src/a.ts");
  assert.equal(found("./a.js"), "src/a.ts");
  assert.equal(found("./view.jsx"), "src/view.tsx");
  assert.equal(found("./lib"), "src/lib/index.js");
  assert.equal(found("./lib/"), "src/lib/index.js");
  assert.equal(found("./lib/../b.js"), "src/b.js");
  assert.equal(found("../lib", "src/deep/main.ts"), "src/lib/index.js");
  assert.equal(found(".."), "index.ts");
  assert.equal(found("../../a"), undefined, "beyond the workspace");
  assert.equal(found("a"), undefined, "a package");
  assert.equal(found("./data.json"), undefined);
});
