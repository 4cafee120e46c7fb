/**
 * Keeps a faulty source of drafts from harming a completion. Drafts are guesses: if a drafter throws, or its tree
 * is invalid, only these guesses are lost.
 */
import { messageOf } from "../system/index.ts";
import { PlainDrafter, type TreeDrafter } from "./drafter.ts";
import type { DraftTree } from "./tree.ts";

/** What is wrong with a tree, or undefined. */
function unsound(tree: DraftTree, root: number, room: number, vocabularySize: number): string | undefined {
  const { count, tokens, parents } = tree;
  if (!(count >= 1 && count <= room)) return `a tree of ${count} nodes where ${room} were asked for`;
  if (tokens[0] !== root || parents[0] !== -1) return "a tree with another root";
  for (let node = 1; node < count; node++) {
    if (!(parents[node] >= 0 && parents[node] < node)) return `node ${node} with parent ${parents[node]}`;
    if (!(tokens[node] >= 0 && tokens[node] < vocabularySize))
      return `token ${tokens[node]} of no vocabulary`;
  }
  return undefined;
}

/** A drafter that never throws and whose trees are always valid; after a fault it drafts nothing more. */
export function guard(
  make: () => TreeDrafter,
  vocabularySize: number,
  onFault: (message: string) => void,
): TreeDrafter {
  const plain = new PlainDrafter();
  let drafter: TreeDrafter | undefined;
  const fault = (error: unknown): void => {
    drafter = undefined;
    onFault(`Drafting failed and is off for this completion: ${messageOf(error)}`);
  };
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      fault(error);
      return undefined;
    }
  };
  drafter = attempt(make);
  const attemptLater = (work: () => Promise<void> | undefined): Promise<void> | undefined =>
    attempt(work)?.catch(fault);
  return {
    prepare(prompt, filled, signal) {
      return attemptLater(() => drafter?.prepare?.(prompt, filled, signal) ?? undefined);
    },
    draftAhead: (root, room, cost, signal) =>
      attemptLater(() => drafter?.draftAhead?.(root, room, cost, signal)),
    push(token) {
      attempt(() => drafter?.push(token));
    },
    observe(verified) {
      attempt(() => drafter?.observe?.(verified));
    },
    describe: node => attempt(() => drafter?.describe?.(node)),
    draft: (root, room, cost) => {
      const tree = attempt(() => {
        const drafted = drafter?.draft(root, room, cost);
        const problem = drafted && unsound(drafted, root, room, vocabularySize);
        if (problem) throw new Error(problem);
        return drafted;
      });
      return tree ?? plain.draft(root);
    },
  };
}
