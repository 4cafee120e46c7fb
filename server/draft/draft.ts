/**
 * Drafts the tree of one step from all sources together.
 *
 * Nodes are added best first, by the probability that the model's own path reaches them. A tree of the n best nodes is
 * expected to yield E(n) = 1 + the sum of their probabilities tokens and costs T(n); n is chosen to make E(n) / T(n)
 * largest. If that n is 1, nothing is drafted. (Sequoia, arXiv 2402.12374, also sizes its trees by measured costs, but
 * only once; EAGLE-2, arXiv 2406.16858, grows best first to a fixed size.)
 */
import type { Calibration } from "./calibration.ts";
import type { DraftedNode, TreeDrafter } from "./drafter.ts";
import { Frontier } from "./frontier.ts";
import type { TokenHistory } from "./history.ts";
import { OfferTable, type ReportOffer } from "./offerTable.ts";
import { describeTokens, NO_CURSOR, Offers, ROOT_CURSOR } from "./source.ts";
import { SourceSearches, type ThrottledSource } from "./sourceSearches.ts";
import type { DraftStatistics } from "./statistics.ts";
import type { TokenTexts } from "./tokenTexts.ts";
import { DraftTree, type VerifiedTree } from "./tree.ts";

const ROOT = 0;
/** Below this probability a node is not worth a look. */
const MIN_PROBABILITY = 0.01;
/**
 * Weight of a further expected token when a larger tree is compared with a smaller one: the chosen tree is more often
 * overestimated than underestimated, and the text of a larger tree comes later.
 */
const DOUBTED = 0.9;
/** Most leaves of a tree by default. */
const MAX_LEAVES = 32;

interface DrafterDependencies {
  /** The text before the cursor; the drafter adds the decided tokens. */
  readonly history: TokenHistory;
  readonly sources: readonly ThrottledSource[];
  readonly calibration: Calibration;
  /** Distinguishes kinds of tokens; absent: all are alike. */
  readonly texts?: TokenTexts;
  readonly statistics?: DraftStatistics;
  /** Largest tree, root included. */
  readonly maxNodes: number;
  readonly maxLeaves?: number;
  /** Called with every offer at the nodes on the model's path, for measurements. */
  readonly onOffer?: ReportOffer;
}

/** One completion's drafter: fed with every decided token, asked for a tree before each decode. */
export class Drafter implements TreeDrafter {
  readonly tree: DraftTree;
  private readonly table: OfferTable;
  private readonly searches: SourceSearches;
  private readonly frontier: Frontier;
  private readonly offers = new Offers();
  /** By node: the token of the table it was made of, its depth, and whether it has a child. */
  private readonly offered: Int32Array;
  private readonly depth: Int32Array;
  private readonly isParent: Uint8Array;
  private leaves = 1;
  /** Milliseconds of a decode by its number of nodes, up to the limit of this step. */
  private readonly costs: Float64Array;
  /** Results of `draftAhead` for the next `draft`: sources are chosen already; the tree is final already. */
  private isDecided = false;
  private isDrafted = false;

  constructor(private readonly parts: DrafterDependencies) {
    const { maxNodes, sources, calibration, statistics } = parts;
    this.tree = new DraftTree(maxNodes);
    this.table = new OfferTable(maxNodes, sources.length, calibration);
    this.searches = new SourceSearches(sources, statistics);
    this.frontier = new Frontier();
    this.offered = new Int32Array(maxNodes);
    this.depth = new Int32Array(maxNodes);
    this.isParent = new Uint8Array(maxNodes);
    this.costs = new Float64Array(maxNodes + 1);
  }

  prepare(prompt: Int32Array, filled: Promise<unknown>, signal: AbortSignal): Promise<void> | undefined {
    return this.searches.prepare(this.parts.history, prompt, filled, signal);
  }

  /** Records a decided token. */
  push(token: number): void {
    this.parts.history.push(token);
    this.searches.push(token);
  }

  /** Lets the sources that search ahead compute; they are told how good the others' tree is. */
  draftAhead(
    root: number,
    room: number,
    cost: (nodes: number) => number,
    signal: AbortSignal,
  ): Promise<void> | undefined {
    this.isDecided = true;
    this.isDrafted = false;
    if (!this.searches.decide() || Math.min(room, this.parts.maxNodes) < 2) return undefined;
    const rate = this.growTree(root, room, cost);
    return this.searches.searchAhead({ room, cost, rate }, signal).then(hasFound => {
      this.isDrafted = !hasFound;
    });
  }

  /**
   * Drafts the tree under `root`, the last token pushed (or the context's last).
   * @param room most nodes, root included @param cost milliseconds of a decode of so many nodes
   */
  draft(root: number, room: number, cost: (nodes: number) => number): DraftTree {
    if (!this.isDecided) this.searches.decide();
    if (!this.isDrafted) this.growTree(root, room, cost);
    this.isDecided = false;
    this.isDrafted = false;
    return this.tree;
  }

