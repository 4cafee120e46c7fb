/** A draft tree against the model's choices: which path the model would have taken itself. */
import type { DraftTree } from "./tree.ts";

interface VerifiedPath {
  /** Accepted nodes from the root down; always holds the root. */
  readonly path: number[];
  /** The model's token after the last accepted node: decided, but not yet in the context. */
  readonly next: number;
}

/**
 * Walks from the root along the model's own choices for as long as a draft agrees. The tokens decided in this way
 * (the path after the root, then `next`) are those the model would have produced one at a time.
 *
 * @param choose the model's token after the path to a node; called once for each node on the path
 */
export function verify(tree: DraftTree, choose: (node: number) => number): VerifiedPath {
  const path = [0];
  for (let node = 0; ; ) {
    const next = choose(node);
    node = tree.child(node, next);
    if (node < 0) return { path, next };
    path.push(node);
  }
}
