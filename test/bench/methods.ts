/** The compared ways of decoding, each as a function from a prompt to tokens and times. */

import { type End, type GenerateOptions, generate } from "../../server/completion/index.ts";
import { type CorpusSource, DraftMemory, DraftModel, type TreeDrafter } from "../../server/draft/index.ts";
import type { Baseline, Engine } from "../../server/engine/index.ts";
import { UsageError } from "../../server/system/index.ts";
import { ABLATIONS, type Ablation, type AblationOptions, FixedSizeDrafter } from "./ablations.ts";
import { OracleDrafter } from "./oracle.ts";
import {
  type DrafterMaker,
  originalOf,
  PRESETS,
  type Preset,
  type PresetName,
  visibleText,
} from "./presets/preset.ts";
import type { PromptPredictions } from "./presets/promptPredictions.ts";
import { ReplayEngine } from "./replay.ts";
import type { Item } from "./suites.ts";
import { TimedDrafter } from "./timedDrafter.ts";

/** llama.cpp's server, without drafts or with one of its kinds of speculation (`--spec-type`). */
export const SERVERS = [
  "llama-server",
  "server+ngram-simple",
  "server+ngram-map-k",
  "server+ngram-mod",
  "server+ngram-cache",
] as const;
export type ServerName = (typeof SERVERS)[number];

/**
 * `plain-again` is plain decoding once more: its difference from `plain` is chance. `datastore` is Foretoken with a store to
 * draft from, `draft-model` with a smaller model; `foretoken` only has the document, and the workspace if the suite has
 * one. `lookup` and `nlc-plain` are node-llama-cpp's own.
 */
export const METHODS = [
  "plain",
  "plain-again",
  "foretoken",
  "datastore",
  "draft-model",
  ...PRESETS,
  ...ABLATIONS,
  "lookup",
  "nlc-plain",
  ...SERVERS,
] as const;
export type MethodName = (typeof METHODS)[number];

/** Methods that can replay: the others cannot be made to generate a given text. */
export const REPLAYING: readonly MethodName[] = [
  "plain",
  "plain-again",
  "foretoken",
  "datastore",
  "draft-model",
  ...PRESETS,
  ...ABLATIONS,
];

/** Methods that draft with a second model. */
export const NEED_DRAFT_MODEL: readonly MethodName[] = ["draft-model", "speculative", "ouroboros"];

const STORE_METHODS = ["datastore", "rest", "sam", "sam+recycling"];
/** Methods that draft from a store. */
export const NEED_STORE: readonly MethodName[] = METHODS.filter(name =>
  STORE_METHODS.includes(originalOf(name)),
);

/** One method on one item, once. */
export interface MethodRun {
  /** The generated tokens, including the one that ends the text. */
  readonly tokens: readonly number[];
  readonly decodeMs: number;
  /** Forward passes after the prefill, and tree nodes (roots included) in all of them. */
  readonly decodes: number;
  readonly nodes: number;
  /** Time spent on drafts, by step; empty if unknown. */
  readonly draftMs: readonly number[];
  /** Milliseconds from the request to the first token and to the last, including the prompt; undefined if unknown. */
  readonly latency: { readonly firstMs: number; readonly wholeMs: number } | undefined;
  /** Prompt tokens that were computed, and the time; undefined if they were in the cache already. */
  readonly prefill: { readonly tokens: number; readonly ms: number } | undefined;
}

/** Number of the runs that are not counted. */
export const WARM_UP = -1;

export interface Method {
  readonly name: MethodName;
  /**
   * @param run number of the run; what a method keeps from item to item, it keeps separately for each run. In the first
   * counted run of an item the prompt is computed without a cache, to compare prefills.
   */
  run(item: Item, run: number, signal: AbortSignal): Promise<MethodRun>;
}

const isFresh = (run: number) => run === 0;

export interface EngineMethodOptions {
  /** Largest tree, root included; 1 is plain decoding. */
  readonly treeNodes: number;
  /** Other texts for Foretoken to draft from. */
  readonly corpora?: (item: Item) => readonly CorpusSource[];
  /** A smaller model that drafts for Foretoken. */
  readonly drafter?: Engine | undefined;
  /** The parts of Foretoken that are left out. */
  readonly ablation?: AblationOptions;
  /** The text of plain decoding for each item, by its id: recorded by `plain`, used by the oracle. */
  readonly truths?: Map<string, readonly number[]>;
  /** The method that drafts instead of Foretoken. */
  readonly preset?: Preset;
  /** The model's predictions within an item's prompt, for a preset that uses them; the engine loses its context. */
  readonly predictions?: (item: Item, signal: AbortSignal) => Promise<PromptPredictions>;
  /** Called before each run. */
  readonly prepare?: () => void;
}

