/**
 * How likely the model is to generate what the sources offer: a conditional logit model (McFadden 1974) over the
 * tokens offered after one node, with "none of them" as a further choice. A token's score is the sum, over
 * the sources that offer it, of their weights times their features; its probability is its share of the
 * exponentials. So agreement between sources raises a token's probability, tokens compete, and the probabilities
 * after a node never add up to more than one. For a single source with a single token it is logistic regression.
 *
 * The weights begin as fitted on held-out code (`prior.ts`) and follow what the model is seen to generate: after
 * each verification one step of gradient descent on the log-likelihood, pulled back towards the prior and
 * bounded, so that an unusual document does not spoil them.
 */
import { PRIOR_WEIGHTS } from "./prior.ts";
import { FEATURE_COUNT, log2Of, type Offers, SOURCE_NAMES, type SourceName } from "./source.ts";

/** Raised when features change their meaning: weights learned for the old ones are useless. */
export const CALIBRATION_VERSION = 2;

/** Weights of "none of them": a bias, and by the binary logarithm of the depth. */
const NONE_FEATURES = 2;
const WEIGHT_COUNT = SOURCE_NAMES.length * FEATURE_COUNT + NONE_FEATURES;
const NONE = SOURCE_NAMES.length * FEATURE_COUNT;

interface CalibrationOptions {
  /** Weights to begin with and to be pulled back to. */
  readonly prior: readonly number[];
  /** Weight of one observation. */
  readonly rate: number;
  /** Share of the way back to the prior that each observation takes. */
  readonly pull: number;
  /** Largest distance of a weight from the prior. */
  readonly bound: number;
}

const ONLINE: CalibrationOptions = { prior: PRIOR_WEIGHTS, rate: 0.003, pull: 1e-4, bound: 2 };

export interface SavedCalibration {
  readonly version: number;
  readonly weights: readonly number[];
}

export const sourceIndex = (name: SourceName): number => SOURCE_NAMES.indexOf(name);

export class Calibration {
  private readonly weights: Float64Array;

  private readonly options: CalibrationOptions;

  /** @param options what differs from learning in normal use */
  constructor(options: Partial<CalibrationOptions> = {}) {
    this.options = { ...ONLINE, ...options };
    const { length } = this.options.prior;
    if (length !== WEIGHT_COUNT)
      throw new RangeError(`a prior of ${length} weights, expected ${WEIGHT_COUNT}`);
    this.weights = Float64Array.from(this.options.prior);
  }

  /** What a source's offer adds to the score of its token; `features` begin at `at`. */
  score(source: number, features: Float32Array, at: number): number {
    const { weights } = this;
    const base = source * FEATURE_COUNT;
    let sum = 0;
    for (let i = 0; i < FEATURE_COUNT; i++) sum += weights[base + i] * features[at + i];
    return sum;
  }

  /** The score of "none of them" after a node of this depth. */
  none(depth: number): number {
    return this.weights[NONE] + this.weights[NONE + 1] * log2Of(depth);
  }

  /** The probability of the first of some offers after a node of this depth, if there were no other source. */
  chanceOfFirst(source: number, { count, features }: Offers, depth: number): number {
    const first = this.score(source, features, 0);
    let sum = 1 + Math.exp(this.none(depth) - first);
    for (let at = 1; at < count; at++)
      sum += Math.exp(this.score(source, features, at * FEATURE_COUNT) - first);
    return 1 / sum;
  }

  /**
   * Learns from one offer of a token.
   * @param error 1 if the model generated the token, else 0, less the probability that was given to it
   */
  learn(source: number, features: Float32Array, at: number, error: number): void {
    const base = source * FEATURE_COUNT;
    for (let i = 0; i < FEATURE_COUNT; i++)
      if (features[at + i] !== 0) this.move(base + i, error * features[at + i]);
  }

  /** Learns from whether the model generated something that no source had offered, as `learn` does from an offer. */
  learnNone(depth: number, error: number): void {
    this.move(NONE, error);
    this.move(NONE + 1, error * log2Of(depth));
  }

  save(): SavedCalibration {
    return {
      version: CALIBRATION_VERSION,
      weights: Array.from(this.weights, w => Math.round(w * 1e4) / 1e4),
    };
  }

  /** Restores saved weights; false, without any change, if they are of another version or not a calibration. */
  restore(saved: unknown): boolean {
    const { version, weights } = (saved ?? {}) as Partial<SavedCalibration>;
    if (version !== CALIBRATION_VERSION || !Array.isArray(weights) || weights.length !== WEIGHT_COUNT)
      return false;
    const sound = (weight: unknown, i: number) =>
      typeof weight === "number" && Math.abs(weight - this.options.prior[i]) <= this.options.bound + 1e-3;
    if (!weights.every(sound)) return false;
    this.weights.set(weights);
    return true;
  }

  private move(index: number, gradient: number): void {
    const { rate, pull, bound } = this.options;
    const prior = this.options.prior[index];
    const moved = this.weights[index] + rate * gradient;
    const drawn = moved + pull * (prior - moved);
    this.weights[index] = Math.min(prior + bound, Math.max(prior - bound, drawn));
  }
}
