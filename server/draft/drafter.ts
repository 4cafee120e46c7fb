/** What a source of drafts is to the loop that decodes: a tree for each step, and word of what became of it. */
import { DraftTree } from "./tree.ts";

/** What drafts the trees of one completion. */
export interface TreeDrafter {
  /** Gets ready for the first tree: what takes a while, to be done while the prompt is computed. */
  prepare?(): void;
  /** Records a decided token. */
  push(token: number): void;
  /** Fills and returns the tree under `root`, the last decided token, of at most `room` nodes, root included. */
  draft(root: number, room: number, cost: (nodes: number) => number): DraftTree;
  /** Is shown the tree just verified, before the decided tokens are pushed. Valid during the call only. */
  observe?(verified: VerifiedTree): void;
}

/** A tree and what the model predicts after its nodes. */
export interface VerifiedTree {
  readonly tree: DraftTree;
  /** The accepted nodes from the root down. */
  readonly path: readonly number[];
  /** The model's token after the last accepted node. */
  readonly next: number;
  /**
   * Writes the `count` most likely tokens after a node and their logits, most likely first. Returns how many
   * there are. Much cheaper than to copy all logits and look for them.
   */
  top(node: number, count: number, ids: Int32Array, logits: Float32Array): number;
}

/** Drafts nothing: a tree of one node decodes plainly. */
export class PlainDrafter implements TreeDrafter {
  private readonly tree = new DraftTree(1);

  push(): void {}

  draft(root: number): DraftTree {
    this.tree.plant(root);
    return this.tree;
  }
}
