import assert from "node:assert/strict";
import { test } from "node:test";
import { Calibration } from "../../../../server/draft/calibration.ts";
import { Drafter } from "../../../../server/draft/draft.ts";
import { TokenHistory } from "../../../../server/draft/history.ts";
import { type DraftSource, Feature } from "../../../../server/draft/source.ts";
import { DocumentSource } from "../../../../server/draft/sources/document.ts";
import { SourceThrottle } from "../../../../server/draft/sourceThrottle.ts";
import { DraftStatistics } from "../../../../server/draft/statistics.ts";
import { below, seeded } from "../../../fakes/random.ts";

const free = () => 1;
/** Gives the drafter no logits. */
const blind = { top: () => 0 };

/** A drafter with the document as its only source. */
function overDocument(context: Int32Array, maxNodes: number, maxLeaves = 32): Drafter {
  const sources = [{ source: new DocumentSource(context.length) }];
  return new Drafter({
    history: new TokenHistory(context),
    sources,
    calibration: new Calibration(),
    maxNodes,
    maxLeaves,
  });
}

const tree = (drafter: Drafter, root: number, room = 63, cost: (nodes: number) => number = free) => {
  const { count, tokens, parents } = drafter.draft(root, room, cost);
  return { tokens: [...tokens.subarray(0, count)], parents: [...parents.subarray(0, count)] };
};

test("a draft continues as the text did after the last occurrence", () => {
  const drafter = overDocument(Int32Array.of(1, 2, 3, 4, 5, 6, 1, 2), 16);
  assert.deepEqual(tree(drafter, 2), {
    tokens: [2, 3, 4, 5, 6, 1, 2],
    parents: [-1, 0, 1, 2, 3, 4, 5],
  });
});

test("different continuations become branches", () => {
  const drafter = overDocument(Int32Array.of(1, 2, 5, 5, 0, 9, 2, 7, 7, 0, 1, 2), 16);
  const { tokens, parents } = tree(drafter, 2);
  const first = tokens.filter((_, node) => parents[node] === 0);
  assert.deepEqual([...first].sort(), [5, 7], "one branch for each");
});

test("nothing is drafted where nothing is known", () => {
  assert.deepEqual(tree(overDocument(new Int32Array(0), 16), 3), { tokens: [3], parents: [-1] });
  assert.deepEqual(tree(overDocument(Int32Array.of(1, 2, 3), 16), 3).tokens, [3]);
});

test("a tree keeps within its room and its maximum number of leaves, and parents come first", () => {
  const random = seeded(3);
  const context = Int32Array.from({ length: 3000 }, () => below(random, 4));
  const drafter = overDocument(context, 63, 5);
  let largest = 0;
  for (let step = 0; step < 300; step++) {
    const token = below(random, 4);
    drafter.push(token);
    const room = 1 + below(random, 63);
    const { tokens, parents } = tree(drafter, token, room);
    assert.ok(tokens.length <= room);
    for (const [node, parent] of parents.entries()) assert.ok(parent < node);
    const edges = parents.map((parent, node) => `${parent}/${tokens[node]}`);
    assert.equal(new Set(edges).size, edges.length, "no two siblings carry the same token");
    const leaves = tokens.length - new Set(parents.filter(parent => parent >= 0)).size;
    assert.ok(leaves <= 5, `${leaves} leaves`);
    largest = Math.max(largest, leaves);
  }
  assert.equal(largest, 5, "the bound was met");
});

test("a tree is only as large as pays off", () => {
  const context = Int32Array.from({ length: 120 }, (_, i) => i % 30);
  const sizes = [0, 0.05, 0.5, 5].map(
    perNode => tree(overDocument(context, 63), 29, 63, nodes => 1 + perNode * nodes).tokens.length,
  );
  assert.ok((sizes[0] as number) > 20, "a long match and free rows make a large tree");
  assert.deepEqual(
    sizes,
    [...sizes].sort((a, b) => b - a),
    "dearer rows, smaller trees",
  );
  const dear = tree(overDocument(context, 63), 29, 63, nodes => nodes * nodes);
  assert.deepEqual(dear.tokens, [29], "rows that cost more than they bring are left out");
});