/** Foretoken's own loop, with its own drafts or another method's. */
export function engineMethod(
  name: "plain" | "plain-again" | "foretoken" | "datastore" | "draft-model" | PresetName | Ablation,
  engine: Engine,
  { treeNodes, corpora, drafter, ablation, truths, preset, predictions, prepare }: EngineMethodOptions,
): Method {
  const largest = Math.max(1, Math.min(treeNodes, engine.info.maxTreeNodes));
  const makers = new Map<number, DrafterMaker>();
  const memories = new Map<number, DraftMemory>();
  const draftModels = new Map<number, DraftModel>();
  const drafting = async (
    item: Item,
    run: number,
    signal: AbortSignal,
  ): Promise<Partial<GenerateOptions>> => {
    if (!preset) {
      const known = memories.get(run) ?? new DraftMemory(engine.vocabulary, ablation?.memory);
      memories.set(run, known);
      if (item.deleted) known.recent.add(item.deleted);
      const draftModel = drafter && (draftModels.get(run) ?? new DraftModel(drafter));
      if (draftModel) draftModels.set(run, draftModel);
      return { memory: known, corpora: corpora?.(item) ?? [], draftModel };
    }
    const maker = makers.get(run) ?? preset.begin();
    makers.set(run, maker);
    const text = visibleText(preset, item.prompt, item.deleted);
    const details = {
      maxTokens: item.maxTokens,
      predictions: preset.readsPrompt ? await predictions?.(item, signal) : undefined,
    };
    // The trees of these methods are not limited by the remaining tokens: surplus tokens are dropped below.
    return { maxTokens: item.maxTokens + largest, drafter: () => maker(text, details) };
  };
  return {
    name,
    async run(item, run, signal) {
      prepare?.();
      if (item.script && engine instanceof ReplayEngine) engine.play(item.script);
      const truth = ablation?.oracle
        ? (truths?.get(item.id) ?? (await plainTokens(engine, item, signal)))
        : [];
      const drafts = await drafting(item, run, signal);
      if (item.script && engine instanceof ReplayEngine) engine.play(item.script);
      if (isFresh(run)) engine.forget();
      let timed: TimedDrafter | undefined;
      const options: GenerateOptions = {
        maxTokens: item.maxTokens,
        treeNodes: largest,
        // Prefill and decodes are timed separately.
        promptTail: "computed",
        watch: drafter => {
          timed = new TimedDrafter(changed(drafter, ablation, truth, largest));
          return timed;
        },
        onFault: message => {
          throw new Error(`${name} on ${item.id}: ${message}`);
        },
        ...drafts,
      };
      const steps = generate(engine, item.prompt, options, signal);
      const measured = await measure(steps, item, isFresh(run));
      if (name === "plain") truths?.set(item.id, measured.tokens);
      return { ...measured, draftMs: timed?.stepsMs ?? [] };
    },
  };
}

/** Foretoken's drafter with the changes of an ablation. */
function changed(
  drafter: TreeDrafter,
  ablation: AblationOptions | undefined,
  truth: readonly number[],
  largest: number,
): TreeDrafter {
  if (ablation?.oracle) return new OracleDrafter(drafter, truth, largest);
  const nodes = ablation?.fixedNodes;
  return nodes === undefined ? drafter : new FixedSizeDrafter(drafter, nodes);
}

/** The model's text for an item without drafts. */
async function plainTokens(engine: Engine, item: Item, signal: AbortSignal): Promise<readonly number[]> {
  if (item.script && engine instanceof ReplayEngine) engine.play(item.script);
  const steps = generate(engine, item.prompt, { maxTokens: item.maxTokens, treeNodes: 1 }, signal);
  return (await measure(steps, item, false)).tokens;
}

/** Runs a generation to its end or to the item's limit. */
async function measure(
  steps: ReturnType<typeof generate>,
  item: Item,
  fresh: boolean,
): Promise<Omit<MethodRun, "draftMs">> {
  const tokens: number[] = [];
  let decodes = 0;
  let nodes = 0;
  let prefill: MethodRun["prefill"];
  const asked = performance.now();
  let firstMs: number | undefined;
  let start = asked;
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
      firstMs ??= performance.now() - asked;
      decodes++;
      nodes += value.drafted + 1;
    }
  }
  const end = performance.now();
  tokens.length = Math.min(tokens.length, item.maxTokens);
  const latency = firstMs === undefined ? undefined : { firstMs, wholeMs: end - asked };
  return { tokens, decodeMs: end - start, decodes, nodes, latency, prefill };
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
        latency: undefined,
        prefill: fresh && computed > 0 ? { tokens: computed, ms: run.prefillMs } : undefined,
      };
    },
  };
}

/** The used part of llama-server's answer to `/completion`. */
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
 * A running llama-server with the same model and the speculation it was started with. The times are its own, so
 * the transport is not counted against it.
 */
export function serverMethod(name: ServerName, url: string): Method {
  const address = new URL("completion", url.endsWith("/") ? url : `${url}/`);
  return {
    name,
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
        latency: { firstMs: timings.prompt_ms, wholeMs: timings.prompt_ms + timings.predicted_ms },
        prefill: fresh ? { tokens: timings.prompt_n, ms: timings.prompt_ms } : undefined,
      };
    },
  };
}
