import type { CorpusSource } from "../../server/draft/index.ts";
import { type Baseline, EXACT_ROWS, type LlamaEngine, openBaseline } from "../../server/engine/index.ts";
import { ABLATIONS, type Ablation, ablationOptions } from "./ablations.ts";
import {
  baselineMethod,
  type EngineMethodOptions,
  engineMethod,
  type Method,
  type MethodName,
  REPLAYING,
  SERVERS,
  type ServerName,
  serverMethod,
} from "./methods.ts";
import { goose } from "./presets/goose.ts";
import { lookahead } from "./presets/lookahead.ts";
import { ouroboros } from "./presets/ouroboros.ts";
import { pia } from "./presets/pia.ts";
import { pld } from "./presets/pld.ts";
import { PRESETS, type Preset, type PresetName, type PublishedName, variant } from "./presets/preset.ts";
import { type PromptPredictions, predictPrompt } from "./presets/promptPredictions.ts";
import { racer } from "./presets/racer.ts";
import { recycling } from "./presets/recycling.ts";
import { rest } from "./presets/rest.ts";
import { sam, samWithRecycling } from "./presets/sam.ts";
import { type SpeculativeOptions, speculative } from "./presets/speculative.ts";
import type { StoreData } from "./presets/storeData.ts";
import { suffixDecoding } from "./presets/suffixDecoding.ts";
import { ReplayEngine } from "./replay.ts";
import { type Item, isReplayed, type Suite } from "./suites.ts";

export const isPreset = (name: MethodName): name is PresetName => PRESETS.some(preset => preset === name);

export const isServer = (name: MethodName): name is ServerName => SERVERS.some(server => server === name);

const isAblation = (name: MethodName): name is Ablation => ABLATIONS.some(ablation => ablation === name);

export interface DraftingModel {
  readonly engine: LlamaEngine;
  readonly options: SpeculativeOptions;
}

export interface MethodDependencies {
  readonly engine: LlamaEngine;
  /** Largest tree of Foretoken's, root included. */
  readonly treeNodes: number;
  /** Addresses of llama.cpp's servers. */
  readonly servers: ReadonlyMap<ServerName, string>;
  /** Foretoken's sources from a store, and the store's data for other methods. */
  readonly sources: readonly CorpusSource[];
  readonly data: StoreData | undefined;
  /** The draft model, with the same vocabulary, and its options. */
  readonly drafting: DraftingModel | undefined;
}

/** Makes methods over one engine; node-llama-cpp's own are loaded at first use. */
export class MethodMaker {
  private baseline: Promise<Baseline> | undefined;
  private readonly truths = new Map<string, readonly number[]>();
  /** Predictions within the prompts of items, each computed at first use. */
  private readonly predictions = new WeakMap<Item["prompt"], PromptPredictions>();

  constructor(private readonly parts: MethodDependencies) {}

  /**
   * The methods of `chosen` that can run a suite.
   * @param workspace Foretoken's sources from the project of an item
   */
  async make(
    suite: Suite,
    chosen: readonly MethodName[],
    workspace: (item: Item) => readonly CorpusSource[],
  ): Promise<Method[]> {
    const { servers, sources } = this.parts;
    const replaying = isReplayed(suite);
    const engine = replaying ? new ReplayEngine(this.parts.engine) : this.parts.engine;
    const methods: Method[] = [];
    for (const name of chosen) {
      if (replaying && !REPLAYING.includes(name)) continue;
      if (name === "plain" || name === "plain-again")
        methods.push(
          engineMethod(
            name,
            engine,
            this.own(1, () => []),
          ),
        );
      else if (name === "foretoken")
        methods.push(engineMethod(name, engine, this.own(this.parts.treeNodes, workspace)));
      else if (name === "datastore") {
        const both = (item: Item) => [...workspace(item), ...sources];
        methods.push(engineMethod(name, engine, this.own(this.parts.treeNodes, both)));
      } else if (name === "draft-model") {
        const both = (item: Item) => [...workspace(item), ...sources];
        const own = this.own(this.parts.treeNodes, both);
        methods.push(engineMethod(name, engine, { ...own, drafter: this.parts.drafting?.engine }));
      } else if (isAblation(name)) {
        const both = (item: Item) => [...workspace(item), ...sources];
        const own = this.own(this.parts.treeNodes, both);
        methods.push(engineMethod(name, engine, { ...own, ablation: ablationOptions(name) }));
      } else if (isPreset(name)) methods.push(engineMethod(name, engine, this.published(this.preset(name))));
      else if (isServer(name)) methods.push(serverMethod(name, servers.get(name) ?? ""));
      else {
        this.baseline ??= openBaseline(this.parts.engine.info);
        methods.push(baselineMethod(name, await this.baseline));
      }
    }
    return methods;
  }

  async dispose(): Promise<void> {
    await (await this.baseline)?.dispose();
  }

  /** Foretoken's trees are limited to exact sizes. */
  private own(treeNodes: number, corpora: (item: Item) => readonly CorpusSource[]): EngineMethodOptions {
    const rows = Math.min(treeNodes, EXACT_ROWS);
    return { treeNodes: rows, corpora, truths: this.truths, prepare: this.limitRows(undefined) };
  }

  /** A published method has its own tree sizes, exact or not. */
  private published(preset: Preset): EngineMethodOptions {
    const { nodes } = preset;
    const prepare = this.limitRows(this.parts.engine.info.maxTreeNodes);
    const predictions = (item: Item, signal: AbortSignal) => this.predict(item, signal);
    return { treeNodes: nodes, preset, predictions, prepare };
  }

  /** The prompt's last token is not decoded: the model's answer to it is what must be drafted. */
  private async predict({ prompt }: Item, signal: AbortSignal): Promise<PromptPredictions> {
    const known =
      this.predictions.get(prompt) ??
      (await predictPrompt(this.parts.engine, prompt.tokens.subarray(0, -1), signal));
    this.predictions.set(prompt, known);
    return known;
  }

  private limitRows(rows: number | undefined): () => void {
    const { engine } = this.parts;
    return () => {
      engine.limitRows(rows);
    };
  }

  private preset(name: PresetName): Preset {
    return variant(name, published => this.literature(published));
  }

  private literature(name: PublishedName): Preset {
    const { data, engine } = this.parts;
    const { vocabulary } = engine;
    const store = () => {
      if (!data) throw new Error(`${name} without a store`);
      return data;
    };
    const drafting = () => {
      if (!this.parts.drafting) throw new Error(`${name} without a model that drafts`);
      return this.parts.drafting;
    };
    switch (name) {
      case "pld":
        return pld;
      case "rest":
        return rest(store().rest());
      case "sam":
        return sam(store().sam());
      case "sam+recycling":
        return samWithRecycling(store().sam(), vocabulary.size);
      case "recycling":
        return recycling(vocabulary.size);
      case "pia":
        return pia(token => vocabulary.endsText(token));
      case "lookahead":
        return lookahead;
      case "suffix-decoding":
        return suffixDecoding;
      case "goose":
        return goose;
      case "racer":
      case "racer-sglang":
        return racer(vocabulary.size, name);
      case "speculative":
        return speculative(drafting().engine, drafting().options);
      case "ouroboros":
        return ouroboros(drafting().engine);
    }
  }
}
