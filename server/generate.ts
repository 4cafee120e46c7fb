/** The loop of the product: draft, decode, verify, accept. Tokens in, tokens out. */
import type { Engine } from "./engine/engine.ts";
import type { Prompt } from "./prompt/prompt.ts";
import { Drafter } from "./speculate/draft.ts";
import { verify } from "./speculate/verify.ts";

export interface GenerateOptions {
  readonly maxTokens: number;
  /** Largest draft tree, root included; 1 decodes plainly. The tokens are the same whatever it is. */
  readonly treeNodes: number;
}

/** What one forward pass of the model decided. */
export type Progress =
  | { readonly kind: "prefilled"; readonly reused: number }
  | {
      readonly kind: "step";
      /** The decided tokens, in order. The last may be the one that ends the text. */
      readonly tokens: readonly number[];
      /** Draft tokens verified, and how many of them were the model's own choice. */
      readonly drafted: number;
      readonly accepted: number;
    };

export type End =
  | { readonly kind: "endOfText" | "maxTokens" | "contextFull" | "aborted" }
  | { readonly kind: "failed"; readonly message: string };

/**
 * Decodes greedily from a prompt. The prompt's last token is the root of the first tree, so the first
 * forward pass after the prefill verifies drafts already.
 */
export async function* generate(
  engine: Engine,
  prompt: Prompt,
  options: GenerateOptions,
  signal: AbortSignal,
): AsyncGenerator<Progress, End> {
  const { tokens, history } = prompt;
  let root = tokens[tokens.length - 1];
  if (root === undefined) return { kind: "endOfText" };
  const filled = await engine.prefill(tokens.subarray(0, -1), signal);
  if (filled.kind !== "prefilled") return filled;
  yield { kind: "prefilled", reused: filled.reused };

  const drafter = new Drafter(history, options.treeNodes);
  for (let left = options.maxTokens; left > 0; ) {
    const room = Math.min(engine.room(), left);
    if (room < 1) return { kind: "contextFull" };
    const tree = drafter.draft(root, room, nodes => engine.cost(nodes));
    const outcome = await engine.decode(tree, signal);
    if (outcome.kind !== "decoded") return outcome;
    const { path, next } = verify(tree, outcome.decoded.argmax);
    engine.accept(path);

    const decided = path.slice(1).map(node => tree.tokens[node] as number);
    decided.push(next);
    const end = decided.findIndex(token => engine.vocabulary.endsText(token));
    if (end >= 0) decided.length = end + 1;
    left -= decided.length;
    root = next;
    for (const token of decided) drafter.push(token);
    yield { kind: "step", tokens: decided, drafted: tree.count - 1, accepted: path.length - 1 };
    if (end >= 0) return { kind: "endOfText" };
  }
  return { kind: "maxTokens" };
}
