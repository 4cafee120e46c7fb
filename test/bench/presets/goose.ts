/**
 * Goose (Jin et al., "Goose: Anisotropic Speculation Trees for Training-Free Speculative Decoding", COLM 2026,
 * arXiv 2604.02047, section 4; its repository, 2kinto/GOOSE_Speculative_Decoding, with its defaults): the text after the first
 * earlier occurrence of the last 5, else 4, else 3 tokens is the spine, a chain of up to 20 tokens, and tokens that the
 * model found likely branch off it. The tree has 60 nodes. The spine gets 15, 30 or 50% of them, depending on how much of it
 * was accepted recently. Half of the rest goes to branches at the root, half to branches at the spine, in proportion to 1/i
 * for its i-th node. Any remaining nodes go to branches of branches, breadth first, in proportion to how likely their parents
 * were, down to depth 6.
 *
 * The trust in the spine is 1 if all occurrences, at least two, continue in the same way, up to 0.9 if it has 8 tokens or
 * more, and up to 0.6 if it has fewer. Above 0.6 the spine is extended by the text after its own last tokens, up to 100
 * tokens. In proportion to the trust, the tree grows to 100 nodes, and the spine's share of it to all nodes.
 *
 * The likely tokens are the ten most likely after the last two tokens, or after the last one, as the model saw them
 * most recently: in the prompt, and in every tree, rejected branches included. If nothing is known after the root, only the
 * spine is verified. Everything is kept for one prompt only. Probability shares after a single token have 32 bits here, and
 * 16 bits in the original.
 */
import { DraftTree, type TreeDrafter, type VerifiedTree } from "../../../server/draft/index.ts";
import { type Likely, LikelyTokens } from "./likelyTokens.ts";
import type { Preset } from "./preset.ts";
import { growChain, occurrence, TokenList } from "./tokenList.ts";

const BUDGET = 60;
const LARGEST_BUDGET = 100;
const LONGEST_GRAM = 5;
const SHORTEST_GRAM = 3;
const COPIED = 20;
const SURELY_COPIED = 8;
const GROWN_ON_FROM = 0.6;
const SPINE_BRANCHES = 0.5;
const MIN_SHARE = 0.01;
const BRANCH_DEPTH = 6;
const WIDTH = 10;
/** The weight of the last tree in the average share of spines that is accepted. */
const NEWEST = 0.3;
const ROOT = 0;

export interface Spine {
  readonly tokens: readonly number[];
  /** The trust in it, 0 to 1. */
  readonly trust: number;
}

/** The text after the first occurrence of the last tokens of `drafted`. */
export function copied(text: TokenList, drafted: readonly number[]): Spine {
  const { tokens, size } = text;
  const end = [...tokens.subarray(Math.max(0, size - LONGEST_GRAM), size), ...drafted].slice(-LONGEST_GRAM);
  for (let gram = Math.min(LONGEST_GRAM, end.length); gram >= SHORTEST_GRAM; gram--) {
    const pattern = end.slice(-gram);
    const first = occurrence(tokens, size, pattern, gram);
    if (first < 0) continue;
    const length = Math.min(COPIED, size - first);
    const trust = goesOnAlike(text, pattern, first) ? 1 : trustOf(length);
    return { tokens: [...tokens.subarray(first, first + length)], trust };
  }
  return { tokens: [], trust: 0 };
}

/** Whether a pattern occurs again after its first occurrence, and the same token follows all its occurrences. */
function goesOnAlike({ tokens, size }: TokenList, pattern: readonly number[], first: number): boolean {
  let at = occurrence(tokens, size, pattern, first + 1);
  if (at < 0) return false;
  for (; at >= 0; at = occurrence(tokens, size, pattern, at + 1))
    if (tokens[at] !== tokens[first]) return false;
  return true;
}

const trustOf = (length: number) =>
  length >= SURELY_COPIED
    ? Math.min(0.9, 0.7 + (0.2 * (length - SURELY_COPIED)) / 12)
    : (0.6 * length) / SURELY_COPIED;

/** The spine after the text, extended if it is trusted. */
export function spineAfter(text: TokenList): Spine {
  const { tokens, trust } = copied(text, []);
  if (trust <= GROWN_ON_FROM) return { tokens, trust };
  const spine = [...tokens];
  const most = Math.floor(LARGEST_BUDGET * trust);
  while (spine.length < most) {
    const next = copied(text, spine);
    spine.push(...next.tokens);
    if (next.tokens.length === 0 || (trust === 1 && next.trust < 1)) break;
  }
  return { tokens: spine, trust };
}

/** `budget` divided among `count` in proportion to 1/i, each getting at least one while any are left. */
export function harmonicShares(budget: number, count: number): number[] {
  let total = 0;
  for (let i = 1; i <= count; i++) total += 1 / i;
  let left = budget;
  return Array.from({ length: count }, (_, i) => {
    const share = Math.min(left, Math.max(1, Math.floor((budget * (1 / (i + 1))) / total)));
    left -= share;
    return share;
  });
}

