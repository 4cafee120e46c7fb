import assert from "node:assert/strict";
import { test } from "node:test";
import { DraftTree, type TreeDrafter, type VerifiedTree } from "../../../server/draft/index.ts";
import { OracleDrafter } from "../../bench/oracle.ts";

/** Offers two continuations after each root, of which the second is that of the counting text, three tokens long. */
class Offering implements TreeDrafter {
  readonly seen: { path: readonly number[]; top: number }[] = [];
  private readonly tree = new DraftTree(16);

  push(): void {}

  draft(root: number): DraftTree {
    this.tree.plant(root);
    this.tree.grow(0, 99);
    let at = 0;
    for (let i = 1; i <= 3; i++) at = this.tree.grow(at, root + i);
    return this.tree;
  }

  observe({ path, top }: VerifiedTree): void {
    const last = path.at(-1) as number;
    this.seen.push({ path: [...path], top: top(last, 1, new Int32Array(1), new Float32Array(1)) });
  }
}

const counting = [11, 12, 13, 14, 15, 16];
const draft = (cost: (nodes: number) => number, room = 16, truth = counting) => {
  const offering = new Offering();
  const oracle = new OracleDrafter(offering, truth, 16);
  const tree = oracle.draft(10, room, cost);
  return { offering, oracle, tokens: [...tree.tokens.subarray(0, tree.count)] };
};

test("the oracle drafts only those offered tokens that the model will generate", () => {
  assert.deepEqual(draft(() => 1).tokens, [10, 11, 12, 13]);
  assert.deepEqual(draft(() => 1, 3).tokens, [10, 11, 12], "as far as there is room");
  assert.deepEqual(draft(() => 1, 16, [5, 6]).tokens, [10], "nothing of it is offered");
});

test("no more nodes are drafted than pay off", () => {
  assert.deepEqual(draft(nodes => nodes).tokens, [10]);
  assert.deepEqual(draft(nodes => (nodes <= 2 ? 1 : 3 * nodes)).tokens, [10, 11]);
});

test("the sources are shown their own tree with the path that was taken in it", () => {
  const { offering, oracle } = draft(() => 1);
  const tree = new DraftTree(1);
  oracle.observe({ tree, path: [0, 1, 2], next: 13, top: node => node });
  assert.deepEqual(offering.seen, [{ path: [0, 2, 3], top: 2 }]);
});