  /** Makes the tree from what the sources offer. Returns its expected tokens per millisecond. */
  private growTree(root: number, room: number, cost: (nodes: number) => number): number {
    const { tree, costs } = this;
    const limit = Math.min(room, this.parts.maxNodes);
    tree.plant(root);
    this.table.clear();
    this.frontier.clear();
    this.leaves = 1;
    this.depth[ROOT] = 0;
    this.isParent[ROOT] = 0;
    for (let nodes = 1; nodes <= limit; nodes++) costs[nodes] = cost(nodes);
    if (limit > 1) {
      this.searches.search(this.parts.history);
      this.look(ROOT, 1);
    }
    let expected = 1;
    let best = { nodes: 1, expected, rate: 1 / costs[1] };
    while (tree.count < limit) {
      const probability = this.growBest();
      if (probability === 0) break;
      expected += probability;
      const nodes = tree.count;
      const doubted = best.expected + DOUBTED * (expected - best.expected);
      if (doubted > best.rate * costs[nodes]) best = { nodes, expected, rate: expected / costs[nodes] };
      else if (!this.mayStillPay(expected, probability, limit, best.rate)) break;
    }
    tree.truncate(best.nodes);
    return best.rate;
  }

  /** Learns from a verified tree: the probabilities of tokens, and what each source is worth. */
  observe(verified: VerifiedTree): void {
    const { tree, path, next } = verified;
    const { table, parts, searches } = this;
    for (const [i, node] of path.entries()) {
      const child = path[i + 1];
      const generated = child === undefined ? next : tree.tokens[child];
      if (parts.onOffer) table.forEachOffer(node, generated, parts.onOffer);
      table.learn(node, generated);
    }
    const singleMs = this.costs[1];
    const furtherMs = tree.count > 1 ? (this.costs[tree.count] - singleMs) / (tree.count - 1) : 0;
    for (let source = 0; source < searches.count; source++) {
      if (!searches.askedAt(source)) continue;
      let proposed = 0;
      let accepted = 0;
      for (let node = 1; node < tree.count; node++) if (this.origin(node) === source) proposed++;
      for (const node of path) if (node !== ROOT && this.origin(node) === source) accepted++;
      // Only a throttle needs to know what the source saves; some sources have none.
      const saved = parts.sources[source].throttle ? this.decodesSavedBy(source, verified) : 0;
      const [costMs, savedMs] = [proposed * furtherMs, saved * singleMs];
      const yielded = { proposed, accepted, costMs, savedMs, decodeMs: singleMs };
      searches.settle(source, verified, yielded);
    }
  }

  /** Each accepted node saves one decode; a source is credited with the share that the others would not have drafted. */
  private decodesSavedBy(source: number, { tree, path }: VerifiedTree): number {
    const kind = this.searches.kinds[source];
    let saved = 0;
    for (const node of path)
      if (node !== ROOT) saved += this.table.owedTo(kind, tree.parents[node], this.offered[node]);
    return saved;
  }

  describe(node: number): DraftedNode | undefined {
    if (node === ROOT) return undefined;
    const source = this.parts.sources[this.origin(node)].source.name;
    return { source, probability: this.frontier.probabilityOf(this.offered[node]) };
  }

  /** Collects what may follow a node, which the model reaches with this probability. */
  private look(node: number, reached: number): void {
    const { table, offers, searches, frontier } = this;
    const { texts } = this.parts;
    const path = this.tree.tokens[node];
    table.begin(node, this.depth[node]);
    for (let i = 0; i < searches.count; i++) {
      const source = searches.askedAt(i);
      if (!source) continue;
      const cursor = node === ROOT ? ROOT_CURSOR : table.cursors[this.offered[node] * searches.count + i];
      if (cursor === NO_CURSOR) continue;
      offers.clear();
      source.children(cursor, path, offers);
      if (texts) describeTokens(offers, path, texts);
      for (let at = 0; at < offers.count; at++) table.add(node, i, searches.kinds[i], offers, at);
    }
    const { first, end } = table.end(node);
    for (let token = first; token < end; token++) {
      const probability = reached * table.probabilities[token];
      if (probability >= MIN_PROBABILITY) frontier.add(token, node, probability);
    }
  }

  /** Adds the most likely waiting token as a node, collects its successors, and returns its probability; 0 if none waits. */
  private growBest(): number {
    const { frontier, tree } = this;
    // A further child of a parent adds a leaf; the first child of a leaf does not.
    const isFull = this.leaves >= (this.parts.maxLeaves ?? MAX_LEAVES);
    const token = frontier.takeBest(isFull ? this.isParent : undefined);
    if (token < 0) return 0;
    const parent = frontier.parentOf(token);
    const probability = frontier.probabilityOf(token);
    const node = tree.grow(parent, this.table.tokens[token]);
    this.leaves += this.isParent[parent];
    this.isParent[parent] = 1;
    this.isParent[node] = 0;
    this.offered[node] = token;
    this.depth[node] = this.depth[parent] + 1;
    this.look(node, probability);
    return probability;
  }

  /** Whether any larger tree could beat the best rate, if all further nodes were as likely as the last one. */
  private mayStillPay(expected: number, probability: number, limit: number, bestRate: number): boolean {
    const { count } = this.tree;
    for (let nodes = count + 1; nodes <= limit; nodes++)
      if (expected + (nodes - count) * probability > bestRate * this.costs[nodes]) return true;
    return false;
  }

  /** The source whose offer weighed most for a node. */
  private origin(node: number): number {
    return this.table.origins[this.offered[node]];
  }
}
