/**
 * The tokens that all sources together offer after the nodes of one tree, and how likely each is. After a node, each
 * token is listed once, with the cursor of every source that offers it. Typed arrays, reused at each step.
 */
import type { Calibration } from "./calibration.ts";
import { grown } from "./grown.ts";
import { FEATURE_COUNT, NO_CURSOR, type Offers } from "./source.ts";

/** Most tokens and single offers of one step; further ones are not drafted. */
const MAX_TOKENS = 2048;
const MAX_OFFERS = 4096;
/** Initial capacities: more than most steps need. */
const FEW_TOKENS = 128;
const FEW_OFFERS = 256;
/** The range of a node that was not looked at. */
const NOT_ASKED = -1;

/** An offer's source (by its place in `SOURCE_NAMES`), the probability given to its token, and whether the model generated it. */
export type ReportOffer = (source: number, probability: number, right: boolean) => void;

/** The single offers of a step, in the order they came: what the calibration learns from. */
class OfferList {
  count = 0;
  /** Index of the token in the table. */
  tokens = new Int32Array(FEW_OFFERS);
  /** The source, by its place in `SOURCE_NAMES`. */
  kinds = new Int16Array(FEW_OFFERS);
  /** Rows of `FEATURE_COUNT`. */
  features = new Float32Array(FEW_OFFERS * FEATURE_COUNT);

  /** Adds the `at`-th of a source's offers and returns where its features begin. There must be room. */
  add(token: number, kind: number, features: Float32Array, at: number): number {
    if (this.count === this.tokens.length) this.grow(2 * this.count);
    const offer = this.count++;
    this.tokens[offer] = token;
    this.kinds[offer] = kind;
    const row = offer * FEATURE_COUNT;
    for (let i = 0; i < FEATURE_COUNT; i++) this.features[row + i] = features[at * FEATURE_COUNT + i];
    return row;
  }

  private grow(size: number): void {
    this.tokens = grown(this.tokens, size);
    this.kinds = grown(this.kinds, size);
    this.features = grown(this.features, size * FEATURE_COUNT);
  }
}

/** By node, a range of what was added while it was looked at. */
class NodeRanges {
  readonly first: Int32Array;
  readonly end: Int32Array;

  constructor(nodes: number) {
    this.first = new Int32Array(nodes).fill(NOT_ASKED);
    this.end = new Int32Array(nodes).fill(NOT_ASKED);
  }

  /** Makes all ranges empty, like those of nodes that were not looked at. */
  clear(): void {
    this.first.fill(NOT_ASKED);
    this.end.fill(NOT_ASKED);
  }
}

export class OfferTable {
  /** Tokens offered, over all nodes. */
  count = 0;
  tokens = new Int32Array(FEW_TOKENS);
  /** Probability that the model predicts the token after its node. */
  probabilities = new Float64Array(FEW_TOKENS);
  /** For each token a row of cursors, one for each source. */
  cursors: Int32Array;
  /** The source whose offer weighs most, and that weight. */
  origins = new Int16Array(FEW_TOKENS);
  private weightiest = new Float64Array(FEW_TOKENS);
  /** Sum of the scores of a token's offers: its log odds, before normalisation over all tokens makes it a probability. */
  private scores = new Float64Array(FEW_TOKENS);
  private readonly offers = new OfferList();
  private readonly tokenRanges: NodeRanges;
  private readonly offerRanges: NodeRanges;
  /** By node: its depth in the tree. */
  private readonly depths: Int32Array;

  constructor(
    nodes: number,
    private readonly sources: number,
    private readonly calibration: Calibration,
  ) {
    this.cursors = new Int32Array(FEW_TOKENS * Math.max(1, sources));
    this.tokenRanges = new NodeRanges(nodes);
    this.offerRanges = new NodeRanges(nodes);
    this.depths = new Int32Array(nodes);
  }

  clear(): void {
    this.count = 0;
    this.offers.count = 0;
    this.tokenRanges.clear();
    this.offerRanges.clear();
  }

  /** Begins the offers after a node. */
  begin(node: number, depth: number): void {
    this.depths[node] = depth;
    this.tokenRanges.first[node] = this.count;
    this.offerRanges.first[node] = this.offers.count;
  }

