/**
 * Token Recycling (arXiv 2408.08696): when a token occurs again, the tokens that the model found most likely after it the last
 * time are offered. Here they are also remembered for the last two tokens, which is more precise, each with the model's
 * probability. Only as many are drafted as the tree's size allows; the paper fills a fixed tree of 80 nodes.
 */

import type { TokenHistory } from "../history.ts";
import { type DraftSource, Feature, log2Of, type Offers, ROOT_CURSOR } from "../source.ts";
import type { VerifiedTree } from "../tree.ts";

/** Successors kept of each context, as in the paper. */
const SUCCESSORS = 8;
/** Pairs of tokens that are remembered; a newer pair takes the place of an older one with the same hash. */
const PAIRS = 1 << 15;
/** Less likely successors are not offered. */
const MIN_SHARE = 0.005;

/** What is remembered, from completion to completion; one for each loaded model. */
export class RecycledTokens {
  private readonly single: Int32Array;
  private readonly singleShare: Float32Array;
  private readonly pair = new Int32Array(PAIRS * SUCCESSORS);
  private readonly pairShare = new Float32Array(PAIRS * SUCCESSORS);
  private readonly pairFirst = new Int32Array(PAIRS).fill(-1);
  private readonly pairSecond = new Int32Array(PAIRS);
  private readonly ids = new Int32Array(SUCCESSORS);
  private readonly logits = new Float32Array(SUCCESSORS);

  constructor(private readonly vocabularySize: number) {
    this.single = new Int32Array(vocabularySize * SUCCESSORS).fill(-1);
    this.singleShare = new Float32Array(vocabularySize * SUCCESSORS);
  }

  /** Remembers what the model predicts after the accepted nodes of a tree. @param before the token before the root */
  learn({ tree, path, top }: VerifiedTree, before: number): void {
    let previous = before;
    for (const node of path) {
      const token = tree.tokens[node];
      const count = top(node, SUCCESSORS, this.ids, this.logits);
      if (token >= 0 && token < this.vocabularySize) {
        this.write(this.single, this.singleShare, token, count);
        const slot = this.slot(previous, token);
        this.pairFirst[slot] = previous;
        this.pairSecond[slot] = token;
        this.write(this.pair, this.pairShare, slot, count);
      }
      previous = token;
    }
  }

  /** Offers the successors of `token` after `previous`. */
  offer(previous: number, token: number, offers: Offers): void {
    if (token < 0 || token >= this.vocabularySize) return;
    const slot = this.slot(previous, token);
    const known = this.pairFirst[slot] === previous && this.pairSecond[slot] === token;
    const ids = known ? this.pair : this.single;
    const shares = known ? this.pairShare : this.singleShare;
    const start = (known ? slot : token) * SUCCESSORS;
    for (let i = start; i < start + SUCCESSORS; i++) {
      if (ids[i] < 0 || shares[i] < MIN_SHARE) return;
      // The cursor after a successor is the token before it.
      const at = offers.add(ids[i], cursorOf(token));
      if (at < 0) return;
      offers.features[at + Feature.matchLength] = log2Of(known ? 2 : 1);
      offers.features[at + Feature.share] = Math.log2(shares[i]);
    }
  }

  /** Keeps the most likely tokens with their probabilities among themselves. */
  private write(ids: Int32Array, shares: Float32Array, row: number, count: number): void {
    const start = row * SUCCESSORS;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += Math.exp(this.logits[i] - this.logits[0]);
    for (let i = 0; i < SUCCESSORS; i++) {
      ids[start + i] = i < count ? this.ids[i] : -1;
      shares[start + i] = i < count ? Math.exp(this.logits[i] - this.logits[0]) / sum : 0;
    }
  }

  private slot(first: number, second: number): number {
    const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
    return ((mixed ^ (mixed >>> 15)) >>> 0) & (PAIRS - 1);
  }
}

/** Cursors name the token before the one that is asked about; they begin after `ROOT_CURSOR`. */
const cursorOf = (previous: number) => ROOT_CURSOR + 1 + previous;

export class RecyclingSource implements DraftSource {
  readonly name = "recycling";
  private history: TokenHistory | undefined;

  constructor(private readonly recycled: RecycledTokens) {}

  search(history: TokenHistory): void {
    this.history = history;
  }

  children(cursor: number, path: number, offers: Offers): void {
    const previous = cursor === ROOT_CURSOR ? this.beforeRoot(path) : cursor - cursorOf(0);
    this.recycled.offer(previous, path, offers);
  }

  /** To be shown every verified tree before its tokens are pushed. */
  learn(verified: VerifiedTree): void {
    this.recycled.learn(verified, this.beforeRoot(verified.tree.tokens[0]));
  }

  /** The token before the root, which is the last of the history; -1 where there is none. */
  private beforeRoot(root: number): number {
    const { history } = this;
    if (!history) return -1;
    const { tokens, size, heldTokens } = history;
    if (heldTokens.length > 1) return heldTokens[heldTokens.length - 2];
    const last = heldTokens.length === 1 ? size : size - 1;
    return last > 0 && (heldTokens.length === 1 || tokens[size - 1] === root) ? tokens[last - 1] : -1;
  }
}
