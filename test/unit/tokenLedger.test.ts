import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenLedger } from "../../server/completion/tokenLedger.ts";

test("tokens count as unused until a request has been answered with their completion", () => {
  const ledger = new TokenLedger();
  const first = ledger.begin();
  first.decoded(10);
  assert.deepEqual(ledger.totals, { tokens: 10, unused: 10 });
  first.use();
  first.use();
  assert.deepEqual(ledger.totals, { tokens: 10, unused: 0 });
  first.decoded(5);
  assert.deepEqual(ledger.totals, { tokens: 15, unused: 0 });
  ledger.begin().decoded(5);
  assert.deepEqual(ledger.totals, { tokens: 20, unused: 5 });
});

test("something may be risked while no more than the given share, and a few tokens, was for nothing", () => {
  const ledger = new TokenLedger();
  assert.ok(ledger.affords(0.1, 0), "nothing has been lost yet");
  ledger.begin().decoded(2);
  assert.ok(!ledger.affords(0.1, 1));
  assert.ok(ledger.affords(0.1, 2));
  const used = ledger.begin();
  used.decoded(18);
  used.use();
  assert.ok(ledger.affords(0.1, 0));
});
