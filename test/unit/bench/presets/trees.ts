/** Trees as texts: `3(4 5) 6` is a 3 with a 4 and a 5 below it, and a 6 beside it. */
import type { TreeDrafter } from "../../../../server/draft/drafter.ts";
import type { DraftTree, VerifiedTree } from "../../../../server/draft/tree.ts";

/** What is below the root. */
export function drawn({ count, tokens, parents }: DraftTree, node = 0): string {
  const children: string[] = [];
  for (let child = node + 1; child < count; child++) {
    if (parents[child] !== node) continue;
    const below = drawn({ count, tokens, parents } as DraftTree, child);
    children.push(below ? `${tokens[child]}(${below})` : `${tokens[child]}`);
  }
  return children.join(" ");
}

export const drafted = (drafter: TreeDrafter, root: number, room = 128) =>
  drawn(drafter.draft(root, room, nodes => nodes));

/** A verified tree after whose nodes the model finds the given tokens most likely, by the node's token. */
export function verified(
  tree: DraftTree,
  likeliest: Readonly<Record<number, readonly number[]>>,
): VerifiedTree {
  return {
    tree,
    path: [0],
    next: -1,

    top: (node, count, ids, logits) => {
      const found = (likeliest[tree.tokens[node]!] ?? []).slice(0, count);
      ids.set(found);
      logits.set(found.map((_, i) => -i));
      return found.length;
    },
  };
}
