import assert from "node:assert/strict";
import { test } from "node:test";
import { copyContinuation } from "../../../../server/draft/continuation.ts";
import { below, seeded } from "../../../fakes/random.ts";

test("a row has what follows up to a negative token, the end or its width, and nothing beyond it is written", () => {
  const random = seeded(2);
  for (let round = 0; round < 500; round++) {
    const from = Array.from({ length: 12 }, () => below(random, 6) - 1);
    const [start, at, width] = [below(random, 12), below(random, 5), 1 + below(random, 5)];
    const end = start + below(random, 13 - start);
    const to = Array.from({ length: 12 }, (_, i) => 100 + i);
    const row = Int32Array.from(to);
    copyContinuation(Int32Array.from(from), start, end, row, at, width);
    const following = from.slice(start, end);
    const negative = following.indexOf(-1);
    const copied = following.slice(0, Math.min(width, negative < 0 ? following.length : negative));
    to.splice(at, copied.length, ...copied);
    if (copied.length < width) to[at + copied.length] = -1;
    assert.deepEqual([...row], to);
  }
});
