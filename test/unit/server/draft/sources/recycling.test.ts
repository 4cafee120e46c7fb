import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenHistory } from "../../../../../server/draft/history.ts";
import { RecycledTokens, RecyclingSource } from "../../../../../server/draft/sources/recycling.ts";
import { DraftTree } from "../../../../../server/draft/tree.ts";
import { chain } from "./chain.ts";

/** A verified tree that is a chain, and what the model predicts after each node. */
function verified(tokens: number[], next: number, top: (node: number) => number[]) {
  const tree = new DraftTree(16);
  tree.plant(tokens[0] as number);
  for (const [i, token] of tokens.slice(1).entries()) tree.grow(i, token);
  return {
    tree,
    path: tokens.map((_, i) => i),
    next,

    top: (node: number, count: number, ids: Int32Array, logits: Float32Array) => {
      const found = top(node).slice(0, count);
      ids.set(found);
      logits.set(found.map((_, i) => -i));
      return found.length;
    },
  };
}

test("tokens that the model found likely after two tokens are offered when these occur again", () => {
  const recycled = new RecycledTokens(100);
  const source = new RecyclingSource(recycled);
  const history = new TokenHistory(Int32Array.of(1, 2));
  source.search(history);
  source.learn(verified([2, 3], 4, node => (node === 0 ? [3, 30] : [4, 40])));
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(1, 2)), 2), [3, 4]);
  source.search(new TokenHistory(Int32Array.of(9, 2)));
  source.learn(verified([2], 5, () => [50, 51]));
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(9, 2)), 1), [50], "behind another token");
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(1, 2)), 1), [3], "the pair is kept");
  assert.deepEqual(
    chain(source, new TokenHistory(Int32Array.of(70, 3)), 1),
    [4],
    "else the last token alone",
  );
  assert.deepEqual(chain(source, new TokenHistory(Int32Array.of(1, 98)), 1), []);
  assert.deepEqual(
    chain(source, new TokenHistory(Int32Array.of(1, 5000)), 1),
    [],
    "a token of no vocabulary",
  );
});
