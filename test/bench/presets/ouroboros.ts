/**
 * Ouroboros (Zhao et al., "Ouroboros: Generating Longer Drafts Phrase by Phrase for Faster Speculative Decoding", EMNLP 2024;
 * `ouroboros.py` of its repository, with its README's values: gamma 12, W and G 20, N 7, K 3): a second, cheaper model with the
 * same vocabulary drafts a chain of 12 tokens by lookahead decoding (`lookahead.ts`), whose n-grams are phrases, up to 20 per
 * token. The newest three that follow the chain's last token are verified after it, side by side.
 *
 * The model's own predictions improve the phrases. If the whole chain is right, its predictions after the chain's last
 * token and within each phrase replace that phrase (the original is meant to do so after a rejection as well, but counts the
 * phrases wrongly there). If it rejects a token of the chain, its predictions after that token and
 * the following ones become phrases too, as long as the chain continues as predicted for the whole length of a phrase.
 * Phrases are kept from prompt to prompt; the window belongs to one prompt.
 *
 * If the whole chain and a whole phrase are right, the token predicted after them is accepted as well; the original drops it.
 */
import {
  DraftTree,
  endOfDraft,
  followText,
  type TreeDrafter,
  type VerifiedTree,
  verify,
} from "../../../server/draft/index.ts";
import type { Engine, TreeLimits } from "../../../server/engine/index.ts";
import { GramPool, Lookahead, type LookaheadShape, largestTree } from "./lookahead.ts";
import type { Preset } from "./preset.ts";
import { TokenList } from "./tokenList.ts";

/** Gamma: tokens of a chain. */
const CHAIN = 12;
/** K: phrases verified after it. */
const PHRASES = 3;
const SHAPE: LookaheadShape = { gram: 7, columns: 20, gramsPerKey: 20 };
const PHRASE = SHAPE.gram - 1;
const NODES = 1 + CHAIN + PHRASES * PHRASE;

/** The most nodes the draft model decodes: window, n-grams and tokens that a verification added; a leaf per column and n-gram. */
export const OUROBOROS_DRAFTING: TreeLimits = {
  rows: largestTree(SHAPE) + SHAPE.gram,
  branches: SHAPE.columns + SHAPE.gramsPerKey,
};

/** One completion. The engine is the draft model's; the caller that made it disposes of it. */
class PhraseDrafter implements TreeDrafter {
  private readonly tree = new DraftTree(NODES);
  private readonly window: Lookahead;
  private text = new TokenList(new Int32Array(0));
  private chain: number[] = [];
  /** Nodes of each phrase in the last tree. */
  private phrases: number[][] = [];
  private readonly ids = new Int32Array(1);
  private readonly logits = new Float32Array(1);

  constructor(
    private readonly engine: Engine,
    private readonly pool: GramPool,
    history: Int32Array,
  ) {
    this.window = new Lookahead(history, SHAPE, pool);
  }

  async prepare(prompt: Int32Array, filled: Promise<unknown>, signal: AbortSignal): Promise<void> {
    this.text = new TokenList(prompt);
    await filled;
    await followText(this.engine, this.text, signal, "computed");
  }

  push(token: number): void {
    this.text.push(token);
  }

  async draftAhead(
    _root: number,
    room: number,
    _cost: (nodes: number) => number,
    signal: AbortSignal,
  ): Promise<void> {
    const { engine, text } = this;
    this.chain = [];
    const most = Math.min(CHAIN, room - 1);
    if (most < 1 || !(await followText(engine, text, signal, "deferred"))) return;
    for (let root = text.tokens[text.size - 1] as number; this.chain.length < most; ) {
      if (engine.room() < 1 || engine.vocabulary.endsText(root)) break;
      const tree = this.window.draft(root, engine.room());
      const outcome = await engine.decode(tree, signal);
      if (outcome.kind !== "decoded") return void endOfDraft(outcome);
      const { decoded } = outcome;
      const { path, next } = verify(tree, node => decoded.argmax(node));
      const top: VerifiedTree["top"] = (node, count, ids, logits) => decoded.top(node, count, ids, logits);
      this.window.observe({ tree, path, next, top });
      engine.accept(path);
      this.chain.push(...path.slice(1).map(node => tree.tokens[node] as number), next);
      root = next;
    }
    this.chain.length = Math.min(this.chain.length, most);
  }

  draft(root: number, room: number): DraftTree {
    const { tree, pool, chain } = this;
    tree.plant(root);
    let end = 0;
    for (const token of chain) end = tree.grow(end, token);
    this.phrases = [];
    for (const phrase of pool.after(tree.tokens[end] as number).slice(-PHRASES)) {
      if (tree.count + PHRASE > room) break;
      const nodes: number[] = [];
      for (const token of phrase) nodes.push(tree.grow(nodes.at(-1) ?? end, token));
      this.phrases.push(nodes);
    }
    return tree;
  }

  observe(verified: VerifiedTree): void {
    const { chain, pool, phrases } = this;
    const predicted = (node: number) => {
      verified.top(node, 1, this.ids, this.logits);
      return this.ids[0] as number;
    };
    const last = chain.length;
    const right = verified.path.filter(node => node > 0 && node <= last).length;
    if (right < last) {
      const after = chain.map((_, i) => (i < right ? 0 : predicted(i + 1)));
      for (const [key, phrase] of phrasesAfterError(chain, after, right)) pool.put(key, phrase);
    }
    if (right < last || phrases.length === 0) return;
    const first = predicted(last);
    const key = verified.tree.tokens[last] as number;
    const better = phrases.map(nodes => [first, ...nodes.slice(0, -1).map(predicted)]);
    pool.replaceNewest(key, better);
  }
}

/**
 * The phrases formed by a model's predictions after a chain's tokens, from the first wrong token on: each with the token
 * that it follows, as long as the chain continues as predicted.
 * @param after the prediction after each token of the chain
 */
export function phrasesAfterError(
  chain: readonly number[],
  after: readonly number[],
  wrong: number,
): [key: number, phrase: number[]][] {
  const found: [number, number[]][] = [];
  for (let from = wrong; from + PHRASE <= chain.length; from++) {
    const phrase = after.slice(from, from + PHRASE);
    if (phrase.slice(0, -1).every((token, i) => token === chain[from + i + 1]))
      found.push([chain[from] as number, phrase]);
  }
  return found;
}

/** @param engine the draft model's, with the same vocabulary as the model's */
export function ouroboros(engine: Engine): Preset {
  return {
    name: "ouroboros",
    nodes: NODES,
    begin: () => {
      const pool = new GramPool(SHAPE.gramsPerKey);
      return history => new PhraseDrafter(engine, pool, history);
    },
  };
}
