import { type LlamaVocabulary, loadVocabulary } from "../engine/index.ts";
import { orUsageError } from "../system/index.ts";

/** Lends a command the tokenizer of a model, without its weights. Throws a `UsageError` where there is none. */
export async function withVocabulary<T>(
  modelPath: string,
  work: (vocabulary: LlamaVocabulary) => Promise<T> | T,
): Promise<T> {
  const outcome = orUsageError(await loadVocabulary(modelPath));
  try {
    return await work(outcome.vocabulary);
  } finally {
    outcome.dispose();
  }
}
