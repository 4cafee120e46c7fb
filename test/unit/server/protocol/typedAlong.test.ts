import assert from "node:assert/strict";
import { test } from "node:test";
import { typedPart } from "../../../../server/protocol/typedAlong.ts";

test("a closed bracket counts as the one that was typed", () => {
  assert.equal(typedPart("()"), "(");
  assert.equal(typedPart('""'), '"');
  assert.equal(typedPart("(a)"), "(a)");
});
