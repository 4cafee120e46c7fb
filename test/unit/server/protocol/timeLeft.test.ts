import assert from "node:assert/strict";
import { test } from "node:test";
import { timeLeftText } from "../../../../server/protocol/timeLeft.ts";

test("the time left is shown in seconds, in minutes from a minute and a half on, and not if it is unknown", () => {
  const said = [undefined, 1, 1000, 1001, 89_000, 90_000, 121_000].map(timeLeftText);
  assert.deepEqual(said, [
    "",
    ", 1 s left",
    ", 1 s left",
    ", 2 s left",
    ", 89 s left",
    ", 2 min left",
    ", 3 min left",
  ]);
});
