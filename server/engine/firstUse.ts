/** The first use of an engine, which shows what loading a model does not: some models and drivers fail only then. */
import type { EngineProblem } from "./engine.ts";
import type { LlamaEngine } from "./llama.ts";
import { CHOOSE_ANOTHER } from "./modelFile.ts";

/** Characters of all lengths in UTF-8, and text that few tokens are made for. */
const TRIAL_TEXT = "def f(x):\n\treturn 'é語😀' \u0001\u0007\u007f\ufffd\n";

/** Tokenizes and decodes, as part of a recorded load attempt: it may end the process. Returns what is wrong with the model. */
export async function useOnce(engine: LlamaEngine): Promise<EngineProblem | undefined> {
  const { vocabulary, info } = engine;
  const isToken = (token: number) => token >= 0 && token < vocabulary.size;
  if (!vocabulary.tokenize(TRIAL_TEXT).every(isToken))
    return {
      code: "modelUnsuitable",
      message: `${info.modelPath} has a tokenizer that cannot represent every text.`,
      remedy: CHOOSE_ANOTHER,
    };
  const { signal } = new AbortController();
  // Several tokens at once, as of a prompt: some models end the process only then.
  await engine.prefill(engine.vocabulary.tokenize("def f"), signal);
  const tree = { count: 1, tokens: Int32Array.of(0), parents: Int32Array.of(-1) };
  const outcome = await engine.decode(tree, signal);
  engine.forget();
  if (outcome.kind !== "failed") return undefined;
  const { modelPath, backend } = info;
  const elsewhere =
    backend === "cpu" ? "" : ' Or compute it on the processor: set "foretoken.backend" to "cpu".';
  return {
    code: "modelInvalid",
    message: `${modelPath} cannot be computed: ${outcome.message}.`,
    remedy: `${CHOOSE_ANOTHER}${elsewhere}`,
  };
}
