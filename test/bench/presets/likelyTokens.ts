/** The tokens a model last found most likely after one token and after two, with their shares of the ten. */
import type { VerifiedTree } from "../../../server/draft/index.ts";
import { PREDICTED, type PromptPredictions } from "./promptPredictions.ts";

const ROOT = 0;

export interface Likely {
  readonly token: number;
  /** Shares of the probability of all of them together. */
  readonly share: number;
}

export class LikelyTokens {
  private readonly afterOne = new Map<number, readonly Likely[]>();
  /** By the first token, then the second. */
  private readonly afterTwo = new Map<number, Map<number, readonly Likely[]>>();
  private readonly ids = new Int32Array(PREDICTED);
  private readonly logits = new Float32Array(PREDICTED);

  /** The tokens likely after `token`, the most likely first; empty if none are known. */
  after(token: number, previous: number | undefined): readonly Likely[] {
    const two = previous === undefined ? undefined : this.afterTwo.get(previous)?.get(token);
    return two ?? this.afterOne.get(token) ?? [];
  }

  /** Learns from all nodes of a tree. @param before the token before the root; undefined if nothing is to be learned from it */
  learn({ tree, top }: VerifiedTree, before: number | undefined): void {
    const { ids, logits } = this;
    for (let node = 0; node < tree.count; node++) {
      const count = top(node, PREDICTED, ids, logits);
      const previous = node === ROOT ? before : tree.tokens[tree.parents[node] as number];
      this.put(previous, tree.tokens[node] as number, ids.subarray(0, count), logits);
    }
  }

  learnPrompt({ tokens, ids, logits }: PromptPredictions): void {
    for (const [i, token] of tokens.entries()) {
      const [at, end] = [PREDICTED * i, PREDICTED * (i + 1)];
      const known = ids.subarray(at, end).filter(id => id >= 0);
      this.put(i === 0 ? undefined : tokens[i - 1], token, known, logits.subarray(at, end));
    }
  }

  private put(previous: number | undefined, token: number, ids: Int32Array, logits: Float32Array): void {
    const largest = logits[0] as number;
    const weights = Array.from(ids, (_, i) => Math.exp((logits[i] as number) - largest));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const likely = Array.from(ids, (id, i) => ({ token: id, share: (weights[i] as number) / sum }));
    this.afterOne.set(token, likely);
    if (previous === undefined) return;
    const second = this.afterTwo.get(previous) ?? new Map<number, readonly Likely[]>();
    second.set(token, likely);
    this.afterTwo.set(previous, second);
  }
}
