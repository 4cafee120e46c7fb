/**
 * Drafts the tree of one step: from what the document has said before, as the longest suffixes of the text
 * that occurred earlier and what came after each of them, and from other texts in the same way.
 *
 * Nodes are taken best first, by the probability that the model will walk as far as them. A tree of the n
 * best is expected to yield E(n) = 1 + the sum of their probabilities tokens and costs T(n); it has the n
 * that makes E(n) / T(n) largest. Where that is 1, nothing is speculated.
 */
import { SuffixAutomaton } from "./automaton.ts";
import { type Branch, branches, type Corpus, type CorpusSource } from "./corpus.ts";
import type { TreeDrafter } from "./drafter.ts";
import { firstChance, laterChance } from "./prior.ts";
import { DraftTree } from "./tree.ts";

/** Distinct earlier contexts that are followed; further ones are shorter and less telling. */
const MAX_CONTEXTS = 4;
/** Below this probability a node is not worth a look. */
const LEAST_CHANCE = 0.02;
/** A text repeats itself more than it repeats others: their match has to be longer by so much to go first. */
const OWN_PREFERENCE_TOKENS = 4;
const ROOT = 0;
/** The source that is the document itself. */
const DOCUMENT = -1;

/** A node that could be grown, by whom it was offered, and how it would be followed further. */
interface Candidate {
  readonly chance: number;
  readonly parent: number;
  readonly token: number;
  /** Index of its corpus, or `DOCUMENT`. */
  readonly source: number;
  /** What the same evidence offers behind the node, once the node is there. */
  follow(node: number): void;
}

/** One completion's drafter: fed with every decided token, asked for a tree before each decode. */
export class Drafter implements TreeDrafter {
  readonly tree: DraftTree;
  private readonly automaton: SuffixAutomaton;
  private readonly frontier: Candidate[] = [];
  /** Which source each node of the tree is from. */
  private readonly origin: Int16Array;
  /** By source: time its search took at this step; 0 where it was not asked. */
  private readonly spentMs: Float64Array;
  /** By source: nodes of the tree that the model went along. */
  private readonly accepted: Float64Array;
  /** The node the model has gone as far as; -1 once it has left the tree. */
  private reached = -1;
  /** Milliseconds of a decode of one node, and of each further one of the tree. */
  private singleMs = 0;
  private furtherMs = 0;

  /**
   * @param context tokens before the cursor, oldest first @param maxNodes largest tree, root included
   * @param sources other texts, the nearer first
   */
  constructor(
    context: Int32Array,
    private readonly maxNodes: number,
    private readonly sources: readonly CorpusSource[] = [],
  ) {
    this.tree = new DraftTree(maxNodes);
    this.origin = new Int16Array(maxNodes).fill(DOCUMENT);
    this.accepted = new Float64Array(sources.length);
    this.spentMs = new Float64Array(sources.length);
    this.automaton = new SuffixAutomaton(context.length + 256);
    for (const token of context) this.automaton.extend(token);
  }

  /** Takes note of a decided token. */
  push(token: number): void {
    this.automaton.extend(token);
    if (this.reached < 0) return;
    this.reached = this.tree.child(this.reached, token);
    const source = this.reached < 0 ? DOCUMENT : this.origin[this.reached];
    if (source !== DOCUMENT) this.accepted[source]++;
  }

  /**
   * Fills and returns the tree under `root`, the last decided token.
   * @param room most nodes, root included @param cost milliseconds of a decode of so many nodes
   */
  draft(root: number, room: number, cost: (nodes: number) => number): DraftTree {
    const { tree, frontier } = this;
    this.settle();
    const limit = Math.min(room, this.maxNodes);
    tree.plant(root);
    frontier.length = 0;
    if (limit > 1) this.plantAll();
    const single = cost(1);
    let expected = 1;
    let best = 1;
    let bestRate = 1 / single;
    while (tree.count < limit && frontier.length > 0) {
      const grown = this.growBest();
      if (!grown) continue;
      expected += grown.chance;
      const rate = expected / cost(tree.count);
      if (rate > bestRate) {
        bestRate = rate;
        best = tree.count;
      }
    }
    tree.truncate(best);
    this.reached = ROOT;
    this.singleMs = single;
    this.furtherMs = best > 1 ? (cost(best) - single) / (best - 1) : 0;
    return tree;
  }

