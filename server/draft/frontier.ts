/** The tokens that may be added next, each under a node of the tree, with the probability that the model's path reaches it. */
import { grown } from "./grown.ts";

const NONE = -1;
/** Initial capacity, in tokens. */
const FEW_TOKENS = 128;

export class Frontier {
  /** Number of waiting tokens: the first ones of `waiting`. */
  private count = 0;
  /** Indices of the offer table. */
  private waiting = new Int32Array(FEW_TOKENS);
  /** By token of the table: the node it would follow. */
  private parents = new Int32Array(FEW_TOKENS);
  /** By token of the table: the probability that the model's path reaches it. */
  private probabilities = new Float64Array(FEW_TOKENS);

  clear(): void {
    this.count = 0;
  }

  add(token: number, parent: number, probability: number): void {
    // No more tokens can wait than the table has.
    if (token >= this.parents.length) {
      this.waiting = grown(this.waiting, 2 * token);
      this.parents = grown(this.parents, 2 * token);
      this.probabilities = grown(this.probabilities, 2 * token);
    }
    this.parents[token] = parent;
    this.probabilities[token] = probability;
    this.waiting[this.count++] = token;
  }

  /**
   * Takes out the most likely token; -1 where none waits.
   * @param barred by node: 1 for a parent that may not get a child; absent: all parents may
   */
  takeBest(barred: Uint8Array | undefined): number {
    const { waiting, parents, probabilities } = this;
    let best = NONE;
    for (let i = 0; i < this.count; i++) {
      if (barred && barred[parents[waiting[i]]] === 1) continue;
      if (best === NONE || probabilities[waiting[i]] > probabilities[waiting[best]]) best = i;
    }
    if (best === NONE) return NONE;
    const token = waiting[best];
    waiting[best] = waiting[--this.count];
    return token;
  }

  parentOf(token: number): number {
    return this.parents[token];
  }

  probabilityOf(token: number): number {
    return this.probabilities[token];
  }
}
