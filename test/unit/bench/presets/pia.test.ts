import assert from "node:assert/strict";
import { test } from "node:test";
import { pia, Trie, TrieCache } from "../../../bench/presets/pia.ts";
import { drafted } from "./trees.ts";

const END = 0;
const begin = () => pia(token => token === END).begin();

test("all continuations of the last two tokens become a tree, depth first", () => {
  const drafter = begin()(Int32Array.of(99, 1, 2, 3, 1, 2, 4, 1, 2));
  // After "1 2" comes 3 1 2 4 1 2 and 4 1 2.
  assert.equal(drafted(drafter, 2), "3(1(2(4(1(2))))) 4(1(2))");
  assert.equal(drafted(drafter, 2, 4), "3(1(2))", "as far as there is room");
});

test("the more frequent continuation comes first, and branches have twelve levels", () => {
  const run = Array.from({ length: 20 }, (_, i) => 30 + i);
  const drafter = begin()(Int32Array.from([99, 5, 4, 9, 5, 4, ...run, 5, 4, ...run, 5, 4]));
  assert.match(drafted(drafter, 4), /^30\(31\(32\(33\(34\(35\(36\(37\(38\(39\(40\(41\)+ 9/);
});

test("one occurrence in the prompt counts more than many in the generated text", () => {
  const make = begin();
  for (let prompt = 0; prompt < 3; prompt++) {
    const drafter = make(Int32Array.of(50));
    for (const token of [1, 7, 1, 7]) drafter.push(token);
  }
  const drafter = make(Int32Array.of(60, 1, 8, 61, 1));
  // "61 1" is new to the prompt; "1" alone was followed by 8 once and by 7 six times.
  assert.match(drafted(drafter, 1), /^8.* 7/);
});

test("a prompt's counts end with it, and generated text is kept for the run", () => {
  const make = begin();
  const first = make(Int32Array.of(99, 1, 8, 60));
  for (const token of [1, 7, END]) first.push(token);
  const second = make(Int32Array.of(40, 1));
  assert.equal(drafted(second, 1), "7 8(60)", "what no count is left of comes last");
  assert.equal(drafted(begin()(Int32Array.of(40, 1)), 1), "", "another run knows nothing");
});

test("a prompt's first token is not kept", () => {
  assert.equal(drafted(begin()(Int32Array.of(1, 2, 3, 1)), 1), "");
  assert.equal(drafted(begin()(Int32Array.of(99, 1, 2, 3, 1)), 1), "2(3(1))");
});

test("a tree has fewer levels than tokens are left to generate", () => {
  const make = (maxTokens: number) => begin()(Int32Array.of(99, 5, 1, 2, 3, 5, 1), { maxTokens });
  assert.equal(drafted(make(4), 1), "2(3(5))");
  assert.equal(drafted(make(2), 1), "2");
  assert.equal(drafted(make(1), 1), "");
  const drafter = make(4);
  drafter.push(2);
  assert.equal(drafted(drafter, 2), "3(5)");
});

test("a trie that a prompt creates does not count as changed, one that it extends does, and so does a generated one", () => {
  const cache = new TrieCache();
  cache.put([1, 2, 3], 2, "input");
  assert.equal(cache.changes, 0);
  cache.put([1, 2], 1, "input");
  assert.equal(cache.changes, 1);
  cache.put([7, 8], 1, "output");
  assert.equal(cache.changes, 2);
});

test("generated text is drafted from once a whole branch has been generated", () => {
  const drafter = begin()(Int32Array.of(1));
  const tokens = Array.from({ length: 13 }, (_, i) => 20 + i);
  for (const token of [3, ...tokens.slice(0, 12), 3]) drafter.push(token);
  assert.match(drafted(drafter, 3), /^20\(21/);
  const early = begin()(Int32Array.of(1));
  for (const token of [3, ...tokens.slice(0, 11), 3]) early.push(token);
  assert.equal(drafted(early, 3), "");
});

test("a trie that has grown large loses what was generated once and half of every count", () => {
  const trie = new Trie();
  for (let i = 0; i < 4; i++) trie.put([1, 2], "output");
  trie.put([1, 3], "output");
  trie.squeeze();
  assert.deepEqual([...trie.match([1]).keys()], [2, 3], "a small one stays as it is");
  for (let token = 100; token < 700; token++) trie.put([token], "output");
  trie.squeeze();
  assert.deepEqual([...trie.match([]).keys()], [1]);
  assert.deepEqual([...trie.match([1]).keys()], [2]);
  assert.equal(trie.match([]).get(1)?.output, 2.5);
});
