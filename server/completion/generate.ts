/** The loop of the product: draft, decode, verify, accept. Tokens in, tokens out. */

import {
  type CorpusSource,
  DraftMemory,
  guard,
  PlainDrafter,
  Sampler,
  type SamplingOptions,
  type TreeDrafter,
  verify,
} from "../draft/index.ts";
import type { Decoded, Engine, NotComputed } from "../engine/index.ts";
import type { Prompt } from "../prompt/index.ts";

export interface GenerateOptions {
  readonly maxTokens: number;
  /** Largest draft tree, root included; 1 decodes plainly. The tokens are the same whatever it is. */
  readonly treeNodes: number;
  /** How tokens are drawn; absent takes the most likely. */
  readonly sampling?: SamplingOptions;
  /** What drafting remembers between completions; absent: nothing. */
  readonly memory?: DraftMemory;
  /** Other texts to draft from, the nearer first. */
  readonly corpora?: readonly CorpusSource[];
  /** Makes the source of drafts; absent is the document with `memory` and `corpora`. */
  readonly drafter?: (history: Int32Array, treeNodes: number) => TreeDrafter;
  /** Stands between the loop and its source of drafts, as to time it. */
  readonly watch?: (drafter: TreeDrafter) => TreeDrafter;
  /** Called once when the source of drafts is at fault; the completion goes on without it. */
  readonly onFault?: (message: string) => void;
}

/** What one forward pass of the model decided. */
type Progress =
  | { readonly kind: "prefilled"; readonly reused: number }
  | {
      readonly kind: "step";
      /** The decided tokens, in order. The last may be the one that ends the text. */
      readonly tokens: readonly number[];
      /** Draft tokens verified, and how many of them were the model's own choice. */
      readonly drafted: number;
      readonly accepted: number;
    };

export type End = { readonly kind: "endOfText" | "maxTokens" } | NotComputed;

/**
 * Decodes from a prompt. The prompt's last token is the root of the first tree, so the first
 * forward pass after the prefill verifies drafts already.
 */
export async function* generate(
  engine: Engine,
  prompt: Prompt,
  options: GenerateOptions,
  signal: AbortSignal,
): AsyncGenerator<Progress, End> {
  const { tokens } = prompt;
  let root = tokens[tokens.length - 1];
  if (root === undefined) return { kind: "endOfText" };
  const filling = engine.prefill(tokens.subarray(0, -1), signal);
  // While the prompt is computed elsewhere.
  const drafts = guarded(options, prompt, engine);
  drafts.prepare?.();
  const filled = await filling;
  if (filled.kind !== "prefilled") return filled;
  yield { kind: "prefilled", reused: filled.reused };

  const choose = chooser(options.sampling, engine.vocabulary.size);
  for (let left = options.maxTokens; left > 0; ) {
    const room = Math.min(engine.room(), left);
    if (room < 1) return { kind: "contextFull" };
    const tree = drafts.draft(root, room, nodes => engine.cost(nodes));
    const outcome = await engine.decode(tree, signal);
    if (outcome.kind !== "decoded") return outcome;
    const { decoded } = outcome;
    const { path, next } = verify(tree, choose(decoded));
    drafts.observe?.({
      tree,
      path,
      next,
      top: (node, count, ids, logits) => decoded.top(node, count, ids, logits),
    });
    engine.accept(path);

    const decided = path.slice(1).map(node => tree.tokens[node] as number);
    decided.push(next);
    const end = decided.findIndex(token => engine.vocabulary.endsText(token));
    if (end >= 0) decided.length = end + 1;
    left -= decided.length;
    root = next;
    for (const token of decided) drafts.push(token);
    yield { kind: "step", tokens: decided, drafted: tree.count - 1, accepted: path.length - 1 };
    if (end >= 0) return { kind: "endOfText" };
  }
  return { kind: "maxTokens" };
}

/** The source of drafts, kept from doing harm. */
function guarded(options: GenerateOptions, prompt: Prompt, { info, vocabulary }: Engine): TreeDrafter {
  const { treeNodes: maxNodes, memory, corpora = [] } = options;
  const place = {
    before: prompt.history,
    after: prompt.after,
    corpora,
    maxNodes,
    maxLeaves: info.maxBranches,
  };
  const make =
    options.drafter ??
    (maxNodes > 1 ? () => (memory ?? new DraftMemory(vocabulary)).drafter(place) : () => new PlainDrafter());
  const drafts = guard(() => make(prompt.history, maxNodes), vocabulary.size, options.onFault ?? (() => {}));
  return options.watch?.(drafts) ?? drafts;
}

/** What the model predicts at a node: its most likely token, or one that is drawn. */
function chooser(sampling: SamplingOptions | undefined, vocabularySize: number) {
  if (!sampling || sampling.temperature === 0) return (decoded: Decoded) => decoded.argmax;
  const sampler = new Sampler(sampling);
  const row = new Float32Array(vocabularySize);
  return (decoded: Decoded) => (node: number) => {
    decoded.logits(node, row);
    return sampler.sample(row);
  };
}
