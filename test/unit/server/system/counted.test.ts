import assert from "node:assert/strict";
import { test } from "node:test";
import { counted } from "../../../../server/system/counted.ts";

test("a count of one has the singular, and any other the plural", () => {
  assert.deepEqual(
    [0, 1, 2].map(count => counted(count, "token")),
    ["0 tokens", "1 token", "2 tokens"],
  );
});
