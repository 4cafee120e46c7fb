import assert from "node:assert/strict";
import { test } from "node:test";
import { MatchList } from "../../../../datastores/live/matchList.ts";
import { scan } from "../../../../server/draft/scan.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { matchesIn } from "./matchesIn.ts";

test("the longest ends of a text that occur are found, the later of equal ones first, and none across a division", () => {
  const random = seeded(6);
  const matches = new MatchList(8);
  for (let round = 0; round < 300; round++) {
    const letters = 1 + below(random, 4);
    const tokens = Array.from(
      { length: below(random, 90) },
      () => below(random, letters) - (random() < 0.1 ? 1 : 0),
    );
    const context = Array.from({ length: below(random, 60) }, () => below(random, letters));
    const [size, shortest] = [below(random, tokens.length + 1), 1 + below(random, 3)];
    // What lies beyond the text and the context must not count.
    scan(
      { tokens: Int32Array.from(tokens), size },
      Int32Array.from([...context, 0, 0]),
      context.length,
      shortest,
      matches,
    );
    const found = Array.from({ length: matches.count }, (_, i) => [matches.lengths[i], matches.nexts[i]]);
    assert.deepEqual(found, matchesIn(tokens.slice(0, size), context, shortest).slice(0, 8));
  }
});
