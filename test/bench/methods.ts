/** The ways of decoding that are compared, each as: a prompt in, tokens and times out. */

import { type End, type GenerateOptions, generate } from "../../server/completion/index.ts";
import { type CorpusSource, DraftMemory } from "../../server/draft/index.ts";
import type { Baseline, Engine } from "../../server/engine/index.ts";
import { UsageError } from "../../server/system/index.ts";
import { ABLATIONS, type Ablation, type AblationOptions, FixedSizeDrafter } from "./ablations.ts";
import { type DrafterMaker, PRESETS, type Preset, type PresetName } from "./presets/preset.ts";
import { ReplayEngine } from "./replay.ts";
import type { Item } from "./suites.ts";
import { TimedDrafter } from "./timedDrafter.ts";

/**
 * `datastore` is Foretoken with a store to draft from; `foretoken` has the document alone, and the workspace where
 * the suite has one. `lookup` and `nlc-plain` are node-llama-cpp's own.
 */
export const METHODS = [
  "plain",
  "foretoken",
  "datastore",
  ...PRESETS,
  ...ABLATIONS,
  "lookup",
  "nlc-plain",
  "llama-server",
] as const;
export type MethodName = (typeof METHODS)[number];

/** What can replay: the others cannot be found out what to say. */
export const REPLAYING: readonly MethodName[] = ["plain", "foretoken", "datastore", ...PRESETS, ...ABLATIONS];

/** What drafts from a store. */
export const NEED_STORE: readonly MethodName[] = ["datastore", "rest", "sam", "sam+recycling"];

/** One method on one item, once. */
export interface MethodRun {
  /** The tokens decided, the one that ends the text included. */
  readonly tokens: readonly number[];
  readonly decodeMs: number;
  /** Forward passes after the prefill, and tree nodes (roots included) in all of them. */
  readonly decodes: number;
  readonly nodes: number;
  /** Time spent on drafts, by step; empty where it is not known. */
  readonly draftMs: readonly number[];
  /** Prompt tokens that were computed, and in what time; undefined when they were known already. */
  readonly prefill: { readonly tokens: number; readonly ms: number } | undefined;
}

/** The run before all that count, to read pages and grow buffers. */
export const WARM_UP = -1;

export interface Method {
  readonly name: MethodName;
  /**
   * @param run number of the run; what a method keeps from item to item, it keeps for each run apart. Until the
   * second run of an item the prompt is computed anew, to compare prefills.
   */
  run(item: Item, run: number, signal: AbortSignal): Promise<MethodRun>;
}

const isFresh = (run: number) => run <= 0;

export interface EngineMethodOptions {
  /** Largest tree, root included; 1 is plain decoding. */
  readonly treeNodes: number;
  /** Other texts for Foretoken to draft from. */
  readonly corpora?: (item: Item) => readonly CorpusSource[];
  /** What is left out of Foretoken. */
  readonly ablation?: AblationOptions;
  /** What drafts instead of Foretoken. */
  readonly preset?: Preset;
  /** Called before each run. */
  readonly prepare?: () => void;
}

/** Foretoken's own loop, with its own drafts or another method's. */
export function engineMethod(
  name: "plain" | "foretoken" | "datastore" | PresetName | Ablation,
  engine: Engine,
  { treeNodes, corpora, ablation, preset, prepare }: EngineMethodOptions,
): Method {
  const largest = Math.max(1, Math.min(treeNodes, engine.info.maxTreeNodes));
  const makers = new Map<number, DrafterMaker>();
  const memories = new Map<number, DraftMemory>();
  const drafting = (item: Item, run: number): Partial<GenerateOptions> => {
    if (!preset) {
      const known = memories.get(run) ?? new DraftMemory(engine.vocabulary, ablation?.memory);
      memories.set(run, known);
      return { memory: known, corpora: corpora?.(item) ?? [] };
    }
    const maker = makers.get(run) ?? preset.begin();
    makers.set(run, maker);
    // The trees of these methods are not bounded by what is left to generate: what is too much is dropped below.
    return { maxTokens: item.maxTokens + largest, drafter: history => maker(history) };
  };
  return {
    name,
    async run(item, run, signal) {
      prepare?.();
      if (item.script && engine instanceof ReplayEngine) engine.play(item.script);
      if (isFresh(run)) engine.forget();
      let timed: TimedDrafter | undefined;
      const options: GenerateOptions = {
        maxTokens: item.maxTokens,
        treeNodes: largest,
        watch: drafter => {
          const nodes = ablation?.fixedNodes;
          timed = new TimedDrafter(nodes === undefined ? drafter : new FixedSizeDrafter(drafter, nodes));
          return timed;
        },
        onFault: message => {
          throw new Error(`${name} on ${item.id}: ${message}`);
        },
        ...drafting(item, run),
      };
      const steps = generate(engine, item.prompt, options, signal);
      const measured = await measure(steps, item, isFresh(run));
      return { ...measured, draftMs: timed?.stepsMs ?? [] };
    },
  };
}

