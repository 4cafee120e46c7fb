/** The first use of an engine: some models and drivers load and fail only then. */
import type { Engine, EngineProblem } from "./engine.ts";
import { chooseOtherThan } from "./modelFile.ts";
import { someTokens } from "./probing.ts";

/** Tokens computed at once, as in a prompt: some models end the process only if there are several. */
const ROWS = 2;
/**
 * The same on a graphics device. Up to this number of rows, Vulkan multiplies with programs that need buffers of their own. It
 * makes these when a decode first has as many rows, and ends the process if there is no memory for one. So they are made when
 * the model is loaded.
 */
const DEVICE_ROWS = 8;

/** Decodes, as part of a recorded load attempt: it may end the process. Returns what is wrong with the model. */
export async function useOnce(engine: Engine): Promise<EngineProblem | undefined> {
  const { signal } = new AbortController();
  const rows = engine.info.backend === "cpu" ? ROWS : DEVICE_ROWS;
  await engine.prefill(someTokens(rows, engine.vocabulary.size), signal);
  const tree = { count: 1, tokens: Int32Array.of(0), parents: Int32Array.of(-1) };
  const outcome = await engine.decode(tree, signal);
  engine.forget();
  if (outcome.kind !== "failed") return undefined;
  const { modelPath, backend } = engine.info;
  return {
    code: "modelInvalid",
    message: `${modelPath} cannot be computed: ${outcome.message}.`,
    remedy: chooseOtherThan(backend),
  };
}
