import { type LlamaVocabulary, loadVocabulary } from "../engine/index.ts";
import { UsageError } from "../system/index.ts";

/** Lends a command the tokenizer of a model, without its weights. Throws a `UsageError` where there is none. */
export async function withVocabulary<T>(
  modelPath: string,
  work: (vocabulary: LlamaVocabulary) => Promise<T> | T,
): Promise<T> {
  const outcome = await loadVocabulary(modelPath);
  if ("problem" in outcome) throw new UsageError(`${outcome.problem.message} ${outcome.problem.remedy}`);
  try {
    return await work(outcome.vocabulary);
  } finally {
    outcome.dispose();
  }
}
