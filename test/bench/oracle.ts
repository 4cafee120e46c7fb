/**
 * The result of perfect knowledge of acceptance: of all offers of Foretoken's sources, only what the model is about to
 * generate is drafted, as much of it as pays. Foretoken's distance from it is due to its probabilities; the oracle's own
 * limit is due to the sources' offers and the cost of decodes.
 */
import { DraftTree, type TreeDrafter, type VerifiedTree } from "../../server/draft/index.ts";

const ROOT = 0;
/** As in the product: the least gain at which a draft is worth making. */
const MIN_GAIN = 1.03;

export class OracleDrafter implements TreeDrafter {
  private readonly tree: DraftTree;
  /** Tokens generated so far; the next one is `truth[said]`. */
  private said = 0;
  private offered: DraftTree | undefined;
  /** The nodes of `offered` that became the chain, the root first. */
  private path: number[] = [];

  /** @param truth the model's text, token for token @param capacity largest tree, root included */
  constructor(
    private readonly drafter: TreeDrafter,
    private readonly truth: readonly number[],
    capacity: number,
  ) {
    this.tree = new DraftTree(capacity);
  }

  prepare(prompt: Int32Array, filled: Promise<unknown>, signal: AbortSignal): Promise<void> | void {
    return this.drafter.prepare?.(prompt, filled, signal);
  }

  push(token: number): void {
    this.drafter.push(token);
    this.said++;
  }

  draft(root: number, room: number, cost: (nodes: number) => number): DraftTree {
    const { tree, truth, said } = this;
    // If a further node costs nothing, everything offered is drafted.
    const offered = this.drafter.draft(root, room, () => 1);
    const path = [ROOT];
    for (let at = ROOT; path.length < room; path.push(at)) {
      at = offered.child(at, truth[said + path.length - 1] ?? -1);
      if (at < 0) break;
    }
    let best = 1;
    for (let nodes = 2; nodes <= path.length; nodes++)
      if (nodes / cost(nodes) > (best / cost(best)) * (best === 1 ? MIN_GAIN : 1)) best = nodes;
    path.length = best;
    tree.plant(root);
    for (let depth = 1; depth < best; depth++) tree.grow(depth - 1, truth[said + depth - 1] as number);
    this.offered = offered;
    this.path = path;
    return tree;
  }

  observe({ path, next, top }: VerifiedTree): void {
    const { offered, path: chain } = this;
    if (!offered) return;
    this.drafter.observe?.({
      tree: offered,
      path: path.map(node => chain[node] as number),
      next,
      top: (node, count, ids, logits) => top(chain.indexOf(node), count, ids, logits),
    });
  }
}
