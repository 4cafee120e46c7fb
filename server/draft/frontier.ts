/** The tokens that may be grown next, each under a node of the tree, with the probability that the model comes by. */

const NONE = -1;

export class Frontier {
  /** Tokens that wait: the first so many of `waiting`. */
  private count = 0;
  /** Indices of the offer table. */
  private readonly waiting: Int32Array;
  /** By token of the table: the node it would follow. */
  private readonly parents: Int32Array;
  /** By token of the table: the probability that the model walks as far. */
  private readonly probabilities: Float64Array;

  /** @param tokens most tokens of the table */
  constructor(tokens: number) {
    this.waiting = new Int32Array(tokens);
    this.parents = new Int32Array(tokens);
    this.probabilities = new Float64Array(tokens);
  }

  clear(): void {
    this.count = 0;
  }

  add(token: number, parent: number, probability: number): void {
    this.parents[token] = parent;
    this.probabilities[token] = probability;
    this.waiting[this.count++] = token;
  }

  /**
   * Takes out the most likely token; -1 where none waits.
   * @param barred by node: 1 under parents where nothing may be grown; absent: all may
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
