/**
 * SuffixDecoding (Oliaro et al., "SuffixDecoding: Extreme Speculative Decoding for Emerging AI Applications", NeurIPS
 * 2025; `suffix_tree.cc` and `cache.py` of ArcticInference): a suffix tree over prompt and output of the request, and a
 * global one over the outputs of all requests, this one included. For each suffix of the text, of at most 63 tokens, that
 * occurs in a tree, a draft is made of its continuations: the most probable one first, where a
 * token's probability is its parent's times the share of the parent's occurrences that it follows. A draft has as many
 * tokens as are matched (factor 1, no offset), none less probable than 0.1, and the matched and drafted tokens together are
 * no more than the tree is deep. Its score is the sum of probabilities. The draft with the highest score is used; on a tie,
 * that of the longer match, and of the two trees that of the request's own.
 *
 * Values are ArcticInference's defaults: depth 64, factor 1, probability 0.1, outputs never dropped; but drafts are
 * the paper's trees (`use_tree_spec`) instead of the chains that its engine verifies. Between equally probable tokens the
 * order of a heap decides in the original; here the first one wins. The prompt is the text before the cursor.
 */
import { DraftTree, type TreeDrafter } from "../../../server/draft/index.ts";
import type { Preset } from "./preset.ts";
import { type Place, SuffixTree } from "./suffixTree.ts";
import { TokenList } from "./tokenList.ts";

const MAX_DEPTH = 64;
const FACTOR = 1;
const MIN_PROBABILITY = 0.1;
const NODES = 1 + MAX_DEPTH;

interface Candidate {
  readonly token: number;
  readonly probability: number;
  readonly place: Place;
  /** Index of the token that it follows in the draft; -1 for none. */
  readonly parent: number;
}

export interface Draft {
  readonly tokens: readonly Candidate[];
  readonly score: number;
}

const NOTHING: Draft = { tokens: [], score: 0 };

/** The most probable continuations of a string, `most` tokens in all. */
function continuations(tree: SuffixTree, from: Place, most: number): Draft {
  const candidates: Candidate[] = [];
  const offer = (place: Place, probability: number, parent: number) => {
    const all = tree.occurrences(place);
    for (const next of tree.successors(place)) {
      const share = (probability * next.count) / all;
      if (share >= MIN_PROBABILITY)
        candidates.push({ token: next.token, probability: share, place: next.place, parent });
    }
  };
  const tokens: Candidate[] = [];
  let score = 0;
  offer(from, 1, -1);
  while (tokens.length < most && candidates.length > 0) {
    let best = 0;
    for (let i = 1; i < candidates.length; i++)
      if ((candidates[i] as Candidate).probability > (candidates[best] as Candidate).probability) best = i;
    const [taken] = candidates.splice(best, 1) as [Candidate];
    tokens.push(taken);
    score += taken.probability;
    offer(taken.place, taken.probability, tokens.length - 1);
  }
  return { tokens, score };
}

/** The draft of the highest score for the suffixes of the text. */
export function bestDraft(tree: SuffixTree, tokens: Int32Array, size: number): Draft {
  let best = NOTHING;
  // The pattern has at most as many tokens as the tree is deep, and one of them is never matched.
  const longest = Math.min(size, tree.maxDepth) - 1;
  for (let length = 1; length <= longest; length++) {
    const place = tree.find(tokens, size, length);
    if (!place) break;
    const draft = continuations(tree, place, Math.floor(length * FACTOR));
    if (draft.score >= best.score) best = draft;
  }
  return best;
}

/** One request. */
class Request implements TreeDrafter {
  private readonly tree = new DraftTree(NODES);
  private readonly local = new SuffixTree(MAX_DEPTH);
  private readonly text: TokenList;

  constructor(
    history: Int32Array,
    private readonly outputs: SuffixTree,
  ) {
    this.text = new TokenList(history);
    for (const token of history) this.local.push(token);
    outputs.endText();
  }

  push(token: number): void {
    this.text.push(token);
    this.local.push(token);
    this.outputs.push(token);
  }

  draft(root: number, room: number): DraftTree {
    const { tree, text } = this;
    tree.plant(root);
    if (room === 1) return tree;
    const own = bestDraft(this.local, text.tokens, text.size);
    const others = bestDraft(this.outputs, text.tokens, text.size);
    const nodes: number[] = [];
    for (const { token, parent } of (others.score > own.score ? others : own).tokens) {
      if (tree.count === room) break;
      nodes.push(tree.grow(parent < 0 ? 0 : (nodes[parent] as number), token));
    }
    return tree;
  }
}

export const suffixDecoding: Preset = {
  name: "suffix-decoding",
  nodes: NODES,
  begin: () => {
    const outputs = new SuffixTree(MAX_DEPTH);
    return history => new Request(history, outputs);
  },
};