  /** Adds the `at`-th of a source's offers after the node begun last. */
  add(node: number, source: number, kind: number, { tokens, cursors, features }: Offers, at: number): void {
    const { offers } = this;
    if (offers.count >= MAX_OFFERS) return;
    const token = tokens[at];
    let index = this.tokenRanges.first[node];
    while (index < this.count && this.tokens[index] !== token) index++;
    if (index === this.count) {
      if (this.count >= MAX_TOKENS) return;
      if (this.count === this.tokens.length) this.grow(2 * this.count);
      this.count++;
      this.tokens[index] = token;
      this.scores[index] = 0;
      this.weightiest[index] = Number.NEGATIVE_INFINITY;
      this.cursors.fill(NO_CURSOR, index * this.sources, (index + 1) * this.sources);
    }
    const row = offers.add(index, kind, features, at);
    const score = this.calibration.score(kind, offers.features, row);
    this.scores[index] += score;
    if (score > this.weightiest[index]) {
      this.weightiest[index] = score;
      this.origins[index] = source;
    }
    this.cursors[index * this.sources + source] = cursors[at];
  }

  /** Ends the offers after a node and computes their probabilities. Returns the range of its tokens. */
  end(node: number): { first: number; end: number } {
    const first = this.tokenRanges.first[node];
    const end = this.count;
    this.tokenRanges.end[node] = end;
    this.offerRanges.end[node] = this.offers.count;
    // Shifted by the largest score, so that no exponential overflows.
    const none = this.calibration.none(this.depths[node]);
    let most = none;
    for (let i = first; i < end; i++) most = Math.max(most, this.scores[i]);
    let sum = Math.exp(none - most);
    for (let i = first; i < end; i++) {
      this.probabilities[i] = Math.exp(this.scores[i] - most);
      sum += this.probabilities[i];
    }
    for (let i = first; i < end; i++) this.probabilities[i] /= sum;
    return { first, end };
  }

  /** Teaches the calibration what the model generated after a node. Does nothing if the node was not examined. */
  learn(node: number, generated: number): void {
    const { offers, tokenRanges, offerRanges, probabilities, calibration } = this;
    if (tokenRanges.first[node] === NOT_ASKED) return;
    let offered = 0;
    for (let i = tokenRanges.first[node]; i < tokenRanges.end[node]; i++) offered += probabilities[i];
    let found = 0;
    for (let offer = offerRanges.first[node]; offer < offerRanges.end[node]; offer++) {
      const index = offers.tokens[offer];
      const right = this.tokens[index] === generated ? 1 : 0;
      if (right) found = 1;
      const error = right - probabilities[index];
      calibration.learn(offers.kinds[offer], offers.features, offer * FEATURE_COUNT, error);
    }
    calibration.learnNone(this.depths[node], 1 - found - (1 - offered));
  }

  /**
   * The share of a token's probability after a node that is due to one kind of source, from 0 to 1: all of it if no other
   * source offers the token, little if others make it as likely.
   * @param index the place in the table of a token that was offered there
   */
  owedTo(kind: number, node: number, index: number): number {
    const { offers, offerRanges, calibration } = this;
    let own = 0;
    let others = 0;
    let isShared = false;
    for (let offer = offerRanges.first[node]; offer < offerRanges.end[node]; offer++) {
      if (offers.tokens[offer] !== index) continue;
      const isOwn = offers.kinds[offer] === kind;
      const score = calibration.score(offers.kinds[offer], offers.features, offer * FEATURE_COUNT);
      if (isOwn) own += score;
      else others += score;
      isShared ||= !isOwn;
    }
    const none = calibration.none(this.depths[node]);
    const chance = (score: number) => 1 / (1 + Math.exp(none - score));
    return Math.max(0, 1 - (isShared ? chance(others) : 0) / chance(own + others));
  }

  /** Reports each offer after a node, where the model generated `generated`; none if the node was not examined. */
  forEachOffer(node: number, generated: number, report: ReportOffer): void {
    const { offers, offerRanges } = this;
    for (let offer = offerRanges.first[node]; offer < offerRanges.end[node]; offer++) {
      const index = offers.tokens[offer];
      report(offers.kinds[offer], this.probabilities[index], this.tokens[index] === generated);
    }
  }

  private grow(size: number): void {
    this.tokens = grown(this.tokens, size);
    this.origins = grown(this.origins, size);
    for (const name of ["probabilities", "weightiest", "scores"] as const)
      this[name] = grown(this[name], size);
    this.cursors = grown(this.cursors, size * Math.max(1, this.sources));
  }
}
