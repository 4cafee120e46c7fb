/** The loop of the product: draft, decode, verify, accept. Tokens in, tokens out. */

import {
  draftSteps,
  type ReadyToDraft,
  Sampler,
  type SamplingOptions,
  type VerifiedTree,
  verify,
} from "../draft/index.ts";
import type { Decoded, Engine, NotComputed } from "../engine/index.ts";
import type { Prompt } from "../prompt/index.ts";
import { type DraftOptions, drafterOf } from "./drafterOf.ts";

export interface GenerateOptions extends DraftOptions {
  readonly maxTokens: number;
  /** How tokens are drawn; absent takes the most likely. */
  readonly sampling?: SamplingOptions;
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
  const root = tokens[tokens.length - 1];
  if (root === undefined) return { kind: "endOfText" };
  const filling = engine.prefill(tokens.subarray(0, -1), signal);
  // While the prompt is computed elsewhere.
  const drafter = drafterOf(options, prompt, engine);
  drafter.prepare?.();
  const filled = await filling;
  if (filled.kind !== "prefilled") return filled;
  yield { kind: "prefilled", reused: filled.reused };
  return yield* decodeSteps(engine, root, draftSteps(drafter), options, signal);
}

/** Decodes from the last token of a prompt that is in the KV cache, one tree a step. */
async function* decodeSteps(
  engine: Engine,
  firstRoot: number,
  firstDrafts: ReadyToDraft,
  { maxTokens, sampling }: GenerateOptions,
  signal: AbortSignal,
): AsyncGenerator<Progress, End> {
  const { vocabulary } = engine;
  const choose = chooser(sampling, vocabulary.size);
  const cost = (nodes: number) => engine.cost(nodes);
  let [root, drafts] = [firstRoot, firstDrafts];
  for (let left = maxTokens; left > 0; ) {
    const room = Math.min(engine.room(), left);
    if (room < 1) return { kind: "contextFull" };
    const drafted = drafts.draft(root, room, cost);
    const { tree } = drafted;
    const outcome = await engine.decode(tree, signal);
    if (outcome.kind !== "decoded") return outcome;
    const { decoded } = outcome;
    const { path, next } = verify(tree, choose(decoded));
    const top: VerifiedTree["top"] = (node, count, ids, logits) => decoded.top(node, count, ids, logits);
    // Before the engine goes on: the logits of this decode are gone with the next.
    const observed = drafted.observe({ path, next, top });
    engine.accept(path);

    const decided = path.slice(1).map(node => tree.tokens[node] as number);
    decided.push(next);
    const end = decided.findIndex(token => vocabulary.endsText(token));
    if (end >= 0) decided.length = end + 1;
    left -= decided.length;
    root = next;
    drafts = observed.push(decided);
    yield { kind: "step", tokens: decided, drafted: tree.count - 1, accepted: path.length - 1 };
    if (end >= 0) return { kind: "endOfText" };
  }
  return { kind: "maxTokens" };
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
