/** The ways of decoding that are compared, each as: a prompt in, tokens and times out. */
import type { Engine } from "../engine/engine.ts";
import type { Baseline } from "../engine/lookupBaseline.ts";
import { type End, generate } from "../generate.ts";
import type { CorpusSource } from "../speculate/corpus.ts";
import { UsageError } from "../usage.ts";
import { ReplayEngine } from "./replay.ts";
import type { Item } from "./suites.ts";

/** `datastore` is Foretoken with a store to draft from; `foretoken` has the document alone. */
export const METHODS = ["plain", "foretoken", "datastore", "lookup", "nlc-plain", "llama-server"] as const;
export type MethodName = (typeof METHODS)[number];

/** What can replay: the others cannot be told what to say. */
export const REPLAYING: readonly MethodName[] = ["plain", "foretoken", "datastore"];

/** One method on one item, once. */
export interface MethodRun {
  /** The tokens decided, the one that ends the text included. */
  readonly tokens: readonly number[];
  readonly decodeMs: number;
  /** Forward passes after the prefill, and tree nodes (roots included) in all of them. */
  readonly decodes: number;
  readonly nodes: number;
  /** Prompt tokens that were computed, and in what time; undefined when they were known already. */
  readonly prefill: { readonly tokens: number; readonly ms: number } | undefined;
}

export interface Method {
  readonly name: MethodName;
  /** @param fresh whether the prompt is to be computed anew: each method once an item, to compare prefills */
  run(item: Item, fresh: boolean, signal: AbortSignal): Promise<MethodRun>;
}

const NO_TOKENS = new Int32Array(0);

/**
 * Foretoken's own loop with trees of at most `treeNodes` nodes; 1 is plain decoding.
 * @param sources other texts to draft from
 */
export function engineMethod(
  name: "plain" | "foretoken" | "datastore",
  engine: Engine,
  treeNodes: number,
  sources: readonly CorpusSource[] = [],
): Method {
  const largest = Math.max(1, Math.min(treeNodes, engine.info.maxTreeNodes));
  return {
    name,
    async run(item, fresh, signal) {
      if (item.script && engine instanceof ReplayEngine) engine.play(item.script);
      if (fresh) await engine.prefill(NO_TOKENS, signal);
      const options = { maxTokens: item.maxTokens, treeNodes: largest, sources };
      const steps = generate(engine, item.prompt, options, signal);
      const tokens: number[] = [];
      let decodes = 0;
      let nodes = 0;
      let prefill: MethodRun["prefill"];
      let start = performance.now();
      for (;;) {
        const { value, done } = await steps.next();
        if (done) {
          check(item, value);
          return { tokens, decodeMs: performance.now() - start, decodes, nodes, prefill };
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
    },
  };
}

function check({ id }: Item, end: End): void {
  if (end.kind === "aborted") throw new UsageError("Interrupted.");
  if (end.kind === "failed") throw new Error(`${id}: ${end.message}`);
}

/** node-llama-cpp's evaluation of the same prompt, with or without its lookup predictor. */
export function baselineMethod(name: "lookup" | "nlc-plain", baseline: Baseline): Method {
  return {
    name,
    async run({ prompt, maxTokens }, fresh) {
      const run = await baseline.run(prompt.tokens, maxTokens, { lookup: name === "lookup", fresh });
      const computed = prompt.tokens.length - 1;
      return {
        tokens: run.tokens,
        decodeMs: run.decodeMs,
        decodes: run.decodes,
        nodes: run.decodes + run.drafted,
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
    async run({ id, prompt, maxTokens }, fresh, signal) {
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
        prefill: fresh ? { tokens: timings.prompt_n, ms: timings.prompt_ms } : undefined,
      };
    },
  };
}
