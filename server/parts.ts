/** The real parts of the server: the only place that ties settings to the native engine. */
import { homedir } from "node:os";
import { join } from "node:path";
import { decide } from "./engine/backend.ts";
import { type LoadOptions, loadEngine } from "./engine/load.ts";
import type { EngineOutcome } from "./modelHost.ts";
import { cacheDirectory, defaultModelPath, probeScript } from "./paths.ts";
import type { Settings } from "./protocol/settings.ts";
import type { ServerParts } from "./server.ts";

/** How long after a start the choice of back end is looked at again, out of the way of the first completions. */
const RECONSIDER_MS = 20_000;

const expandHome = (path: string) => (path.startsWith("~/") ? join(homedir(), path.slice(2)) : path);

export function loadOptions(settings: Settings, storageDirectory = cacheDirectory()): LoadOptions {
  return {
    modelPath: settings.modelPath ? expandHome(settings.modelPath) : defaultModelPath(),
    contextTokens: settings.contextTokens,
    threads: settings.threads,
    wish: settings.backend,
    cacheDirectory: storageDirectory,
    probeScript: probeScript(),
  };
}

export const realParts: ServerParts = {
  modelLoader: storageDirectory => {
    let reconsidering = false;
    return async (settings): Promise<EngineOutcome> => {
      const options = loadOptions(settings, storageDirectory);
      const outcome = await loadEngine(options);
      if (settings.backend === "auto" && !reconsidering) {
        reconsidering = true;
        setTimeout(() => void decide(options), RECONSIDER_MS).unref();
      }
      return outcome;
    };
  },
};
