import assert from "node:assert/strict";
import { test } from "node:test";
import { randomNumbers } from "../../../../server/draft/random.ts";
import { SuffixTree } from "../../../bench/presets/suffixTree.ts";

const DEPTH = 6;

/** Occurrences of a string in texts. */
function occurrences(texts: readonly number[][], string: readonly number[]): number {
  let count = 0;
  for (const text of texts)
    for (let at = 0; at + string.length <= text.length; at++)
      if (string.every((token, i) => text[at + i] === token)) count++;
  return count;
}

test("every string's count and successors match the texts at each moment of their growth", () => {
  const random = randomNumbers(5);
  for (let round = 0; round < 20; round++) {
    const tree = new SuffixTree(DEPTH);
    const texts: number[][] = [];
    for (let text = 0; text < 3; text++) {
      texts.push([]);
      tree.endText();
      for (let i = 0; i < 25; i++) {
        const token = Math.floor(random() * 3);
        texts.at(-1)!.push(token);
        tree.push(token);
        const all = texts.flatMap(each => each.map((_, start) => each.slice(start, start + DEPTH)));
        for (const whole of all) {
          const length = 1 + Math.floor(random() * whole.length);
          const string = whole.slice(0, length);
          const place = tree.find(string, length, length);
          assert.ok(place);
          assert.equal(tree.occurrences(place), occurrences(texts, string), `${string}`);
          const following = tree.successors(place).map(({ token, count }) => `${token}: ${count}`);
          const expected = [0, 1, 2]
            .map(token => [token, occurrences(texts, [...string, token])] as const)
            .filter(([, count]) => count > 0 && length < DEPTH)
            .map(([token, count]) => `${token}: ${count}`);
          assert.deepEqual(following.sort(), expected, `after ${string} in ${texts.join(" | ")}`);
        }
      }
    }
    assert.equal(tree.find([3], 1, 1), undefined);
  }
});

test("a text does not continue into the next one", () => {
  const tree = new SuffixTree(DEPTH);
  for (const token of [1, 2]) tree.push(token);
  tree.endText();
  for (const token of [3, 4]) tree.push(token);
  assert.deepEqual(tree.successors(tree.find([2], 1, 1)!), []);
  assert.equal(tree.find([2, 3], 2, 2), undefined);
});
