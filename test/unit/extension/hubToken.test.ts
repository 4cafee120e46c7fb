import assert from "node:assert/strict";
import { test } from "node:test";
import { mayNeedToken } from "../../../extension/hubToken.ts";

test("another token may solve a refusal by the hub, and no other problem, whatever its text mentions", () => {
  for (const code of ["unauthorised", "gated"]) assert.equal(mayNeedToken(code), true, code);
  for (const code of [undefined, "noSpace", "otherTokenizer", "cancelled", "network"])
    assert.equal(mayNeedToken(code), false, code);
});
