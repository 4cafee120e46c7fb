import assert from "node:assert/strict";
import { test } from "node:test";
import { PlainKeys } from "../../../../datastores/index/dictionary.ts";
import { PrefixSearch } from "../../../../datastores/index/prefixSearch.ts";
import { takeSamples } from "../../../../datastores/index/samples.ts";
import { MemoryData } from "../../../../datastores/index/shardData.ts";
import { keyOf, prefixArray } from "../../../../datastores/index/sort.ts";
import { below, seeded } from "../../../fakes/random.ts";

/** Counts the comparisons, each of which would be a read from a file. */
class CountingData extends MemoryData {
  compared = 0;

  override commonLength(position: number, keys: Int32Array, from: number, length: number): number {
    this.compared++;
    return super.commonLength(position, keys, from, length);
  }
}

function searchIn(tokens: Uint32Array, vocabulary: number) {
  const positions = prefixArray(tokens);
  const keys = new PlainKeys(vocabulary);
  const data = new CountingData(tokens, positions, keys);
  const search = new PrefixSearch(
    data,
    takeSamples(positions, index => keyOf(tokens[index] as number), false),
    keys,
  );
  return { data, search };
}

test("a range of any size is found by a few comparisons with the text", () => {
  const random = seeded(21);
  const { data, search } = searchIn(
    Uint32Array.from({ length: 500_000 }, () => below(random, 4)),
    4,
  );
  for (let query = 0; query < 50; query++) {
    const context = Int32Array.from({ length: 7 }, () => below(random, 4));
    data.compared = 0;
    search.begin(context, context.length);
    // 128 entries between two samples are seven halvings.
    assert.ok(data.compared <= 7, `${data.compared} for the place`);
    for (let length = search.next; length > 0; length = search.next) {
      data.compared = 0;
      search.widen(length);
      // At either end there are at most seven doubling steps and six halvings.
      assert.ok(data.compared <= 26, `${data.compared} for length ${length}`);
    }
    assert.ok(search.high - search.low > 120_000, "all that end in the last token");
  }
});

test("a single occurrence is found by even fewer comparisons", () => {
  const random = seeded(22);
  const tokens = Uint32Array.from({ length: 200_000 }, () => below(random, 5000));
  const { data, search } = searchIn(tokens, 5000);
  const context = Int32Array.from(tokens.subarray(70_000, 70_030));
  search.begin(context, context.length);
  data.compared = 0;
  search.widen(search.next);
  assert.equal(search.high - search.low, 1);
  assert.ok(data.compared <= 3, `${data.compared} comparisons`);
});
