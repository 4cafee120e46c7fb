/** The fixture model on the CPU, for tests. */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { findExactRows } from "../../server/engine/exactness.ts";
import { type LoadOptions, loadEngine } from "../../server/engine/load.ts";
import { decodeScript } from "../../server/system/index.ts";
import { fixtureModelPath } from "../fixtures/model.ts";

export const cpuOptions: LoadOptions = {
  modelPath: fixtureModelPath(),
  contextTokens: 0,
  threads: 2,
  reuse: "exact",
  requestedBackend: "cpu",
  cacheDirectory: join(tmpdir(), "foretoken-test-cache"),
  probeScript: "",
  decodeScript: decodeScript(),
};

export const never = new AbortController().signal;

/** The fixture model is fast enough for all that is compared. */
const MS_PER_TOKEN = 1;

/** Loads a model and finds out how large exact trees are. */
export async function load(options: Partial<LoadOptions> = {}) {
  const outcome = await loadEngine({ ...cpuOptions, ...options });
  if ("problem" in outcome) throw new Error(`${outcome.problem.message} ${outcome.problem.remedy}`);
  const { engine } = outcome;
  const exact = await findExactRows(engine, "bitwise", MS_PER_TOKEN, new Map(), never);
  if (exact) engine.configure({ ...engine.configuration, ...exact });
  engine.forget();
  return engine;
}
