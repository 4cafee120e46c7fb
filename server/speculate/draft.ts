/**
 * Drafts the tree of one step from what the document has said before: the longest suffixes of the text
 * that occurred earlier, followed by what came after each of them.
 *
 * Nodes are taken best first, by the probability that the model will walk as far as them. A tree of the n
 * best is expected to yield E(n) = 1 + the sum of their probabilities tokens and costs T(n); it has the n
 * that makes E(n) / T(n) largest. Where that is 1, nothing is speculated.
 */
import { SuffixAutomaton } from "./automaton.ts";
import { firstChance, laterChance } from "./prior.ts";
import { DraftTree } from "./tree.ts";

/** Distinct earlier contexts that are followed; further ones are shorter and less telling. */
const MAX_CONTEXTS = 4;
/** Below this probability a node is not worth a look. */
const LEAST_CHANCE = 0.02;
const ROOT = 0;

/** Where an earlier text may be followed further. */
interface Candidate {
  readonly chance: number;
  readonly parent: number;
  /** Index into the automaton's tokens. */
  readonly next: number;
  readonly matchLength: number;
}

/** What drafts the trees of one completion. */
export interface TreeDrafter {
  /** Takes note of a decided token. */
  push(token: number): void;
  /** Fills and returns the tree under `root`, the last decided token, of at most `room` nodes, root included. */
  draft(root: number, room: number, cost: (nodes: number) => number): DraftTree;
}

/** One completion's drafter: fed with every decided token, asked for a tree before each decode. */
export class Drafter implements TreeDrafter {
  readonly tree: DraftTree;
  private readonly automaton: SuffixAutomaton;
  private readonly frontier: Candidate[] = [];

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
   * Fills and returns the tree under `root`, the last decided token.
   * @param room most nodes, root included @param cost milliseconds of a decode of so many nodes
   */
  draft(root: number, room: number, cost: (nodes: number) => number): DraftTree {
    const { tree, frontier } = this;
    const limit = Math.min(room, this.maxNodes);
    tree.plant(root);
    frontier.length = 0;
    if (limit > 1) this.plantMatches();
    let expected = 1;
    let best = 1;
    let bestRate = 1 / cost(1);
    while (tree.count < limit && frontier.length > 0) {
      const added = this.growBest();
      if (added === undefined) continue;
      expected += added;
      const rate = expected / cost(tree.count);
      if (rate > bestRate) {
        bestRate = rate;
        best = tree.count;
      }
    }
    tree.truncate(best);
    return tree;
  }

  /** The first tokens of all continuations that differ. */
  private plantMatches(): void {
    const { matches, tokens } = this.automaton;
    const seen: number[] = [];
    let left = 1;
    for (let i = 0; i < matches.count && seen.length < MAX_CONTEXTS; i++) {
      const next = matches.nexts[i];
      const matchLength = matches.lengths[i];
      if (seen.includes(tokens[next])) continue;
      const chance = left * (seen.length === 0 ? firstChance(matchLength) : laterChance(matchLength));
      seen.push(tokens[next]);
      left -= chance;
      this.frontier.push({ chance, parent: ROOT, next, matchLength });
    }
  }

  /** Grows the likeliest candidate and returns its probability; undefined when its node is there already. */
  private growBest(): number | undefined {
    const { tree, frontier, automaton } = this;
    let best = 0;
    for (let i = 1; i < frontier.length; i++) if (frontier[i].chance > frontier[best].chance) best = i;
    const { chance, parent, next, matchLength } = frontier[best];
    const known = tree.child(parent, automaton.tokens[next]);
    const node = known >= 0 ? known : tree.grow(parent, automaton.tokens[next]);
    // Walking on along the same earlier text, the match grows with every token that was right.
    const onward = chance * firstChance(matchLength + 1);
    if (next + 1 < automaton.size && onward >= LEAST_CHANCE)
      frontier[best] = { chance: onward, parent: node, next: next + 1, matchLength: matchLength + 1 };
    else {
      frontier[best] = frontier[frontier.length - 1];
      frontier.pop();
    }
    return known >= 0 ? undefined : chance;
  }
}
