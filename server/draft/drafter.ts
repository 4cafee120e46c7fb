/** The interface of drafting to the decode loop: a tree for each step, and feedback on its verification. */
import type { SourceName } from "./source.ts";
import { DraftTree, type VerifiedTree } from "./tree.ts";

/** What drafts the trees of one completion. */
export interface TreeDrafter {
  /**
   * Gets ready for the first tree: work that takes a while, done while the prompt is computed. Work that needs the same
   * processors waits for `filled`.
   * @param prompt the model's prompt, including the text after the cursor if the format has it
   */
  prepare?(prompt: Int32Array, filled: Promise<unknown>, signal: AbortSignal): Promise<void> | void;
  /** Records a decided token. */
  push(token: number): void;
  /**
   * Computes what the next `draft`, with the same arguments, needs: for a source that cannot draft at once, such as
   * another model. Undefined if there is nothing to wait for. An abort is no fault.
   */
  draftAhead?(
    root: number,
    room: number,
    cost: (nodes: number) => number,
    signal: AbortSignal,
  ): Promise<void> | undefined;
  /**
   * Fills and returns the tree under `root`, the last decided token, of at most `room` nodes, root included.
   * @param cost milliseconds of a decode of so many nodes
   */
  draft(root: number, room: number, cost: (nodes: number) => number): DraftTree;
  /** Receives the tree just verified, before the decided tokens are pushed. Valid only during the call. */
  observe?(verified: VerifiedTree): void;
  /** What is known of a node of the last tree; undefined for the root, and if the drafter does not distinguish drafts. */
  describe?(node: number): DraftedNode | undefined;
}

/** Why a token stands in a tree. */
export interface DraftedNode {
  /** The source whose offer weighed most. */
  readonly source: SourceName;
  /** Estimated probability that the model's path reaches it, 0 to 1. */
  readonly probability: number;
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
