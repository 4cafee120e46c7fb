/**
 * Drafts the tree of one step from what the document has said before: the longest suffixes of the text
 * that occurred earlier, followed by what came after each of them.
 */
import { SuffixAutomaton } from "./automaton.ts";
import { DraftTree } from "./tree.ts";

/** Distinct earlier contexts that are followed; further ones are shorter and less telling. */
const MAX_CONTEXTS = 4;

/** One completion's drafter: fed with every decided token, asked for a tree before each decode. */
export class Drafter {
  readonly tree: DraftTree;
  private readonly automaton: SuffixAutomaton;

  /** @param context tokens before the cursor, oldest first @param maxNodes largest tree, root included */
  constructor(
    context: Int32Array,
    private readonly maxNodes: number,
  ) {
    this.tree = new DraftTree(maxNodes);
    this.automaton = new SuffixAutomaton(context.length + 256);
    for (const token of context) this.automaton.extend(token);
  }

  /** Takes note of a decided token. */
  push(token: number): void {
    this.automaton.extend(token);
  }

  /**
   * Fills and returns the tree under `root`, the last decided token (already pushed, if it is text), with
   * at most `room` nodes in all.
   */
  draft(root: number, room: number): DraftTree {
    const { tree, automaton } = this;
    const { matches } = automaton;
    tree.plant(root);
    const limit = Math.min(room, this.maxNodes);
    const contexts = Math.min(matches.count, MAX_CONTEXTS);
    for (let i = 0; i < contexts && tree.count < limit; i++)
      this.follow(matches.nexts[i], draftLength(matches.lengths[i]), limit);
    return tree;
  }

  private follow(from: number, length: number, limit: number): void {
    const { tree, automaton } = this;
    const end = Math.min(from + length, automaton.size);
    let node = 0;
    for (let i = from; i < end; i++) {
      const token = automaton.tokens[i];
      const known = tree.child(node, token);
      if (known < 0 && tree.count >= limit) return;
      node = known >= 0 ? known : tree.grow(node, token);
    }
  }
}

/** A long match speaks for a long copy; a single equal token hardly for anything. */
function draftLength(matchLength: number): number {
  return matchLength < 2 ? 1 : Math.min(2 * matchLength, 16);
}
