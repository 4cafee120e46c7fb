import assert from "node:assert/strict";
import { test } from "node:test";
import { fencedAround } from "../../../../server/postprocess/fence.ts";
import { assertShown } from "../../../fakes/growing.ts";

const LIST = "- a\n  - b\n  - c\n\n";

test("code within the fences of a document has an indentation of its own", () => {
  const code = `${LIST}\`\`\`js\na(() => {\n    b();\n    c();\n});\n¦\n\`\`\`\n`;
  assertShown([
    ["markdown", code, "f({\n    g\n});\n```\n", "f({\n    g\n});"],
    ["markdown", `${LIST}\`\`\`js\n¦\n\`\`\`\n`, "f({\n    g\n});\n```\n", "f({\n    g\n});"],
  ]);
});

test("a cursor is within fences from the beginning of code to its end", () => {
  assert.equal(fencedAround("a\n```js\nb\n", "c\n```\nd"), "\nb\nc\n");
  assert.equal(fencedAround("~~~\na", "b"), "\nab");
  assert.equal(fencedAround("```\na\n```\n", "b\n```\nc"), undefined, "between two");
  assert.equal(fencedAround("a\n```\nb\n```js\nc\n", "d"), "\nc\nd", "the first begun out of sight");
  assert.equal(fencedAround("a", "b"), undefined);
});
