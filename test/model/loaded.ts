/** The fixture model on the CPU, for tests. */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadOptions, loadEngine } from "../../server/engine/load.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

export const cpuOptions: LoadOptions = {
  modelPath: fixtureModelPath(),
  contextTokens: 0,
  threads: 2,
  attention: "exact",
  reuse: "exact",
  wish: "cpu",
  cacheDirectory: join(tmpdir(), "foretoken-test-cache"),
  probeScript: "",
};

export async function load(options: Partial<LoadOptions> = {}) {
  const outcome = await loadEngine({ ...cpuOptions, ...options });
  if ("problem" in outcome) throw new Error(`${outcome.problem.message} ${outcome.problem.remedy}`);
  return outcome.engine;
}

export const never = new AbortController().signal;
