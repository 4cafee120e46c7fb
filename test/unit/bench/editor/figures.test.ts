import assert from "node:assert/strict";
import { test } from "node:test";
import { quantile } from "../../../../server/system/statistics.ts";
import { quantileOfWaited } from "../../../bench/editor/figures.ts";

test("quantiles take into account waits that were cut off", () => {
  const times = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
  for (const share of [0, 0.25, 0.5, 0.9])
    assert.equal(
      quantileOfWaited(
        times.map(ms => ({ ms, isCut: false })),
        share,
      ),
      quantile(times, share),
    );
  // A worked example: at 10 a fifth is done, of the three left after the cut at 20 a third at 30, half of two at 40.
  const waited = [10, 20, 30, 40, 50].map(ms => ({ ms, isCut: ms === 20 || ms === 50 }));
  assert.equal(quantileOfWaited(waited, 0.1), 10);
  assert.equal(quantileOfWaited(waited, 0.4), 30);
  assert.equal(quantileOfWaited(waited, 0.7), 40);
  assert.equal(quantileOfWaited(waited, 0.9), undefined);
});
