/**
 * Draws tokens from logits. One draw uses exactly one random number, whatever the logits, so the n-th decided token
 * of a completion uses the n-th number of its seed, with or without drafts. Drafts are only compared with the drawn
 * tokens, so the text is the same either way.
 */

import { randomNumbers } from "./random.ts";

export interface SamplingOptions {
  /** Divides the logits; 0 takes the most likely token. */
  readonly temperature: number;
  /** Keeps the k most likely tokens; 0 keeps all. */
  readonly topK: number;
  /** Keeps the most likely tokens that together have this probability; 1 keeps all. */
  readonly topP: number;
  /** Drops tokens less likely than this share of the most likely; 0 drops none. */
  readonly minP: number;
  readonly seed: number;
}

export const GREEDY: SamplingOptions = { temperature: 0, topK: 40, topP: 0.95, minP: 0.05, seed: 0 };

/** A request's sampler: the filters in llama.cpp's order (top-k, top-p, min-p), then the temperature. */
export class Sampler {
  private readonly random: () => number;

  constructor(private readonly options: SamplingOptions) {
    const { temperature, topK, topP, minP } = options;
    if (!(temperature >= 0) || !(topK >= 0) || !(topP > 0 && topP <= 1) || !(minP >= 0 && minP < 1))
      throw new RangeError(`sampling with ${JSON.stringify(options)}`);
    this.random = randomNumbers(options.seed);
  }

  /** Draws one token id. */
  sample(logits: Float32Array): number {
    const number = this.random();
    const ids = this.candidates(logits);
    const { temperature } = this.options;
    const most = logits[ids[0]];
    let total = 0;
    const weights = ids.map(id => {
      const weight = temperature > 0 ? Math.exp((logits[id] - most) / temperature) : 0;
      total += weight;
      return weight;
    });
    if (temperature === 0) return ids[0];
    let left = number * total;
    for (const [index, weight] of weights.entries()) {
      left -= weight;
      if (left < 0) return ids[index];
    }
    return ids[ids.length - 1];
  }

  /** The tokens that pass the filters, most likely first, the lower id among equals. */
  private candidates(logits: Float32Array): number[] {
    const { topK, topP, minP } = this.options;
    let largest = Number.NEGATIVE_INFINITY;
    for (let id = 0; id < logits.length; id++) if (logits[id] > largest) largest = logits[id];
    // Tokens that min-p would drop anyway need not be sorted; without min-p, no token is below the threshold.
    const least = minP > 0 && topP === 1 ? largest + Math.log(minP) : Number.NEGATIVE_INFINITY;
    const ids = topK > 0 ? likeliest(logits, topK) : allAbove(logits, least);
    const probabilities = ids.map(id => Math.exp(logits[id] - largest));
    const total = probabilities.reduce((sum, probability) => sum + probability, 0);
    let kept = 0;
    let mass = 0;
    while (kept < ids.length && (kept === 0 || mass < topP * total)) mass += probabilities[kept++];
    while (kept > 1 && probabilities[kept - 1] < minP) kept--;
    ids.length = kept;
    return ids;
  }
}

function allAbove(logits: Float32Array, least: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) if (logits[id] >= least) ids.push(id);
  return ids.sort((a, b) => logits[b] - logits[a] || a - b);
}

/** The `count` most likely ids in order, in one pass: in a large vocabulary hardly any logit enters the short list. */
function likeliest(logits: Float32Array, count: number): number[] {
  const ids: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    if (ids.length === count && logits[id] <= logits[ids[count - 1]]) continue;
    if (ids.length === count) ids.pop();
    let at = ids.length;
    while (at > 0 && logits[ids[at - 1]] < logits[id]) at--;
    ids.splice(at, 0, id);
  }
  return ids;
}
