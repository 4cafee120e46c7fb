import assert from "node:assert/strict";
import { test } from "node:test";
import { finishText } from "../../../../server/protocol/finishReason.ts";

test("reasons are clauses without a full stop", () => {
  for (const reason of ["endOfText", "statementEnd", "outOfMemory"] as const)
    assert.match(finishText(reason), /^[a-z].*[a-z]$/);
});
