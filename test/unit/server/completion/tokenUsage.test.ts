import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenUsage } from "../../../../server/completion/tokenUsage.ts";

test("tokens count as unused until a request has been answered with their completion", () => {
  const usage = new TokenUsage();
  const first = usage.begin();
  first.decoded(10);
  assert.deepEqual(usage.totals, { tokens: 10, unused: 10 });
  first.use();
  first.use();
  assert.deepEqual(usage.totals, { tokens: 10, unused: 0 });
  first.decoded(5);
  assert.deepEqual(usage.totals, { tokens: 15, unused: 0 });
  usage.begin().decoded(5);
  assert.deepEqual(usage.totals, { tokens: 20, unused: 5 });
});

test("tokens may be risked while no more than the given share and a few tokens were unused", () => {
  const usage = new TokenUsage();
  assert.ok(usage.affords(0.1, 0), "nothing has been lost yet");
  usage.begin().decoded(2);
  assert.ok(!usage.affords(0.1, 1));
  assert.ok(usage.affords(0.1, 2));
  const used = usage.begin();
  used.decoded(18);
  used.use();
  assert.ok(usage.affords(0.1, 0));
});
