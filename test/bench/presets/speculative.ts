/**
 * Speculative decoding with a draft model (Leviathan et al., "Fast Inference from Transformers via Speculative
 * Decoding", ICML 2023; Chen et al., "Accelerating Large Language Model Decoding with Speculative Sampling", 2023): a
 * second, cheaper model with the same vocabulary drafts a chain of tokens, which the first verifies in one decode. As in
 * llama.cpp (`draft-simple` of `common/speculative.cpp`, with its long-standing defaults): at most 16 tokens,
 * each the draft model's most likely one, up to the first whose share of the ten most likely is less than 0.75.
 *
 * Of a draft, the tokens that the model accepts are kept, so with greedy choices the papers' rejection sampling amounts to
 * a test for equality. The draft model's KV cache keeps the accepted tokens and drops the others; the token that follows
 * them is computed with the next draft. Its prompt is computed after the model's own, and counts as prefill. Both models
 * use the same threads, one after the other.
 */
import { CHOICES, DraftTree, ModelChain, type TreeDrafter } from "../../../server/draft/index.ts";
import type { Engine } from "../../../server/engine/index.ts";
import type { Preset } from "./preset.ts";

export interface SpeculativeOptions {
  /** The most tokens of a draft. */
  readonly maxTokens: number;
  /** The least share of the ten most likely tokens that a drafted token has, 0 to 1. */
  readonly minProbability: number;
}

export const SPECULATIVE_DEFAULTS: SpeculativeOptions = { maxTokens: 16, minProbability: 0.75 };

/** One completion. The engine is the draft model's; the caller that made it disposes of it. */
class SpeculativeDrafter implements TreeDrafter {
  private readonly chain: ModelChain;
  private readonly tree: DraftTree;
  /** The number of tokens of the chain that are likely enough to be drafted. */
  private drafted = 0;

  constructor(
    engine: Engine,
    private readonly options: SpeculativeOptions,
  ) {
    this.tree = new DraftTree(options.maxTokens + 1);
    this.chain = new ModelChain(engine, options.maxTokens);
  }

  async prepare(prompt: Int32Array, filled: Promise<unknown>, signal: AbortSignal): Promise<void> {
    this.chain.begin(prompt);
    await filled;
    await this.chain.follow(signal, "computed");
  }

  push(token: number): void {
    this.chain.push(token);
  }

  async draftAhead(
    _root: number,
    room: number,
    _cost: (nodes: number) => number,
    signal: AbortSignal,
  ): Promise<void> {
    const { chain, options } = this;
    this.drafted = 0;
    const most = Math.min(options.maxTokens, room - 1);
    if (most < 1 || !(await chain.follow(signal, "deferred"))) return;
    while (this.drafted < most && (await chain.extend(signal))) {
      if (shareOf(chain, this.drafted) < options.minProbability) return;
      this.drafted++;
    }
  }

  draft(root: number, room: number): DraftTree {
    const { tree, chain, drafted } = this;
    tree.plant(root);
    for (let place = 0, node = 0; place < drafted && tree.count < room; place++)
      node = tree.grow(node, chain.token(place));
    return tree;
  }
}

/** The share of a place's token among the `CHOICES` most likely ones, 0 to 1. */
function shareOf({ counts, logits }: ModelChain, place: number): number {
  const first = place * CHOICES;
  const row = logits.subarray(first, first + (counts[place] ?? 0));
  const [likeliest = 0] = row;
  return 1 / row.reduce((sum, logit) => sum + Math.exp(logit - likeliest), 0);
}

/** @param engine the draft model's, with the same vocabulary as the model's */
export function speculative(engine: Engine, options: SpeculativeOptions = SPECULATIVE_DEFAULTS): Preset {
  return {
    name: "speculative",
    nodes: options.maxTokens + 1,
    begin: () => () => new SpeculativeDrafter(engine, options),
  };
}
