import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SEPARATOR } from "../../../datastores/index/sort.ts";
import {
  LONGEST_SPAN,
  RestSearch,
  SHORTEST_SPAN,
  SuffixFile,
  SuffixMemory,
  suffixArray,
} from "../../bench/restSearch.ts";
import { below, seeded } from "../../fakes/random.ts";

function randomStream(random: () => number, length: number, alphabet: number): Uint32Array {
  return Uint32Array.from({ length }, () => (below(random, 40) === 0 ? SEPARATOR : below(random, alphabet)));
}

/** Where the last `span` tokens of a context occur, by exhaustive search. */
function occurrences(tokens: Uint32Array, context: readonly number[], span: number): number[] {
  const wanted = context.slice(-span).join();
  const found: number[] = [];
  for (let start = 0; start + span <= tokens.length; start++)
    if (tokens.subarray(start, start + span).join() === wanted) found.push(start);
  return found;
}

test("REST's search finds the longest span that occurs, and all its occurrences", t => {
  const folder = mkdtempSync(join(tmpdir(), "foretoken-rest-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (let seed = 0; seed < 20; seed++) {
    const random = seeded(seed);
    const alphabet = 1 + below(random, 4);
    const tokens = randomStream(random, 1 + below(random, 300), alphabet);
    const suffixes = suffixArray(tokens);
    const file = SuffixFile.write(join(folder, `${seed}.bin`), tokens, suffixes);
    const searches = [new RestSearch(new SuffixMemory(tokens, suffixes)), new RestSearch(file)];
    for (let query = 0; query < 30; query++) {
      const context = Array.from({ length: below(random, 25) }, () => below(random, alphabet + 1));
      let span = Math.min(LONGEST_SPAN, context.length);
      while (span >= SHORTEST_SPAN && occurrences(tokens, context, span).length === 0) span--;
      const length = span >= SHORTEST_SPAN ? span : 0;
      for (const search of searches) {
        search.find(Int32Array.from(context), context.length);
        assert.equal(search.matchLength, length, `seed ${seed}: ${context.join()} in ${tokens.join()}`);
        const found = Array.from({ length: search.high - search.low }, (_, i) =>
          search.data.suffix(search.low + i),
        );
        const expected = length > 0 ? occurrences(tokens, context, length) : [];
        assert.deepEqual(
          found.sort((a, b) => a - b),
          expected,
        );
      }
    }
    file.close();
  }
});

test("REST's continuations are the tokens that follow the match", () => {
  const tokens = Uint32Array.of(1, 2, 7, 8, SEPARATOR, 1, 2, 9, 6);
  const search = new RestSearch(new SuffixMemory(tokens, suffixArray(tokens)));
  search.find(Int32Array.of(1, 2), 2);
  const into = new Int32Array(4);
  assert.equal(search.continuations(2, 2, into), 2);
  assert.deepEqual([...into], [7, 8, 9, 6]);
});
