/** Loads a draft model beside a loaded model. */
import type { EngineProblem } from "./engine.ts";
import type { LlamaEngine } from "./llama.ts";
import { type LoadOptions, loadEngine } from "./load.ts";
import type { LlamaVocabulary } from "./vocabulary.ts";

/** Most tokens by which vocabularies of one family may differ, since some are padded to round sizes; llama.cpp's limit. */
const MOST_PADDING = 128;

const OTHER_DRAFT_MODEL =
  'Name a smaller model of the same family, or a smaller quantisation of the same model, in the setting "foretoken.draftModel", or clear it.';

/**
 * Loads a model to draft for `engine`: with as long a context, and by default decoding one sequence. It must not compute while
 * `engine` does; whoever has loaded it disposes it.
 */
export async function loadBeside(
  engine: LlamaEngine,
  options: LoadOptions,
): Promise<{ readonly engine: LlamaEngine } | { readonly problem: EngineProblem }> {
  const { contextTokens, maxTreeNodes } = engine.info;
  const { trees = { rows: maxTreeNodes, branches: 1 } } = options;
  const outcome = await loadEngine({ ...options, contextTokens, trees });
  if ("problem" in outcome) return { problem: { ...outcome.problem, remedy: OTHER_DRAFT_MODEL } };
  const { engine: drafter } = outcome;
  const message = unsuitable(engine, drafter);
  if (message === undefined) {
    // The best number of threads next to a graphics card does not apply to a model that the processor computes.
    if (drafter.info.backend === engine.info.backend)
      drafter.configure({ ...drafter.configuration, threads: engine.configuration.threads });
    return { engine: drafter };
  }
  await drafter.dispose();
  return { problem: { code: "modelUnsuitable", message, remedy: OTHER_DRAFT_MODEL } };
}

function unsuitable(engine: LlamaEngine, drafter: LlamaEngine): string | undefined {
  const [path, other] = [drafter.info.modelPath, engine.info.modelPath];
  if (!haveSameTokens(engine.vocabulary, drafter.vocabulary))
    return `${path} has a different vocabulary from ${other} and cannot draft for it.`;
  if (drafter.info.maxTreeNodes === 1 && engine.info.maxTreeNodes > 1)
    return `${path} keeps recurrent state, which cannot be rolled back: it cannot draft for ${other}.`;
  return undefined;
}

/** Whether the tokens of two vocabularies stand for the same texts, except for some that one of them has at its end. */
export function haveSameTokens(a: LlamaVocabulary, b: LlamaVocabulary): boolean {
  if (Math.abs(a.size - b.size) > MOST_PADDING) return false;
  const size = Math.min(a.size, b.size);
  for (let token = 0; token < size; token++)
    if (Buffer.compare(a.bytes(token), b.bytes(token)) !== 0) return false;
  return true;
}
