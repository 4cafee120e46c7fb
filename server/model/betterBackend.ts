/** Whether the model could run on a better back end than the CPU it was put on. */
import { decide, type Engine } from "../engine/index.ts";
import type { Settings } from "../protocol/index.ts";
import { loadOptions } from "./loader.ts";

/**
 * The back end that would be chosen; undefined if that is the CPU, or if the user did not choose the CPU.
 * @param storageDirectory where the answer is remembered for the next start
 */
export async function betterBackend(
  { info }: Engine,
  settings: Settings,
  storageDirectory: string | undefined,
): Promise<string | undefined> {
  if (info.backend !== "cpu" || settings.backend !== "cpu") return undefined;
  const best = await decide(loadOptions(info.modelPath, settings, storageDirectory));
  return best === "cpu" ? undefined : best;
}
