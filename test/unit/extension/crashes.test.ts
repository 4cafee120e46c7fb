import assert from "node:assert/strict";
import { test } from "node:test";
import { Crashes } from "../../../extension/crashes.ts";

test("the pause doubles from crash to crash, and there is no restart after the fifth in a row", () => {
  const crashes = new Crashes();
  crashes.started(0);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(now => crashes.crashed(now)),
    [1_000, 2_000, 4_000, 8_000, undefined],
  );
  assert.equal(crashes.count, 5);
  crashes.reset();
  assert.equal(crashes.crashed(6), 1_000, "a person has started it again");
});

test("a server that has run for two minutes is considered stable again", () => {
  const crashes = new Crashes();
  crashes.started(0);
  assert.equal(crashes.crashed(10), 1_000);
  crashes.started(1_010);
  assert.equal(crashes.crashed(121_010), 2_000, "a moment less");
  crashes.started(122_000);
  assert.equal(crashes.crashed(242_001), 1_000);
  assert.equal(crashes.count, 1);
});
