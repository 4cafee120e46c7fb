/** The loop of the product: draft, decode, verify, accept. Tokens in, tokens out. */

import {
  draftSteps,
  type ReadyToDraft,
  Sampler,
  type SamplingOptions,
  type VerifiedTree,
  verify,
} from "../draft/index.ts";
import type { Decoded, Engine, NotComputed, PromptTail } from "../engine/index.ts";
import type { Prompt } from "../prompt/index.ts";
import type { DecodeTrace } from "./decodeTrace.ts";
import { type DraftOptions, drafterOf } from "./drafterOf.ts";

export interface GenerateOptions extends DraftOptions {
  readonly maxTokens: number;
  /** How tokens are drawn; absent takes the most likely. */
  readonly sampling?: SamplingOptions;
  /** Whether the first decode includes the prompt's last tokens, the default, or prefill computes all of them. */
  readonly promptTail?: PromptTail;
  /** Whether the probabilities of what the next forward pass decides are wanted; absent: never. */
  readonly wantsProbabilities?: () => boolean;
  /** Where each step is recorded. */
  readonly trace?: DecodeTrace;
}

/** Worth of a millisecond before the first text: the user waits for it, while later text arrives as the user reads. */
const FIRST_TEXT_WORTH = 2;

/** What one forward pass of the model decided. */
export interface Step {
  readonly kind: "step";
  /** The decided tokens, in order. The last may be the one that ends the text. */
  readonly tokens: readonly number[];
  /** Draft tokens verified, and how many of them were the model's own choice. */
  readonly drafted: number;
  readonly accepted: number;
  /** Milliseconds that a tree of several nodes adds to the decodes of single nodes after it. */
  readonly slowdownMs: number;
  /** The model's probability of each of the tokens, if requested. */
  readonly probabilities?: readonly number[] | undefined;
}

type Progress = { readonly kind: "prefilled"; readonly reused: number } | Step;

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
  const filling = engine.prefill(tokens.subarray(0, -1), signal, options.promptTail ?? "deferred");
  // Meanwhile another thread computes the prompt.
  const drafter = drafterOf(options, prompt, engine);
  const preparing = drafter.prepare?.(tokens, filling, signal);
  const filled = await filling;
  // Nothing may be computing any more once this generator has ended.
  if (preparing) await preparing;
  if (filled.kind !== "prefilled") return filled;
  yield { kind: "prefilled", reused: filled.reused };
  return yield* decodeSteps(engine, root, draftSteps(drafter), options, signal);
}

/** Decodes from the last token of a prompt that is in the KV cache, one tree a step. */
async function* decodeSteps(
  engine: Engine,
  firstRoot: number,
  firstDrafts: ReadyToDraft,
  { maxTokens, sampling, wantsProbabilities, trace }: GenerateOptions,
  signal: AbortSignal,
): AsyncGenerator<Progress, End> {
  const { vocabulary } = engine;
  const choose = chooser(sampling, vocabulary.size);
  let [root, drafts] = [firstRoot, firstDrafts];
  for (let left = maxTokens; left > 0; ) {
    const room = Math.min(engine.room(), left);
    if (room < 1) return { kind: "contextFull" };
    const start = performance.now();
    const firstMs = engine.cost(1);
    const cost = treeCost(engine, firstMs, left === maxTokens ? FIRST_TEXT_WORTH : 1);
    const ahead = drafts.draftAhead(root, room, cost, signal);
    if (ahead) await ahead;
    const drafted = drafts.draft(root, room, cost);
    const { tree } = drafted;
    const slowdownMs = tree.count > 1 ? engine.slowdownMs : 0;
    const outcome = await engine.decode(tree, signal);
    if (outcome.kind !== "decoded") return outcome;
    const { decoded } = outcome;
    const { path, next } = verify(tree, choose(decoded));
    const top: VerifiedTree["top"] = (node, count, ids, logits) => decoded.top(node, count, ids, logits);
    // Before the engine continues: the next decode overwrites these logits.
    const observed = drafted.observe({ path, next, top });
    const decided = path.slice(1).map(node => tree.tokens[node] as number);
    decided.push(next);
    const end = decided.findIndex(token => vocabulary.endsText(token));
    if (end >= 0) decided.length = end + 1;
    const probabilities = wantsProbabilities?.()
      ? decided.map((token, i) => decoded.probability(path[i] as number, token))
      : undefined;
    engine.accept(path);
    if (trace) {
      const ms = performance.now() - start;
      // The first decode also computes pending tokens; each further token would have been a decode of its own.
      const plainMs =
        engine.prefillMsPerToken === undefined ? undefined : firstMs + (path.length - 1) * engine.cost(1);
      trace.record({ tree, path, next, ms, plainMs, describe: node => drafted.describe(node) });
    }
    left -= decided.length;
    root = next;
    drafts = observed.push(decided);
    const verified = { drafted: tree.count - 1, accepted: path.length - 1, slowdownMs };
    yield { kind: "step", tokens: decided, ...verified, probabilities };
    if (end >= 0) return { kind: "endOfText" };
  }
  return { kind: "maxTokens" };
}

/**
 * The cost of a tree, to weigh against its expected tokens. Pending tokens are computed with any tree, so they must not make
 * larger trees look cheap.
 * @param firstMs cost of a decode of the root alone
 * @param worth of a millisecond; the higher it is, the more drafts must save for the time they take
 */
function treeCost(
  engine: Pick<Engine, "cost" | "waitingMs" | "slowdownMs">,
  firstMs: number,
  worth: number,
): (nodes: number) => number {
  const alone = (firstMs - engine.waitingMs) / worth;
  const { slowdownMs } = engine;
  // In the measurements a larger decode may take less time.
  return nodes => (nodes === 1 ? alone : alone + Math.max(0, engine.cost(nodes) + slowdownMs - firstMs));
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
