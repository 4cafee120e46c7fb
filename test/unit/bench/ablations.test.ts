import assert from "node:assert/strict";
import { test } from "node:test";
import { DraftMemory } from "../../../server/draft/memory.ts";
import { ABLATIONS, ablationOptions, FixedSizeDrafter } from "../../bench/ablations.ts";
import { ByteVocabulary } from "../../fakes/engine.ts";

const text = new TextEncoder().encode("x = (1, 2); y = (1, 2); z = (");
const place = {
  before: Int32Array.from(text),
  after: new Int32Array(0),
  corpora: [],
  maxNodes: 63,
  maxLeaves: 32,
};

/** The size of the tree with a part left out, by default where a further node costs almost nothing. */
function nodes(ablation: (typeof ABLATIONS)[number], perNode = 1e-3): number {
  const { memory, fixedNodes } = ablationOptions(ablation);
  const drafter = new DraftMemory(new ByteVocabulary(), memory).drafter(place);
  const sized = fixedNodes === undefined ? drafter : new FixedSizeDrafter(drafter, fixedNodes);
  return sized.draft(place.before.at(-1) as number, 63, count => 1 + perNode * count).count;
}

test("each part can be left out, which changes the size of the tree", () => {
  for (const ablation of ABLATIONS) assert.ok(nodes(ablation) >= 1, ablation);
  assert.equal(nodes("no-document"), 1, "nothing else knows anything");
  assert.ok(nodes("no-ahead") > 4);
  assert.ok(nodes("fixed-16", 100) > 8 && nodes("no-ahead", 100) === 1, "whatever it costs");
  assert.ok(nodes("raw-counts", 0.1) > nodes("no-ahead", 0.1), "what was seen once is taken for certain");
});
