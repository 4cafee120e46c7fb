/**
 * What all sources together offer after the nodes of one tree, and how likely each is. After a node, each
 * token stands once, with the cursor of every source that offers it. Typed arrays, used again at each step.
 */
import type { Calibration } from "./calibration.ts";
import { FEATURE_COUNT, NO_CURSOR, type Offers } from "./source.ts";

/** Tokens and single offers of one step; what is beyond is not drafted. */
const MAX_TOKENS = 2048;
const MAX_OFFERS = 4096;

/** An offer's source (by its place in `SOURCE_NAMES`), the probability given to its token, and whether the model generated it. */
export type TellOffer = (source: number, probability: number, right: boolean) => void;

export class OfferTable {
  /** Tokens offered, over all nodes. */
  count = 0;
  readonly tokens = new Int32Array(MAX_TOKENS);
  /** Probability that the model predicts the token after its node. */
  readonly probabilities = new Float64Array(MAX_TOKENS);
  /** For each token a row of cursors, one for each source. */
  readonly cursors: Int32Array;
  /** The source whose offer weighs most, and that weight. */
  readonly origins = new Int16Array(MAX_TOKENS);
  private readonly weightiest = new Float64Array(MAX_TOKENS);
  private readonly scores = new Float64Array(MAX_TOKENS);

  private offers = 0;
  private readonly offerToken = new Int32Array(MAX_OFFERS);
  private readonly offerSource = new Int16Array(MAX_OFFERS);
  private readonly features = new Float32Array(MAX_OFFERS * FEATURE_COUNT);

  /** By node: its tokens and its single offers, as ranges; `asked` where it has been looked at. */
  private readonly asked: Uint8Array;
  private readonly firstToken: Int32Array;
  private readonly endToken: Int32Array;
  private readonly firstOffer: Int32Array;
  private readonly endOffer: Int32Array;
  private readonly depths: Int32Array;

  constructor(
    nodes: number,
    readonly sources: number,
    private readonly calibration: Calibration,
  ) {
    this.cursors = new Int32Array(MAX_TOKENS * Math.max(1, sources));
    this.asked = new Uint8Array(nodes);
    const perNode = () => new Int32Array(nodes);
    this.firstToken = perNode();
    this.endToken = perNode();
    this.firstOffer = perNode();
    this.endOffer = perNode();
    this.depths = perNode();
  }

  clear(): void {
    this.count = 0;
    this.offers = 0;
    this.asked.fill(0);
  }

  /** Begins the offers after a node. */
  begin(node: number, depth: number): void {
    this.asked[node] = 1;
    this.depths[node] = depth;
    this.firstToken[node] = this.count;
    this.firstOffer[node] = this.offers;
  }

  /** Adds the `at`-th of a source's offers after the node begun last. */
  add(node: number, source: number, kind: number, { tokens, cursors, features }: Offers, at: number): void {
    if (this.offers >= MAX_OFFERS) return;
    const token = tokens[at];
    let index = this.firstToken[node];
    while (index < this.count && this.tokens[index] !== token) index++;
    if (index === this.count) {
      if (this.count >= MAX_TOKENS) return;
      this.count++;
      this.tokens[index] = token;
      this.scores[index] = 0;
      this.weightiest[index] = Number.NEGATIVE_INFINITY;
      this.cursors.fill(NO_CURSOR, index * this.sources, (index + 1) * this.sources);
    }
    const offer = this.offers++;
    this.offerToken[offer] = index;
    this.offerSource[offer] = kind;
    const row = offer * FEATURE_COUNT;
    for (let i = 0; i < FEATURE_COUNT; i++) this.features[row + i] = features[at * FEATURE_COUNT + i];
    const score = this.calibration.score(kind, this.features, row);
    this.scores[index] += score;
    if (score > this.weightiest[index]) {
      this.weightiest[index] = score;
      this.origins[index] = source;
    }
    this.cursors[index * this.sources + source] = cursors[at];
  }

  /** Ends the offers after a node: their probabilities are known now. Returns the range of its tokens. */
  end(node: number): { first: number; end: number } {
    const first = this.firstToken[node];
    const end = this.count;
    this.endToken[node] = end;
    this.endOffer[node] = this.offers;
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

  /** Teaches the calibration what the model generated after a node. Nothing where the node was not looked at. */
  learn(node: number, said: number): void {
    if (this.asked[node] === 0) return;
    let offered = 0;
    for (let i = this.firstToken[node]; i < this.endToken[node]; i++) offered += this.probabilities[i];
    let found = 0;
    for (let offer = this.firstOffer[node]; offer < this.endOffer[node]; offer++) {
      const index = this.offerToken[offer];
      const right = this.tokens[index] === said ? 1 : 0;
      if (right) found = 1;
      this.calibration.learn(
        this.offerSource[offer],
        this.features,
        offer * FEATURE_COUNT,
        right - this.probabilities[index],
      );
    }
    this.calibration.learnNone(this.depths[node], 1 - found - (1 - offered));
  }

  /** Reports each offer after a node, of which the model generated `said`. */
  forEachOffer(node: number, said: number, tell: TellOffer): void {
    if (this.asked[node] === 0) return;
    for (let offer = this.firstOffer[node]; offer < this.endOffer[node]; offer++) {
      const index = this.offerToken[offer];
      tell(this.offerSource[offer], this.probabilities[index], this.tokens[index] === said);
    }
  }
}
