import assert from "node:assert/strict";
import { test } from "node:test";
import { DictionaryKeys, isDictionary, PlainKeys } from "../../../../datastores/index/dictionary.ts";

test("keys number the tokens that a shard has, and anything else is reported as missing", () => {
  const keys = new DictionaryKeys(Uint32Array.of(3, 70_000, 150_000));
  assert.deepEqual(
    [3, 70_000, 150_000, 4, -1, 0xffffffff, 150_001].map(token => keys.keyOf(token)),
    [1, 2, 3, 0, 0, 0, 0],
  );
  assert.deepEqual(
    [0, 1, 2, 3, 4, 0xffff].map(key => keys.tokenOf(key)),
    [-1, 3, 70_000, 150_000, -1, -1],
  );
  const plain = new PlainKeys(10);
  assert.deepEqual(
    [0, 9, 10, -1, -5, 0xffffffff].map(token => plain.keyOf(token)),
    [1, 10, 0, 0, 0, 0],
  );
  assert.deepEqual(
    [0, 1, 10, 11].map(key => plain.tokenOf(key)),
    [-1, 0, 9, -1],
  );
});

test("a dictionary has each id once, rising, and none outside the vocabulary", () => {
  const cases: [tokens: number[], vocabularySize: number, isOne: boolean][] = [
    [[], 0, true],
    [[0], 1, true],
    [[0, 3, 9], 10, true],
    [[9], 9, false],
    [[0, 3, 9], 9, false],
    [[3, 3], 10, false],
    [[0, 9, 3], 10, false],
  ];
  for (const [tokens, size, isOne] of cases)
    assert.equal(isDictionary(Uint32Array.from(tokens), size), isOne, `${tokens} of ${size}`);
});
