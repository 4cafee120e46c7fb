/**
 * A model's predictions after each token of a prompt. Some published methods learn from them; their engines have the
 * logits of the whole prompt, ours only those that a draft tree requests. So the prompt is decoded once more, as trees of
 * one chain, and the context is then discarded: the measured run computes its prompt like all others, and the method
 * gets its predictions at no cost.
 */
import type { Engine } from "../../../server/engine/index.ts";
import { UsageError } from "../../../server/system/index.ts";

/** Successors of each token, as many as any method keeps. */
export const PREDICTED = 10;
const NONE = -1;
/** Tokens of one decode. */
const CHUNK = 64;

export interface PromptPredictions {
  readonly tokens: Int32Array;
  /** `PREDICTED` for each token, the most likely first; -1 where there are fewer. */
  readonly ids: Int32Array;
  readonly logits: Float32Array;
}

/** Decodes a prompt for its predictions. The engine has no context afterwards. */
export async function predictPrompt(
  engine: Engine,
  tokens: Int32Array,
  signal: AbortSignal,
): Promise<PromptPredictions> {
  const ids = new Int32Array(PREDICTED * tokens.length).fill(NONE);
  const logits = new Float32Array(PREDICTED * tokens.length);
  engine.forget();
  expectDone(await engine.prefill(tokens.subarray(0, 0), signal, "computed"));
  for (let from = 0; from < tokens.length; ) {
    const count = Math.min(CHUNK, engine.room(), tokens.length - from);
    if (count < 1) throw new Error("a prompt is longer than the context");
    const chain = {
      count,
      tokens: tokens.slice(from, from + count),
      parents: Int32Array.from({ length: count }, (_, node) => node - 1),
    };
    const outcome = expectDone(await engine.decode(chain, signal));
    for (let node = 0; node < count; node++) {
      const at = PREDICTED * (from + node);
      const end = at + PREDICTED;
      outcome.decoded.top(node, PREDICTED, ids.subarray(at, end), logits.subarray(at, end));
    }
    engine.accept(Array.from({ length: count }, (_, node) => node));
    from += count;
  }
  engine.forget();
  return { tokens, ids, logits };
}

type Outcome = { readonly kind: string; readonly message?: string };
type Done<Result extends Outcome> = Extract<Result, { readonly kind: "prefilled" | "decoded" }>;

function expectDone<Result extends Outcome>(outcome: Result): Done<Result> {
  if (isDone(outcome)) return outcome;
  if (outcome.kind === "aborted") throw new UsageError("Interrupted.");
  throw new Error(`a prompt cannot be decoded: ${outcome.message ?? outcome.kind}`);
}

const isDone = <Result extends Outcome>(outcome: Result): outcome is Done<Result> =>
  outcome.kind === "prefilled" || outcome.kind === "decoded";