/** One completion. */
class Completion implements TreeDrafter {
  private readonly tree = new DraftTree(LARGEST_BUDGET + 1);
  private readonly depths = new Int32Array(LARGEST_BUDGET + 1);
  private readonly text: TokenList;
  /** The share of spines that was accepted recently. */
  private accepted = 0.5;
  /** Nodes of the last tree's spine. */
  private spineLength = 0;
  /** The token before the last tree's root, where that tree has no branches. */
  private before: number | undefined;

  constructor(
    history: Int32Array,
    private readonly likely: LikelyTokens,
  ) {
    this.text = new TokenList(history);
  }

  push(token: number): void {
    this.text.push(token);
  }

  draft(root: number, room: number): DraftTree {
    const { tree, text, likely } = this;
    tree.plant(root);
    this.spineLength = 0;
    const previous = text.size > 1 ? text.tokens[text.size - 2] : undefined;
    const branches = likely.after(root, previous).length > 0;
    if (branches) this.growTree(spineAfter(text), previous, room);
    else this.growSpine(copied(text, []).tokens, COPIED, room);
    // As in the original: a tree with branches does not learn what follows the last two tokens of the text.
    this.before = branches && tree.count > 1 ? undefined : previous;
    if (!branches) this.spineLength = 0;
    return tree;
  }

  observe(verified: VerifiedTree): void {
    const { path } = verified;
    this.likely.learn(verified, this.before);
    if (this.spineLength === 0) return;
    // The spine's nodes come first.
    const accepted = path.filter(node => node !== ROOT && node <= this.spineLength).length;
    this.accepted = NEWEST * (accepted / this.spineLength) + (1 - NEWEST) * this.accepted;
  }

  private growTree({ tokens, trust }: Spine, previous: number | undefined, room: number): void {
    const { tree, accepted } = this;
    const budget = BUDGET + Math.floor(trust * (LARGEST_BUDGET - BUDGET));
    const base = accepted < 0.2 ? 0.15 : accepted < 0.4 ? 0.3 : 0.5;
    const ratio = base + trust * (1 - base);
    this.growSpine(tokens, Math.floor(budget * ratio), room);
    const length = this.spineLength;
    const branches = Math.max(0, budget - 1 - length);
    const atSpine = length > 0 && branches > 0 ? Math.max(1, Math.floor(branches * SPINE_BRANCHES)) : 0;
    const most = Math.min(room, budget);
    const waiting: Branch[] = [];
    this.branch(ROOT, previous, tokens[0], branches - atSpine, most, waiting);
    const shares = atSpine > 0 ? harmonicShares(atSpine, length) : [];
    for (const [i, share] of shares.entries())
      this.branch(i + 1, tree.tokens[i], i + 1 < length ? tokens[i + 1] : undefined, share, most, waiting);
    this.growOn(waiting, most);
  }

  /** Grows the spine's first `most` tokens as a chain. */
  private growSpine(tokens: readonly number[], most: number, room: number): void {
    const { tree, depths } = this;
    growChain(tree, tokens, 0, Math.min(most, tokens.length), Math.min(room, tree.capacity));
    this.spineLength = tree.count - 1;
    for (let node = 0; node < tree.count; node++) depths[node] = node;
  }

  /** Grows the likely tokens after a node of the spine, except the one that continues the spine. */
  private branch(
    node: number,
    previous: number | undefined,
    onSpine: number | undefined,
    share: number,
    most: number,
    waiting: Branch[],
  ): void {
    let grown = 0;
    for (const likely of this.likely.after(this.tree.tokens[node] as number, previous)) {
      if (grown >= share || likely.share < MIN_SHARE || this.tree.count >= most) return;
      if (likely.token === onSpine) continue;
      this.add(node, likely, waiting);
      grown++;
    }
  }

  private growOn(waiting: Branch[], most: number): void {
    const { tree, likely, depths } = this;
    for (const { node, share } of waiting) {
      const left = most - tree.count;
      if (left <= 0) return;
      const parent = tree.parents[node] as number;
      const successors = likely.after(tree.tokens[node] as number, tree.tokens[parent]);
      const depth = depths[node] as number;
      const width = Math.min(
        Math.max(1, Math.min(successors.length, Math.ceil(left * share))),
        Math.max(1, Math.floor(WIDTH / depth)),
      );
      for (const next of successors.slice(0, width)) {
        if (next.share < MIN_SHARE || tree.count >= most) break;
        this.add(node, next, waiting);
      }
    }
  }

  private add(parent: number, { token, share }: Likely, waiting: Branch[]): void {
    const node = this.tree.grow(parent, token);
    const depth = (this.depths[parent] as number) + 1;
    this.depths[node] = depth;
    if (depth < BRANCH_DEPTH) waiting.push({ node, share });
  }
}

/** A branch that may be extended, with the share it was grown for. */
interface Branch {
  readonly node: number;
  readonly share: number;
}

export const goose: Preset = {
  name: "goose",
  nodes: LARGEST_BUDGET + 1,
  readsPrompt: true,
  begin: () => (history, details) => {
    const likely = new LikelyTokens();
    if (details?.predictions) likely.learnPrompt(details.predictions);
    return new Completion(history, likely);
  },
};