test("a step in the cost is crossed when enough further nodes pay off", () => {
  const context = Int32Array.from({ length: 200 }, (_, i) => i % 50);
  const stepped = (nodes: number) => (nodes <= 1 ? 1 : nodes <= 16 ? 1.8 : 6);
  assert.equal(tree(overDocument(context, 63), 49, 63, stepped).tokens.length, 16);
});

/** Offers the same tokens at every node. */
class Insistent implements DraftSource {
  searches = 0;
  constructor(
    readonly name: DraftSource["name"],
    private readonly tokens: readonly number[],
  ) {}
  search(): void {
    this.searches++;
  }
  children(cursor: number, _path: number, offers: Parameters<DraftSource["children"]>[2]): void {
    for (const token of this.tokens) offers.features[offers.add(token, cursor) + Feature.matchLength] = 5;
  }
}

const overSources = (
  sources: readonly { source: DraftSource; throttle?: SourceThrottle }[],
  statistics = new DraftStatistics(),
) =>
  new Drafter({
    history: new TokenHistory(Int32Array.of(1)),
    sources,
    calibration: new Calibration({ rate: 0.1 }),
    statistics,
    maxNodes: 16,
  });

test("sources that agree raise each other's probability, and the generated token becomes likely", () => {
  const [document, workspace] = [new Insistent("document", [7]), new Insistent("workspace", [7, 9])];
  const probabilities = new Map<number, number>();
  const drafter = new Drafter({
    history: new TokenHistory(Int32Array.of(1)),
    sources: [{ source: document }, { source: workspace }],
    calibration: new Calibration({ rate: 0.1 }),
    maxNodes: 2,
    onOffer: (source, probability, right) =>
      void (right ? probabilities.set(source, probability) : probabilities.set(100 + source, probability)),
  });
  for (let step = 0; step < 60; step++) {
    const tree = drafter.draft(1, 2, nodes => 1 + 0.01 * nodes);
    const path = tree.child(0, 7) > 0 ? [0, tree.child(0, 7)] : [0];
    drafter.observe({ tree, path, next: 7, ...blind });
  }
  const agreed = probabilities.get(0) as number;
  assert.ok(agreed > 0.85, `7 comes every time: ${agreed}`);
  assert.ok(agreed > (probabilities.get(104) ?? 0), "and 9 never");
});

test("a source whose drafts are never accepted is rested, and asked again occasionally", t => {
  let nowMs = 0;
  t.mock.method(performance, "now", () => nowMs);
  const wrong = new Insistent("datastore", [5]);
  const slow: DraftSource = {
    name: "datastore",
    search: () => {
      wrong.search();
      nowMs += 0.2;
    },
    children: (cursor, path, offers) => wrong.children(cursor, path, offers),
  };
  const drafter = overSources([{ source: slow, throttle: new SourceThrottle() }]);
  for (let step = 0; step < 200; step++) {
    const tree = drafter.draft(1, 8, nodes => nodes);
    drafter.observe({ tree, path: [0], next: 3, ...blind });
  }
  assert.ok(wrong.searches > 24 && wrong.searches < 60, `${wrong.searches} searches in 200 steps`);
});

test("drafted and accepted tokens are counted for the source with the highest probability", () => {
  const statistics = new DraftStatistics();
  const drafter = overSources([{ source: new Insistent("document", [7]) }], statistics);
  const tree = drafter.draft(1, 4, nodes => 1 + 1e-6 * nodes);
  assert.equal(tree.count, 4);
  drafter.observe({ tree, path: [0, 1, 2], next: 8, ...blind });
  const [figures] = statistics.figures();
  assert.deepEqual(
    [figures?.name, figures?.proposed, figures?.accepted, figures?.meanAcceptedLength],
    ["document", 3, 2, 2],
  );
});
