import assert from "node:assert/strict";
import { test } from "node:test";
import { Frontier } from "../../../../server/draft/frontier.ts";
import { below, seeded } from "../../../fakes/random.ts";

test("the most likely token is taken out first, but none under a barred parent, however many wait", () => {
  const random = seeded(13);
  const frontier = new Frontier();
  for (let round = 0; round < 20; round++) {
    frontier.clear();
    let waiting: { token: number; parent: number; probability: number }[] = [];
    let token = 0;
    for (let step = 0; step < 60; step++) {
      for (let added = below(random, 20); added > 0; added--, token += 1 + below(random, 3)) {
        const candidate = { token, parent: below(random, 8), probability: random() };
        waiting.push(candidate);
        frontier.add(token, candidate.parent, candidate.probability);
      }
      const barred = random() < 0.5 ? Uint8Array.from({ length: 8 }, () => below(random, 2)) : undefined;
      const open = waiting.filter(({ parent }) => barred?.[parent] !== 1);
      const best = open.sort((a, b) => b.probability - a.probability)[0];
      assert.equal(frontier.takeBest(barred), best?.token ?? -1);
      waiting = waiting.filter(candidate => candidate !== best);
      if (!best) continue;
      assert.equal(frontier.parentOf(best.token), best.parent);
      assert.equal(frontier.probabilityOf(best.token), best.probability);
    }
  }
});
