/**
 * Drafts the tree of one step from all sources together.
 *
 * Nodes are taken best first, by the probability that the model will walk as far as them. A tree of the n
 * best is expected to yield E(n) = 1 + the sum of their probabilities tokens and costs T(n); it has the n
 * that makes E(n) / T(n) largest. Where that is 1, nothing is speculated. (Sequoia, arXiv 2402.12374, sizes
 * its trees by measured costs too, but once and for all; EAGLE-2, arXiv 2406.16858, grows best first to a
 * fixed size.)
 */
import { type Calibration, sourceIndex } from "./calibration.ts";
import type { TreeDrafter, VerifiedTree } from "./drafter.ts";
import type { TokenHistory } from "./history.ts";
import { OfferTable, type TellOffer } from "./offerTable.ts";
import { type DraftSource, NO_CURSOR, Offers, ROOT_CURSOR } from "./source.ts";
import type { SourceThrottle } from "./sourceThrottle.ts";
import type { DraftStatistics } from "./statistics.ts";
import { DraftTree } from "./tree.ts";

const ROOT = 0;
/** Below this probability a node is not worth a look. */
const MIN_CHANCE = 0.01;
/** What a tree must promise to be worth its own making, against a single node. */
const MIN_GAIN = 1.03;
/** Most leaves of a tree, where nobody says otherwise. */
const MAX_LEAVES = 32;

/** A source, and whether asking it pays; without a throttle it is asked at every step. */
export interface ThrottledSource {
  readonly source: DraftSource;
  readonly throttle?: SourceThrottle;
}

interface DrafterDependencies {
  /** The text before the cursor; the drafter adds what is decided. */
  readonly history: TokenHistory;
  readonly sources: readonly ThrottledSource[];
  readonly calibration: Calibration;
  readonly statistics?: DraftStatistics;
  /** Largest tree, root included. */
  readonly maxNodes: number;
  readonly maxLeaves?: number;
  /** Is called with every offer at the nodes the model came by, for measurements. */
  readonly tell?: TellOffer;
}

/** One completion's drafter: fed with every decided token, asked for a tree before each decode. */
export class Drafter implements TreeDrafter {
  readonly tree: DraftTree;
  private readonly table: OfferTable;
  private readonly offers = new Offers();
  /** By node: the token of the table it was made of, its depth, and whether it has a child. */
  private readonly offered: Int32Array;
  private readonly depth: Int32Array;
  private readonly isParent: Uint8Array;
  private leaves = 1;
  /** By token of the table: the node it would follow, and the probability that the model walks as far. */
  private readonly parent: Int32Array;
  private readonly probability: Float64Array;
  private readonly frontier: Int32Array;
  private waiting = 0;
  /** Milliseconds of a decode by its nodes, as far as this step may go. */
  private readonly costs: Float64Array;
  /** By source: whether it was asked at this step, and how long its search took. */
  private readonly searched: Uint8Array;
  private readonly searchMs: Float64Array;
  private readonly kinds: readonly number[];

  constructor(private readonly parts: DrafterDependencies) {
    const { maxNodes, sources, calibration } = parts;
    this.tree = new DraftTree(maxNodes);
    this.table = new OfferTable(maxNodes, sources.length, calibration);
    this.offered = new Int32Array(maxNodes);
    this.depth = new Int32Array(maxNodes);
    this.isParent = new Uint8Array(maxNodes);
    const { length } = this.table.tokens;
    this.parent = new Int32Array(length);
    this.probability = new Float64Array(length);
    this.frontier = new Int32Array(length);
    this.costs = new Float64Array(maxNodes + 1);
    this.searched = new Uint8Array(sources.length);
    this.searchMs = new Float64Array(sources.length);
    this.kinds = sources.map(({ source }) => sourceIndex(source.name));
  }

  prepare(): void {
    for (const { source } of this.parts.sources) source.prepare?.(this.parts.history);
  }

  /** Records a decided token. */
  push(token: number): void {
    this.parts.history.push(token);
  }

  /**
   * Drafts the tree under `root`, the last token pushed (or the context's last).
   * @param room most nodes, root included @param cost milliseconds of a decode of so many nodes
   */
  draft(root: number, room: number, cost: (nodes: number) => number): DraftTree {
    const { tree, costs } = this;
    const limit = Math.min(room, this.parts.maxNodes);
    tree.plant(root);
    this.table.clear();
    this.waiting = 0;
    this.leaves = 1;
    this.depth[ROOT] = 0;
    this.isParent[ROOT] = 0;
    for (let nodes = 1; nodes <= limit; nodes++) costs[nodes] = cost(nodes);
    if (limit > 1) {
      this.search();
      this.look(ROOT, 1);
    }
    let expected = 1;
    let best = 1;
    let bestRate = 1 / costs[1];
    while (tree.count < limit) {
      const probability = this.growBest();
      if (probability === 0) break;
      expected += probability;
      const rate = expected / costs[tree.count];
      if (rate > bestRate * (best === 1 ? MIN_GAIN : 1)) {
        bestRate = rate;
        best = tree.count;
      } else if (!this.mayStillPay(expected, probability, limit, bestRate)) break;
    }
    tree.truncate(best);
    return tree;
  }

