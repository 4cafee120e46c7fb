/** Whether the model could run on something better than the processor it was put on. */
import { decide, type Engine } from "../engine/index.ts";
import type { Settings } from "../protocol/index.ts";
import { loadOptions } from "./loader.ts";

/** The back end that would be chosen; undefined where it is none but the CPU, or the choice was not the user's. */
export async function betterBackend({ info }: Engine, settings: Settings): Promise<string | undefined> {
  if (info.backend !== "cpu" || settings.backend !== "cpu") return undefined;
  const best = await decide(loadOptions(info.modelPath, settings));
  return best === "cpu" ? undefined : best;
}
