/** Runs methods on suites: the model, the store and the items they share, and the figures of each method. */
import { resolve } from "node:path";
import { openCorpus } from "../../server/corpus/index.ts";
import type { Engine } from "../../server/engine/index.ts";
import { conversationItems, suiteConversations } from "./chatSuites.ts";
import { load, loadDrafter, progress } from "./command.ts";
import { type DecodeReport, runSuite, type SuiteResult, summarise } from "./decode.ts";
import { hardware, measuredModel } from "./figures.ts";
import { isPreset, MethodMaker } from "./methodMaker.ts";
import type { MethodName, ServerName } from "./methods.ts";
import { OUROBOROS_DRAFTING } from "./presets/ouroboros.ts";
import type { SpeculativeOptions } from "./presets/speculative.ts";
import { StoreData } from "./presets/storeData.ts";
import { Projects } from "./projects.ts";
import {
  type Item,
  isConversation,
  projectFolders,
  type Suite,
  type SuiteSources,
  suiteItems,
  suiteProblems,
} from "./suites.ts";

/** Published methods have trees of up to 81 nodes, and tokens that are fed again beside them. */
const PUBLISHED_TREES = { rows: 128, branches: 96 } as const;

export interface MeasuredSuites {
  readonly suites: readonly Suite[];
  readonly methods: readonly MethodName[];
  readonly sources: SuiteSources;
  /** Path of the model; undefined: the default one. */
  readonly model: string | undefined;
  /** Folder of a store to draft from. */
  readonly datastore: string | undefined;
  /** Path of the model that drafts, and how it does for `speculative`. */
  readonly draftModel: string | undefined;
  readonly speculative: SpeculativeOptions;
  /** Addresses of llama.cpp's servers. */
  readonly servers: ReadonlyMap<ServerName, string>;
  /** Items of each suite, 0 for all; and the most tokens of a text and of its prompt. */
  readonly items: number;
  readonly maxTokens: number;
  readonly promptTokens: number;
  readonly runs: number;
  readonly threads: number;
  /** Foretoken's largest tree, root included. */
  readonly treeNodes: number;
}

/** Runs all methods on all suites. Throws a `UsageError` if something they need is missing. */
export async function measureSuites(asked: MeasuredSuites, signal: AbortSignal): Promise<DecodeReport> {
  const { methods, sources, maxTokens, runs, model } = asked;
  // Done before loading the model, which takes longer.
  const makers = asked.suites.map(suite => ({ suite, makeItems: itemMaker(suite, asked) }));
  const published = methods.some(isPreset);
  const engine = await load({ model }, asked.threads, 0, signal, published ? PUBLISHED_TREES : undefined);
  const { vocabulary, info } = engine;
  const trees = methods.includes("ouroboros") ? OUROBOROS_DRAFTING : undefined;
  const drafter = asked.draftModel ? await loadDrafter(engine, asked.draftModel, signal, trees) : undefined;
  const drafting = drafter && { engine: drafter, options: asked.speculative };
  const opened = asked.datastore ? openCorpus(resolve(asked.datastore), vocabulary.fingerprint) : undefined;
  const data = opened && new StoreData(opened.store, vocabulary);
  // The server also leaves room for the generated text; published methods may generate more than requested.
  const reserved = maxTokens + (published ? 2 * info.maxTreeNodes : asked.treeNodes) + 2;
  const promptTokens = Math.max(8, Math.min(asked.promptTokens, info.contextTokens - reserved));
  const maker = new MethodMaker({ ...asked, engine, sources: opened?.sources ?? [], data, drafting });
  try {
    const suites: SuiteResult[] = [];
    for (const { suite, makeItems } of makers) {
      const items = await makeItems(engine, promptTokens, signal);
      const projects = await Projects.of(projectFolders(suite, sources.corpus), vocabulary);
      const project = ({ uri }: Item) => projects.sourcesFor(uri);
      const part = {
        items,
        methods: await maker.make(suite, methods, project),
        runs,
        progress: (done: number) => progress(`${suite}: ${done} of ${items.length} items`),
      };
      const records = await runSuite(part, signal);
      const endsText = (token: number) => vocabulary.endsText(token);
      suites.push({ suite, methods: summarise(records, part.items, endsText) });
      projects.dispose();
    }
    progress("");
    return { hardware: hardware(info), model: measuredModel(info), store: data?.use ?? null, suites };
  } finally {
    await maker.dispose();
    opened?.store.close();
    await drafter?.dispose();
    await engine.dispose();
  }
}

type MakeItems = (engine: Engine, promptTokens: number, signal: AbortSignal) => Promise<Item[]>;

/** Reads the data of a suite, from which items are made for a model. Throws a `UsageError` if it is missing. */
function itemMaker(suite: Suite, { sources, items, maxTokens }: MeasuredSuites): MakeItems {
  if (isConversation(suite)) {
    const conversations = suiteConversations(suite, sources);
    return (engine, promptTokens, signal) =>
      conversationItems(engine, conversations, { items, maxTokens, promptTokens }, signal);
  }
  const problems = suiteProblems(suite, sources, items, maxTokens);
  return async ({ vocabulary }, promptTokens) => suiteItems(problems, vocabulary, maxTokens, promptTokens);
}
