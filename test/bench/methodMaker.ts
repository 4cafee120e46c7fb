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
  serverMethod,
} from "./methods.ts";
import { pia } from "./presets/pia.ts";
import { pld } from "./presets/pld.ts";
import { PRESETS, type Preset, type PresetName } from "./presets/preset.ts";
import { recycling } from "./presets/recycling.ts";
import { rest } from "./presets/rest.ts";
import { sam, samWithRecycling } from "./presets/sam.ts";
import type { StoreData } from "./presets/storeData.ts";
import { ReplayEngine } from "./replay.ts";
import { type Item, isReplayed, type Suite } from "./suites.ts";

export const isPreset = (name: MethodName): name is PresetName => PRESETS.some(preset => preset === name);

const isAblation = (name: MethodName): name is Ablation => ABLATIONS.some(ablation => ablation === name);

export interface MethodDependencies {
  readonly engine: LlamaEngine;
  /** Largest tree of Foretoken's, root included. */
  readonly treeNodes: number;
  /** Address of a llama-server. */
  readonly server: string | undefined;
  /** What Foretoken has of a store, and what other methods have. */
  readonly sources: readonly CorpusSource[];
  readonly data: StoreData | undefined;
}

/** Makes methods over one engine; node-llama-cpp's own are loaded when first asked for. */
export class MethodMaker {
  private baseline: Promise<Baseline> | undefined;

  constructor(private readonly parts: MethodDependencies) {}

  /**
   * The methods of `chosen` that can run a suite.
   * @param workspace what Foretoken has of the project an item is from
   */
  async make(
    suite: Suite,
    chosen: readonly MethodName[],
    workspace: (item: Item) => readonly CorpusSource[],
  ): Promise<Method[]> {
    const { server, sources } = this.parts;
    const replaying = isReplayed(suite);
    const engine = replaying ? new ReplayEngine(this.parts.engine) : this.parts.engine;
    const methods: Method[] = [];
    for (const name of chosen) {
      if (replaying && !REPLAYING.includes(name)) continue;
      if (name === "plain")
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
      } else if (isAblation(name)) {
        const both = (item: Item) => [...workspace(item), ...sources];
        const own = this.own(this.parts.treeNodes, both);
        methods.push(engineMethod(name, engine, { ...own, ablation: ablationOptions(name) }));
      } else if (isPreset(name)) methods.push(engineMethod(name, engine, this.published(this.preset(name))));
      else if (name === "llama-server") methods.push(serverMethod(server ?? ""));
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

  /** Foretoken's trees are as large as they are exact. */
  private own(treeNodes: number, corpora: (item: Item) => readonly CorpusSource[]): EngineMethodOptions {
    return { treeNodes: Math.min(treeNodes, EXACT_ROWS), corpora, prepare: this.limitRows(undefined) };
  }

  /** A published method has trees of its own size, be they exact or not. */
  private published(preset: Preset): EngineMethodOptions {
    const { nodes } = preset;
    return { treeNodes: nodes, preset, prepare: this.limitRows(this.parts.engine.info.maxTreeNodes) };
  }

  private limitRows(rows: number | undefined): () => void {
    const { engine } = this.parts;
    return () => {
      engine.limitRows(rows);
    };
  }

  private preset(name: PresetName): Preset {
    const { data, engine } = this.parts;
    const { vocabulary } = engine;
    const store = () => {
      if (!data) throw new Error(`${name} without a store`);
      return data;
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
    }
  }
}