  /** Tells the sources what they cost and saved at the last step: a step for each accepted node, less its nodes. */
  private settle(): void {
    const { tree, origin, sources, spentMs, accepted } = this;
    for (const [index, { pace }] of sources.entries()) {
      if (spentMs[index] === 0) continue;
      let nodes = 0;
      for (let node = 1; node < tree.count; node++) if (origin[node] === index) nodes++;
      pace.took(spentMs[index] + nodes * this.furtherMs, accepted[index] * this.singleMs);
    }
    spentMs.fill(0);
    accepted.fill(0);
  }

  /** The first tokens from all evidence, longest match first: each takes of the probability that is left. */
  private plantAll(): void {
    const { automaton, sources, spentMs } = this;
    for (const [index, { corpus, pace }] of sources.entries()) {
      if (!pace.due()) continue;
      const start = performance.now();
      corpus.find(automaton.tokens, automaton.size);
      spentMs[index] = performance.now() - start;
    }
    const ownLength = automaton.matches.count > 0 ? automaton.matches.lengths[0] : 0;
    const goesFirst = (length: number) => length > ownLength + OWN_PREFERENCE_TOKENS;
    let left = this.plantCorpora(1, goesFirst);
    left = this.plantMatches(left);
    this.plantCorpora(left, length => !goesFirst(length));
  }

  /** The first tokens of the corpora that were asked and whose match is chosen. Returns the probability left. */
  private plantCorpora(share: number, chosen: (matchLength: number) => boolean): number {
    let left = share;
    for (const [index, { corpus }] of this.sources.entries())
      if (this.spentMs[index] > 0 && chosen(corpus.matchLength))
        left -= this.plantCorpus(corpus, left, index);
    return left;
  }

  /** The first tokens of all continuations in the document that differ. Returns the probability that is left. */
  private plantMatches(share: number): number {
    const { matches, tokens } = this.automaton;
    const seen: number[] = [];
    let left = share;
    for (let i = 0; i < matches.count && seen.length < MAX_CONTEXTS; i++) {
      const next = matches.nexts[i];
      if (seen.includes(tokens[next])) continue;
      const matchLength = matches.lengths[i];
      const chance = left * (seen.length === 0 ? firstChance(matchLength) : laterChance(matchLength));
      seen.push(tokens[next]);
      left -= chance;
      this.frontier.push(this.inDocument(chance, ROOT, next, matchLength));
    }
    return left;
  }

  /** A node that goes on as the document did at `next`. */
  private inDocument(chance: number, parent: number, next: number, matchLength: number): Candidate {
    const { automaton } = this;
    return {
      chance,
      parent,
      token: automaton.tokens[next],
      source: DOCUMENT,
      follow: node => {
        // Walking on along the same earlier text, the match grows with every token that was right.
        const onward = chance * firstChance(matchLength + 1);
        if (next + 1 < automaton.size && onward >= LEAST_CHANCE)
          this.frontier.push(this.inDocument(onward, node, next + 1, matchLength + 1));
      },
    };
  }

  /** The first tokens of a corpus's continuations. Returns the probability they take together. */
  private plantCorpus(corpus: Corpus, share: number, source: number): number {
    if (corpus.count === 0) return 0;
    const rows = Array.from({ length: corpus.count }, (_, row) => row);
    return this.plantBranches(corpus, source, branches(corpus, rows, 0, share), ROOT);
  }

  /** Offers branches behind a node. Returns the probability they take together. */
  private plantBranches(corpus: Corpus, source: number, offered: readonly Branch[], parent: number): number {
    let taken = 0;
    for (const { chance, token, rows, depth } of offered) {
      taken += chance;
      if (chance < LEAST_CHANCE) continue;
      const follow: Candidate["follow"] = node =>
        void this.plantBranches(corpus, source, branches(corpus, rows, depth, chance), node);
      this.frontier.push({ chance, parent, token, source, follow });
    }
    return taken;
  }

  /** Grows the likeliest candidate and returns it; undefined when its node is there already. */
  private growBest(): Candidate | undefined {
    const { tree, frontier } = this;
    let best = 0;
    for (let i = 1; i < frontier.length; i++) if (frontier[i].chance > frontier[best].chance) best = i;
    const grown = frontier[best];
    frontier[best] = frontier[frontier.length - 1];
    frontier.pop();
    const known = tree.child(grown.parent, grown.token);
    const node = known >= 0 ? known : tree.grow(grown.parent, grown.token);
    grown.follow(node);
    if (known >= 0) return undefined;
    this.origin[node] = grown.source;
    return grown;
  }
}