/** Runs a generation to its end or as far as the item goes. */
async function measure(
  steps: ReturnType<typeof generate>,
  item: Item,
  fresh: boolean,
): Promise<Omit<MethodRun, "draftMs">> {
  const tokens: number[] = [];
  let decodes = 0;
  let nodes = 0;
  let prefill: MethodRun["prefill"];
  let start = performance.now();
  while (tokens.length < item.maxTokens) {
    const { value, done } = await steps.next();
    if (done) {
      check(item, value);
      break;
    }
    if (value.kind === "prefilled") {
      const now = performance.now();
      const computed = item.prompt.tokens.length - 1 - value.reused;
      if (fresh && computed > 0) prefill = { tokens: computed, ms: now - start };
      start = now;
    } else {
      tokens.push(...value.tokens);
      decodes++;
      nodes += value.drafted + 1;
    }
  }
  const decodeMs = performance.now() - start;
  tokens.length = Math.min(tokens.length, item.maxTokens);
  return { tokens, decodeMs, decodes, nodes, prefill };
}

function check({ id }: Item, end: End): void {
  if (end.kind === "aborted") throw new UsageError("Interrupted.");
  if (end.kind === "failed") throw new Error(`${id}: ${end.message}`);
}

/** node-llama-cpp's evaluation of the same prompt, with or without its lookup predictor. */
export function baselineMethod(name: "lookup" | "nlc-plain", baseline: Baseline): Method {
  return {
    name,
    async run({ prompt, maxTokens }, number) {
      const fresh = isFresh(number);
      const run = await baseline.run(prompt.tokens, maxTokens, { lookup: name === "lookup", fresh });
      const computed = prompt.tokens.length - 1;
      return {
        tokens: run.tokens,
        decodeMs: run.decodeMs,
        decodes: run.decodes,
        nodes: run.decodes + run.drafted,
        draftMs: [],
        prefill: fresh && computed > 0 ? { tokens: computed, ms: run.prefillMs } : undefined,
      };
    },
  };
}

/** What is read of llama-server's answer to `/completion`. */
interface ServerAnswer {
  readonly tokens?: readonly number[];
  readonly timings?: {
    readonly prompt_n: number;
    readonly prompt_ms: number;
    readonly predicted_n: number;
    readonly predicted_ms: number;
    readonly draft_n?: number;
    readonly draft_n_accepted?: number;
  };
}

/**
 * A llama-server that runs already, with the same model and whatever speculation it was started with. The
 * times are its own, so the way there and back is not counted against it.
 */
export function serverMethod(url: string): Method {
  const address = new URL("completion", url.endsWith("/") ? url : `${url}/`);
  return {
    name: "llama-server",
    async run({ id, prompt, maxTokens }, run, signal) {
      const fresh = isFresh(run);
      const response = await fetch(address, {
        method: "POST",
        headers: { "content-type": "application/json" },
        signal,
        body: JSON.stringify({
          prompt: Array.from(prompt.tokens),
          n_predict: maxTokens,
          temperature: 0,
          samplers: ["top_k"],
          top_k: 1,
          return_tokens: true,
          cache_prompt: !fresh,
        }),
      }).catch((error: Error) => {
        throw new UsageError(`llama-server at ${url} does not answer: ${error.message}.`);
      });
      if (!response.ok)
        throw new UsageError(`llama-server at ${url} answers ${response.status}: ${await response.text()}`);
      const { tokens, timings } = (await response.json()) as ServerAnswer;
      if (!tokens || !timings)
        throw new UsageError(`llama-server's answer to ${id} has no tokens or timings.`);
      const decodes = timings.predicted_n - (timings.draft_n_accepted ?? 0);
      return {
        tokens,
        decodeMs: timings.predicted_ms,
        decodes,
        nodes: decodes + (timings.draft_n ?? 0),
        draftMs: [],
        prefill: fresh ? { tokens: timings.prompt_n, ms: timings.prompt_ms } : undefined,
      };
    },
  };
}
