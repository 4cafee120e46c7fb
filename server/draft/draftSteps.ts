/**
 * The steps of a completion's drafting in the only order that makes sense, enforced by types: a tree is drafted, then the
 * drafter sees its verification, then the decided tokens are recorded, and only then the next tree is drafted. A drafter
 * that learned after the tokens were recorded would learn from the wrong context.
 */
import type { DraftedNode, TreeDrafter } from "./drafter.ts";
import { DraftTree, type VerifiedTree } from "./tree.ts";

/** All decided tokens are recorded. */
export interface ReadyToDraft {
  /** See `TreeDrafter`. */
  draftAhead(
    root: number,
    room: number,
    cost: (nodes: number) => number,
    signal: AbortSignal,
  ): Promise<void> | undefined;
  /** See `TreeDrafter`. */
  draft(root: number, room: number, cost: (nodes: number) => number): Drafted;
}

/** A tree was drafted and may be decoded. */
interface Drafted {
  readonly tree: DraftTree;
  /** What is known of a node of the tree, until the next one is drafted. */
  describe(node: number): DraftedNode | undefined;
  /** Shows the drafter its tree as it was verified. */
  observe(verified: Omit<VerifiedTree, "tree">): Observed;
}

/** The drafter has seen the verified tree. */
interface Observed {
  /** Records the decided tokens, in order. */
  push(decided: readonly number[]): ReadyToDraft;
}

/** The steps of one completion. Each returns the same object under another type: nothing is allocated. */
class DraftSteps implements ReadyToDraft, Drafted, Observed {
  /** The tree drafted last. Not read before the first `draft`, since `Drafted` is not returned before it. */
  tree = new DraftTree(1);

  constructor(private readonly drafter: TreeDrafter) {}

  draftAhead(
    root: number,
    room: number,
    cost: (nodes: number) => number,
    signal: AbortSignal,
  ): Promise<void> | undefined {
    return this.drafter.draftAhead?.(root, room, cost, signal);
  }

  draft(root: number, room: number, cost: (nodes: number) => number): Drafted {
    this.tree = this.drafter.draft(root, room, cost);
    return this;
  }

  describe(node: number): DraftedNode | undefined {
    return this.drafter.describe?.(node);
  }

  observe({ path, next, top }: Omit<VerifiedTree, "tree">): Observed {
    this.drafter.observe?.({ tree: this.tree, path, next, top });
    return this;
  }

  push(decided: readonly number[]): ReadyToDraft {
    for (const token of decided) this.drafter.push(token);
    return this;
  }
}

export const draftSteps = (drafter: TreeDrafter): ReadyToDraft => new DraftSteps(drafter);
