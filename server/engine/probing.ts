/** What tuning and the test of exactness share: decodes whose content does not matter. */
import type { Decoded, DecodeOutcome } from "./engine.ts";
import type { LlamaEngine } from "./llama.ts";

/** Ids spread over the vocabulary, the same at each call. */
export function someTokens(count: number, vocabularySize: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => (i * 7919 + 257) % vocabularySize);
}

/** Decodes tokens as a chain; undefined when that was aborted or failed. */
export async function decodeChain(
  engine: LlamaEngine,
  tokens: Int32Array,
  signal: AbortSignal,
): Promise<Decoded | undefined> {
  const parents = Int32Array.from(tokens, (_, i) => i - 1);
  const outcome: DecodeOutcome = await engine.decode({ count: tokens.length, tokens, parents }, signal);
  return outcome.kind === "decoded" ? outcome.decoded : undefined;
}
