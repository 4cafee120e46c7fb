import assert from "node:assert/strict";
import { test } from "node:test";
import { DraftTree } from "../../../../server/draft/tree.ts";
import { PREDICTED } from "../../../bench/presets/promptPredictions.ts";
import { fillFromTable, frequentContinuations, racer } from "../../../bench/presets/racer.ts";
import { SuccessorTable } from "../../../bench/presets/recycling.ts";
import { RetrievalTrie } from "../../../bench/presets/retrievalTrie.ts";
import { drafted, drawn, verified } from "./trees.ts";

const cost = (nodes: number) => nodes;

/** A table in which token t is followed by 8t + 1 to 8t + 8. */
function eightfold(known: number): SuccessorTable {
  const table = new SuccessorTable(8 * known + 9);
  const tree = new DraftTree(1);
  for (let token = 0; token < known; token++) {
    tree.plant(token);
    table.learn(verified(tree, { [token]: Array.from({ length: 8 }, (_, rank) => 8 * token + rank + 1) }));
  }
  return table;
}

function levelsOf(tree: DraftTree): number[] {
  const depths = [0];
  const levels: number[] = [];
  for (let node = 1; node < tree.count; node++) {
    const depth = depths[tree.parents[node]!]! + 1;
    depths.push(depth);
    levels[depth - 1] = (levels[depth - 1] ?? 0) + 1;
  }
  return levels;
}

test("breadths halve from sibling to sibling, and from parent to child below the root's children", () => {
  const table = eightfold(700);
  const tree = new DraftTree(64);
  tree.plant(0);
  fillFromTable(tree, table, 64);
  // The root's children have 8, 4, 2 and five times 1 child; the first one's children 4, 2 and six times 1.
  assert.deepEqual(levelsOf(tree), [8, 19, 24, 12]);
  tree.plant(0);
  fillFromTable(tree, table, 30);
  assert.deepEqual(levelsOf(tree), [8, 19, 2]);
});

test("existing nodes cost nothing, and the draft continues from them", () => {
  const table = new SuccessorTable(100);
  const tree = new DraftTree(16);
  tree.plant(1);
  table.learn(verified(tree, { 1: [2, 3] }));
  tree.plant(2);
  table.learn(verified(tree, { 2: [5, 6] }));
  tree.plant(1);
  tree.grow(tree.grow(0, 2), 5);
  fillFromTable(tree, table, 5);
  assert.equal(drawn(tree), "2(5 6) 3");
});

test("all suffixes of the text of at least two tokens are looked up, the more frequent continuation first", () => {
  const trie = new RetrievalTrie(100);
  trie.put([7, 1, 2, 3]);
  for (let i = 0; i < 3; i++) trie.put([1, 2, 4]);
  trie.link();
  trie.follow([7, 1]);
  const strings = trie.suffixes(2, 2);
  assert.deepEqual(
    strings.map(({ depth, count }) => [depth, count]),
    [
      [3, 1],
      [2, 3],
    ],
  );
  const found = frequentContinuations(strings, 8).map(({ node }) => [node.token, node.count]);
  // "1 2" and its 4 three times, then the "2" of "7 1 2" and its 3.
  assert.deepEqual(found, [
    [2, 3],
    [4, 3],
    [2, 1],
    [3, 1],
  ]);
  assert.equal(frequentContinuations(strings, 3).length, 3);
});

test("a text without continuation leads nowhere, and a link leads to the suffix that has one", () => {
  const trie = new RetrievalTrie(100);
  trie.put([1, 2, 3]);
  trie.put([2, 9]);
  trie.link();
  trie.follow([1, 2]);
  assert.deepEqual(
    trie.suffixes(9, 2).map(({ depth }) => depth),
    [2],
    "from '1 2' by its link to '2'",
  );
  assert.deepEqual(trie.suffixes(50, 1), []);
});

test("a full trie loses the least recently used n-gram", () => {
  const trie = new RetrievalTrie(7);
  trie.put([1, 2, 3]);
  trie.put([4, 5, 6]);
  assert.equal(trie.size, 7);
  trie.put([4, 5, 7]);
  assert.equal(trie.size, 7);
  trie.follow([4]);
  assert.equal(trie.suffixes(5, 2).length, 1);
  assert.equal(trie.root.children.has(1), false, "its beginning was used before its end");
});

test("n-grams of ten tokens are drafted from once the text has reached two of their tokens", () => {
  const history = Int32Array.from([...Array.from({ length: 12 }, (_, i) => i + 1), 50]);
  const after12 = (room: number) => {
    const drafter = racer(100).begin()(history);
    assert.equal(drafted(drafter, 50), "");
    drafter.push(1);
    assert.equal(drafted(drafter, 1), "", "one token is too short");
    drafter.push(2);
    return drafted(drafter, 2, room);
  };
  assert.equal(after12(128), "3(4(5(6(7(8(9(10)))))))");
  assert.equal(after12(4), "3(4(5))", "the string itself is the root");
});

test("the table fills the room that retrieval leaves, and is kept with the trie from prompt to prompt", () => {
  const make = racer(100).begin();
  const history = Int32Array.from([...Array.from({ length: 12 }, (_, i) => i + 1), 50]);
  const first = make(history);
  first.observe?.(verified(first.draft(2, 64, cost), { 2: [3, 80, 81] }));
  for (const token of [1, 2]) {
    first.draft(0, 1, cost);
    first.push(token);
  }
  assert.equal(drafted(first, 2), "3(4(5(6(7(8(9(10))))))) 80 81");
  const second = make(Int32Array.of(60));
  assert.equal(drafted(second, 2), "3 80 81");
  assert.equal(drafted(racer(100).begin()(Int32Array.of(60)), 2), "", "another run knows nothing");
});

test("the model's predictions within the prompt are in the table before the first draft", () => {
  const ids = new Int32Array(2 * PREDICTED).fill(-1);
  ids.set([40, 41], 0);
  ids.set([42], PREDICTED);
  const predictions = { tokens: Int32Array.of(5, 6), ids, logits: new Float32Array(2 * PREDICTED) };
  const drafter = racer(100).begin()(Int32Array.of(5), { predictions });
  assert.equal(drafted(drafter, 5), "40 41");
  assert.equal(drafted(drafter, 6), "42");
});

test("SGLang's trees have half the nodes", () => {
  assert.equal(racer(100).nodes, 64);
  assert.equal(racer(100, "racer-sglang").nodes, 32);
});
