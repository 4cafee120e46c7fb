import assert from "node:assert/strict";
import { test } from "node:test";
import { Calibration } from "../../../../server/draft/calibration.ts";
import { Drafter } from "../../../../server/draft/draft.ts";
import { TokenHistory } from "../../../../server/draft/history.ts";
import {
  type DraftSource,
  Feature,
  NO_CURSOR,
  type Offers,
  SOURCE_NAMES,
} from "../../../../server/draft/source.ts";
import { DocumentSource } from "../../../../server/draft/sources/document.ts";
import { SourceThrottle } from "../../../../server/draft/sourceThrottle.ts";
import { DraftStatistics } from "../../../../server/draft/statistics.ts";
import { below, seeded } from "../../../fakes/random.ts";
import { bestFirst, bestSize, type Candidate, following, RandomSource, WEIGHTS } from "./bestTree.ts";

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
  children(cursor: number, _path: number, offers: Offers): void {
    for (const token of this.tokens) offers.features[offers.add(token, cursor) + Feature.matchLength] = 5;
  }
}

const overSources = (
  sources: readonly { source: DraftSource; throttle?: Pick<SourceThrottle, "isDue" | "record"> }[],
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

test("a source that searches ahead is asked once a step, with the others' rate, and the tree is made anew if it finds anything", async t => {
  let nowMs = 0;
  t.mock.method(performance, "now", () => nowMs);
  const never = new AbortController().signal;
  const cost = (nodes: number) => 10 + nodes;
  let hasFound = false;
  const asked: [room: number, rate: number, nodesMs: number][] = [];
  const pushed: number[] = [];
  const ahead: DraftSource = {
    name: "draft model",
    push: token => void pushed.push(token),
    async searchAhead({ room, rate, cost }) {
      nowMs += 5;
      asked.push([room, rate, cost(3)]);
      return hasFound;
    },
    search: () => {
      nowMs += 1;
    },
    children(_cursor, _path, offers) {
      if (hasFound) offers.features[offers.add(9, NO_CURSOR) + Feature.matchLength] = 5;
    },
  };
  let due = 0;
  let isDue = true;
  const spent: number[] = [];
  const record = (spentMs: number, savedMs: number) => void spent.push(spentMs + savedMs);
  const throttle = {
    isDue: () => {
      due++;
      return isDue;
    },
    record,
  };
  const drafter = overSources([{ source: new Insistent("document", [7]) }, { source: ahead, throttle }]);
  const step = async () => {
    await drafter.draftAhead(1, 4, cost, never);
    const tree = drafter.draft(1, 4, cost);
    drafter.observe({ tree, path: [0], next: 3, ...blind });
    return tree;
  };
  const others = overSources([{ source: new Insistent("document", [7]) }]);
  const { count } = others.draft(1, 4, cost);
  const expected = Array.from({ length: count }, (_, node) => others.describe(node)?.probability ?? 1);
  assert.equal((await step()).count, count);
  assert.deepEqual(
    asked.map(([room, rate, nodesMs]) => [room, rate.toFixed(9), nodesMs]),
    [[4, (expected.reduce((a, b) => a + b) / cost(count)).toFixed(9), 13]],
  );
  assert.deepEqual(spent, [6], "the search ahead, and one search for the tree");
  hasFound = true;
  const tree = await step();
  assert.ok(tree.child(0, 9) > 0);
  const proposed = [...tree.tokens.subarray(0, tree.count)].filter(token => token === 9).length;
  assert.deepEqual(
    spent,
    [6, 5 + 2 + proposed],
    "and one more for the other tree, whose nodes take a millisecond",
  );
  isDue = false;
  assert.ok((await step()).child(0, 9) < 0);
  isDue = true;
  assert.equal(drafter.draftAhead(1, 1, cost, never), undefined, "there is no room for drafts");
  assert.equal(drafter.draft(1, 1, cost).count, 1);
  assert.deepEqual([asked.length, due, spent.length], [2, 4, 2]);
  await drafter.draftAhead(1, 2, cost, never);
  assert.equal(asked.at(-1)?.[0], 2, "there is room for one");
  assert.equal(others.draftAhead(1, 4, cost, never), undefined, "no source searches ahead");
  drafter.push(3);
  assert.deepEqual(pushed, [3]);
});

test("a drafter is prepared once all sources have read the prompt, and at once where none has to", async () => {
  const never = new AbortController().signal;
  const [prompt, filled] = [Int32Array.of(4, 5), Promise.resolve()];
  const quick = new Insistent("document", [7]);
  assert.equal(overSources([{ source: quick }]).prepare(prompt, filled, never), undefined);
  const read: unknown[] = [];
  const ends: (() => void)[] = [];
  const reader = (name: DraftSource["name"]): DraftSource => ({
    name,
    prepare: history => void read.push(history.size),
    begin: (...given) => {
      read.push(given);
      return new Promise(resolve => ends.push(resolve));
    },
    search() {},
    children() {},
  });
  const drafter = overSources(
    [reader("draft model"), quick, reader("datastore")].map(source => ({ source })),
  );
  let isReady = false;
  const ready = drafter.prepare(prompt, filled, never)?.then(() => {
    isReady = true;
  });
  assert.deepEqual(read, [1, 1, [prompt, filled, never], [prompt, filled, never]]);
  ends[0]?.();
  await new Promise(resolve => setImmediate(resolve));
  assert.equal(isReady, false);
  ends[1]?.();
  await ready;
  assert.equal(isReady, true);
});

test("a tree has the most likely nodes, as many as a search of all sizes chooses, and its sources get their due", t => {
  t.mock.method(performance, "now", () => 0);
  const random = seeded(64);
  const sizes = new Set<number>();
  for (let round = 0; round < 150; round++) {
    const root = below(random, 16);
    const sources = (["document", "workspace", "datastore"] as const).map(
      name => new RandomSource(name, root, below(random, 1 << 30)),
    );
    const [room, maxLeaves] = [1 + below(random, 63), 1 + below(random, 12)];
    // Costs grow in steps, as those of devices do.
    const [perNode, perStep, step] = [0.1 * random() ** 4, 0.3 * random() ** 2, 1 + below(random, 16)];
    const cost = (nodes: number) => 1 + perNode * nodes + perStep * Math.floor((nodes - 1) / step);
    const records: number[][] = [];
    const throttle = { isDue: () => true, record: (...record: number[]) => void records.push(record) };
    const offers: [number, number, boolean][] = [];
    const statistics = new DraftStatistics();
    const drafter = new Drafter({
      history: new TokenHistory(Int32Array.of(root)),
      sources: sources.map(source => ({ source, throttle })),
      calibration: new Calibration({ prior: WEIGHTS, rate: 0 }),
      statistics,
      maxNodes: 48,
      maxLeaves,
      onOffer: (...offer) => void offers.push(offer),
    });
    const all = bestFirst(sources, Math.min(room, 48), maxLeaves);
    const nodes = all.slice(0, bestSize(all, cost) - 1);
    const tree = drafter.draft(root, room, cost);
    sizes.add(tree.count);
    const pathOf = (node: number): number[] =>
      node === 0 ? [] : [...pathOf(tree.parents[node] as number), tree.tokens[node] as number];
    const drafted = Array.from({ length: tree.count - 1 }, (_, i) => pathOf(i + 1));
    assert.deepEqual(
      drafted,
      nodes.map(({ path }) => path),
    );
    assert.equal(drafter.describe(0), undefined);
    const surest = ({ scores }: Candidate) => [...scores].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
    for (const [i, node] of nodes.entries()) {
      const described = drafter.describe(i + 1);
      assert.equal(described?.source, surest(node));
      assert.ok(Math.abs((described?.probability ?? 0) - node.probability) < 1e-9);
    }

    // The model accepts the path to one of the nodes.
    const last = below(random, tree.count);
    const path = pathOf(last).map(
      (_, depth, tokens) => drafted.findIndex(p => p.join() === tokens.slice(0, depth + 1).join()) + 1,
    );
    const accepted = path.map(node => nodes[node - 1] as Candidate);
    const next = 16 + below(random, 3);
    drafter.observe({ tree, path: [0, ...path], next, ...blind });
    const expected = [[], ...accepted.map(node => node.path)].flatMap((before, i) => {
      const generated = accepted[i]?.path.at(-1) ?? next;
      return following(sources, before, 1).flatMap(({ path, probability, scores }) =>
        [...scores.keys()].map(name => `${name} ${probability.toFixed(9)} ${path.at(-1) === generated}`),
      );
    });
    const reported = offers.map(
      ([kind, chance, right]) => `${SOURCE_NAMES[kind]} ${chance.toFixed(9)} ${right}`,
    );
    assert.deepEqual(reported.sort(), (room > 1 ? expected : []).sort());
    const perFurther = tree.count > 1 ? (cost(tree.count) - cost(1)) / (tree.count - 1) : 0;
    for (const [i, { name }] of sources.entries()) {
      const proposed = nodes.filter(node => surest(node) === name).length;
      const owed = accepted.map(({ scores, none }) => {
        const chance = (own: readonly number[]) =>
          own.length === 0 ? 0 : 1 / (1 + Math.exp(none - own.reduce((a, b) => a + b)));
        const others = [...scores].filter(([other]) => other !== name).map(([, score]) => score);
        return Math.max(0, 1 - chance(others) / chance([...scores.values()]));
      });
      const [spentMs, savedMs, decodeMs] = records[i] as [number, number, number];
      assert.ok(Math.abs(spentMs - proposed * perFurther) < 1e-9, `${name} costs the nodes it drafted`);
      assert.ok(Math.abs(savedMs - cost(1) * owed.reduce((a, b) => a + b, 0)) < 1e-9, `${name} has saved`);
      assert.equal(decodeMs, cost(1));
      const figures = statistics.figures().find(figures => figures.name === name);
      assert.deepEqual(
        [figures?.proposed ?? 0, figures?.accepted ?? 0],
        [proposed, accepted.filter(node => surest(node) === name).length],
      );
    }
  }
  assert.ok(sizes.size > 15, `${sizes.size} sizes of trees`);
});
