import assert from "node:assert/strict";
import { test } from "node:test";
import { alike } from "../../../../server/postprocess/likeness.ts";

test("long lines that differ only far from their beginnings are not alike", () => {
  const beginning = "total=".repeat(10);
  assert.equal(alike(beginning + "price*".repeat(10), beginning + "count-".repeat(10)), false);
  assert.equal(alike(`${beginning}${"price*".repeat(10)}`, `${beginning}${"price*".repeat(9)}price+`), true);
});