  /** Learns from a verified tree: the probabilities of tokens, and what each source is worth. */
  observe(verified: VerifiedTree): void {
    const { tree, path, next } = verified;
    const { table, parts } = this;
    for (const [i, node] of path.entries()) {
      const child = path[i + 1];
      const said = child === undefined ? next : tree.tokens[child];
      if (parts.tell) table.forEachOffer(node, said, parts.tell);
      table.learn(node, said);
    }
    const singleMs = this.costs[1];
    const furtherMs = tree.count > 1 ? (this.costs[tree.count] - singleMs) / (tree.count - 1) : 0;
    for (const [source, { source: evidence, throttle }] of parts.sources.entries()) {
      if (this.searched[source] === 0) continue;
      if (evidence.learn) {
        const start = performance.now();
        evidence.learn(verified);
        this.searchMs[source] += performance.now() - start;
      }
      const proposed = this.fromSource(source, tree.count);
      let accepted = 0;
      for (const node of path) if (node !== ROOT && this.origin(node) === source) accepted++;
      throttle?.record(this.searchMs[source] + proposed * furtherMs, accepted * singleMs);
      parts.statistics?.step(this.kinds[source], proposed, accepted, this.searchMs[source]);
    }
  }

  private search(): void {
    for (const [i, { source, throttle }] of this.parts.sources.entries()) {
      this.searched[i] = throttle === undefined || throttle.isDue() ? 1 : 0;
      if (this.searched[i] === 0) continue;
      const start = performance.now();
      source.search(this.parts.history);
      this.searchMs[i] = performance.now() - start;
    }
  }

  /** Collects what may follow a node, which the model reaches with this probability. */
  private look(node: number, reached: number): void {
    const { table, offers, parts, kinds, searched } = this;
    const path = this.tree.tokens[node];
    table.begin(node, this.depth[node]);
    for (let source = 0; source < parts.sources.length; source++) {
      if (searched[source] === 0) continue;
      const cursor =
        node === ROOT ? ROOT_CURSOR : table.cursors[this.offered[node] * parts.sources.length + source];
      if (cursor === NO_CURSOR) continue;
      offers.clear();
      parts.sources[source].source.children(cursor, path, offers);
      for (let i = 0; i < offers.count; i++) table.add(node, source, kinds[source], offers, i);
    }
    const { first, end } = table.end(node);
    for (let token = first; token < end; token++) {
      const probability = reached * table.probabilities[token];
      if (probability < MIN_CHANCE) continue;
      this.parent[token] = node;
      this.probability[token] = probability;
      this.frontier[this.waiting++] = token;
    }
  }

  /** Grows the most likely of what waits, looks after it, and returns its probability; 0 where nothing waits. */
  private growBest(): number {
    const { frontier, probability, tree, parent } = this;
    const full = this.leaves >= (this.parts.maxLeaves ?? MAX_LEAVES);
    let best = -1;
    for (let i = 0; i < this.waiting; i++) {
      if (full && this.isParent[parent[frontier[i]]] === 1) continue;
      if (best < 0 || probability[frontier[i]] > probability[frontier[best]]) best = i;
    }
    if (best < 0) return 0;
    const token = frontier[best];
    frontier[best] = frontier[--this.waiting];
    const above = parent[token];
    const node = tree.grow(above, this.table.tokens[token]);
    this.leaves += this.isParent[above];
    this.isParent[above] = 1;
    this.isParent[node] = 0;
    this.offered[node] = token;
    this.depth[node] = this.depth[above] + 1;
    this.look(node, probability[token]);
    return probability[token];
  }

  /** Whether any larger tree could beat the best rate, if all further nodes were as likely as the last one. */
  private mayStillPay(expected: number, probability: number, limit: number, bestRate: number): boolean {
    const { count } = this.tree;
    for (let nodes = count + 1; nodes <= limit; nodes++)
      if (expected + (nodes - count) * probability > bestRate * this.costs[nodes]) return true;
    return false;
  }

  private origin(node: number): number {
    return this.table.origins[this.offered[node]];
  }

  private fromSource(source: number, nodes: number): number {
    let count = 0;
    for (let node = 1; node < nodes; node++) if (this.origin(node) === source) count++;
    return count;
  }
}
