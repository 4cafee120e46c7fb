/** The fixture model on the CPU, for tests. */

import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DraftModel } from "../../server/draft/sources/draftModel.ts";
import type { Engine } from "../../server/engine/engine.ts";
import { findExactRows } from "../../server/engine/exactness.ts";
import { type LoadOptions, loadEngine } from "../../server/engine/load.ts";
import { decodeScript } from "../../server/system/index.ts";
import { type ModelPlan, makeModel } from "../bench/makeModel.ts";
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

/** Writes a random-weight model with the fixture's tokenizer to a path, and returns the path. */
export function writeModel(
  path: string,
  model: Pick<ModelPlan, "shape" | "metadata" | "architecture"> & Partial<Pick<ModelPlan, "type">>,
): string {
  makeModel({ type: "q8_0", seed: 3, tokenizerPath: cpuOptions.modelPath, ...model }, path);
  return path;
}

/** The fixture model is fast enough for all comparisons. */
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

/** The logits after one more token, which is not kept. */
export async function logitsAfter(engine: Engine, token: number): Promise<Float32Array> {
  const tree = { count: 1, tokens: Int32Array.of(token), parents: Int32Array.of(-1) };
  const outcome = await engine.decode(tree, never);
  assert.ok(outcome.kind === "decoded");
  const row = new Float32Array(engine.vocabulary.size);
  outcome.decoded.logits(0, row);
  engine.accept([]);
  return row;
}

/** A draft model that is used at each step, whatever the two models cost on this machine. */
export function askedAlways(engine: Engine, drafter: Engine): DraftModel {
  engine.cost = nodes => 1e6 * (1 + nodes / 100);
  drafter.cost = () => 1;
  return new DraftModel(drafter);
}
