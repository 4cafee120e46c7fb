/** `foretoken bench decode`: which methods on what, and the report. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { openCorpus, Workspace } from "../../server/corpus/index.ts";
import { EXACT_ROWS, type Vocabulary } from "../../server/engine/index.ts";
import { UsageError, whole } from "../../server/system/index.ts";
import { names, path } from "./arguments.ts";
import { load, print, progress } from "./command.ts";
import { type DecodeReport, runSuite, type SuiteResult, storeLine, suiteTable, summarise } from "./decode.ts";
import { hardware, headline, measuredModel } from "./figures.ts";
import { isPreset, MethodMaker } from "./methodMaker.ts";
import { METHODS, type MethodName, NEED_STORE } from "./methods.ts";
import { StoreData } from "./presets/storeData.ts";
import {
  type Item,
  type Problem,
  replayFolder,
  SUITES,
  type Suite,
  suiteItems,
  suiteProblems,
} from "./suites.ts";

/** The methods of the literature have trees of up to 81 nodes, and tokens that are fed again beside them. */
const PUBLISHED_TREES = { rows: 128, branches: 96 } as const;

const DECODE_OPTIONS = {
  suite: { type: "string" },
  methods: { type: "string" },
  model: { type: "string" },
  problems: { type: "string" },
  corpus: { type: "string" },
  items: { type: "string" },
  "max-tokens": { type: "string" },
  "prompt-tokens": { type: "string" },
  "tree-nodes": { type: "string" },
  runs: { type: "string" },
  datastore: { type: "string" },
  "llama-server": { type: "string" },
  threads: { type: "string" },
  json: { type: "boolean" },
} as const;

/**
 * The methods that are asked for, in the order of `METHODS`. Plain is always one of them, since every ratio is to
 * it, a llama-server where its address is given, and `datastore` where a store is and nothing else is asked for.
 */
function chosenMethods(
  given: string | undefined,
  server: string | undefined,
  datastore: string | undefined,
): MethodName[] {
  const wanted = names(given ?? "plain,foretoken,lookup,nlc-plain", "methods", METHODS);
  if (!server && wanted.includes("llama-server"))
    throw new UsageError("The method llama-server needs --llama-server URL.");
  const needy = datastore ? undefined : wanted.find(name => NEED_STORE.includes(name));
  if (needy) throw new UsageError(`The method ${needy} needs --datastore FOLDER.`);
  const also = (name: MethodName) =>
    name === "plain" ||
    (name === "llama-server" && server !== undefined) ||
    (name === "datastore" && datastore !== undefined && given === undefined);
  return METHODS.filter(name => wanted.includes(name) || also(name));
}

/** What was asked for. */
function decodeArguments(args: string[]) {
  const { values } = parseArgs({ args, options: DECODE_OPTIONS });
  const suites = values.suite === "all" ? [...SUITES] : names(values.suite ?? "", "suite", SUITES);
  const server = serverUrl(values["llama-server"]);
  return {
    values,
    suites,
    server,
    chosen: chosenMethods(values.methods, server, values.datastore),
    maxTokens: whole(values, "max-tokens", 64, 1),
    runs: whole(values, "runs", 3, 1),
    items: whole(values, "items", 20, 0),
    promptTokens: whole(values, "prompt-tokens", 1024, 8),
    threads: whole(values, "threads", 0, 0),
    treeNodes: whole(values, "tree-nodes", 0, 0) || EXACT_ROWS,
    sources: { problems: path(values.problems), corpus: path(values.corpus) },
  };
}

export async function decodeCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values, chosen, maxTokens, runs, sources, ...asked } = decodeArguments(args);
  const problems = new Map<Suite, Problem[]>(
    asked.suites.map(suite => [suite, suiteProblems(suite, sources, asked.items, maxTokens)]),
  );
  const published = chosen.some(isPreset);
  const engine = await load(values, asked.threads, 0, signal, published ? PUBLISHED_TREES : undefined);
  const { vocabulary, info } = engine;
  const opened = values.datastore ? openCorpus(resolve(values.datastore), vocabulary.fingerprint) : undefined;
  const data = opened && new StoreData(opened.store, vocabulary);
  // As the server leaves room for what is generated; published methods say more than is asked for.
  const reserved = maxTokens + (published ? 2 * info.maxTreeNodes : asked.treeNodes) + 2;
  const promptTokens = Math.max(8, Math.min(asked.promptTokens, info.contextTokens - reserved));
  const maker = new MethodMaker({ ...asked, engine, sources: opened?.sources ?? [], data });
  try {
    const results: SuiteResult[] = [];
    for (const [suite, ofSuite] of problems) {
      const workspace =
        suite === "workspace" ? await indexed(replayFolder(suite, sources.corpus), vocabulary) : undefined;
      const project = ({ uri }: Item) => (workspace ? [workspace.source(uri)] : []);
      const part = {
        items: suiteItems(ofSuite, vocabulary, maxTokens, promptTokens),
        methods: await maker.make(suite, chosen, project),
        runs,
        progress: (done: number) => progress(`${suite}: ${done} of ${ofSuite.length} items`),
      };
      const records = await runSuite(part, signal);
      const endsText = (token: number) => vocabulary.endsText(token);
      results.push({ suite, methods: summarise(records, part.items, endsText) });
      workspace?.dispose();
    }
    progress("");
    const measured = { hardware: hardware(info), model: measuredModel(info), store: data?.use ?? null };
    report({ ...measured, suites: results }, values.json);
  } finally {
    await maker.dispose();
    opened?.store.close();
    await engine.dispose();
  }
}

/** A project's files, indexed as the server does. */
async function indexed(folder: string, vocabulary: Vocabulary): Promise<Workspace> {
  const tokenizer = {
    tokenize: async (texts: readonly string[]) => texts.map(text => vocabulary.tokenize(text)),
  };
  const workspace = new Workspace([folder], tokenizer, message => {
    throw new UsageError(message);
  });
  await workspace.scan();
  return workspace;
}

function report(result: DecodeReport, json: boolean | undefined): void {
  if (json) return void print(JSON.stringify(result, null, 2));
  print(headline(result.hardware, result.model));
  if (result.store) print(storeLine(result.store));
  for (const suite of result.suites) print(`\n${suiteTable(suite)}`);
}

function serverUrl(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (!/^https?:\/\//.test(given) || !URL.canParse(given))
    throw new UsageError(`--llama-server takes a URL such as http://127.0.0.1:8080, got ${given}.`);
  return given;
}
