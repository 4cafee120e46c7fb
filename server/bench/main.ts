/** `foretoken bench`: what is measured is in the other files; here are arguments, loading and printing. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { openCorpus } from "../datastore/openCorpus.ts";
import { withVocabulary } from "../datastore/withVocabulary.ts";
import type { Engine } from "../engine/engine.ts";
import type { LlamaEngine } from "../engine/llama.ts";
import { loadEngine, threadChoices } from "../engine/load.ts";
import { type Baseline, openBaseline } from "../engine/lookupBaseline.ts";
import { tune } from "../engine/tune.ts";
import { loadOptions } from "../parts.ts";
import { defaultModelPath, grammarsDirectory } from "../paths.ts";
import { DEFAULT_SETTINGS } from "../protocol/settings.ts";
import type { CorpusSource } from "../speculate/corpus.ts";
import { Grammars } from "../stream/grammars.ts";
import { UsageError, whole } from "../usage.ts";
import { measureRetrieval, measureTokenizing } from "./corpus.ts";
import { costTable, measureCost, TREE_SIZES } from "./cost.ts";
import { type DecodeReport, runSuite, type SuiteResult, suiteTable, summarise } from "./decode.ts";
import { hardware, headline, measuredModel } from "./figures.ts";
import { INFILLING_SUITES, infillings } from "./infilling.ts";
import { MODEL_TYPES, makeModel, SHAPES } from "./makeModel.ts";
import {
  baselineMethod,
  engineMethod,
  METHODS,
  type Method,
  type MethodName,
  REPLAYING,
  serverMethod,
} from "./methods.ts";
import { measureQuality, type QualityResult, qualityTable } from "./quality.ts";
import { ReplayEngine } from "./replay.ts";
import { openSandbox } from "./sandbox.ts";
import { type Problem, SUITES, type Suite, suiteItems, suiteProblems } from "./suites.ts";

export const BENCH_USAGE = `  foretoken bench cost [--model PATH] [--threads N,N] [--context N] [--runs N] [--json]
      Times a step by the size of its tree, behind a context of N tokens.
  foretoken bench decode --suite NAMES|all [--methods NAMES] [--model PATH] [--problems FOLDER] [--corpus FOLDER]
                         [--items N] [--max-tokens N] [--prompt-tokens N] [--tree-nodes N] [--runs N]
                         [--datastore FOLDER] [--llama-server URL] [--threads N] [--json]
      Compares ways of decoding. Suites: ${SUITES.join(", ")}. Methods: ${METHODS.join(", ")}.
      humaneval, single, multi and random need --problems with the files of HumanEval and HumanEval-Infilling;
      replay takes real code from --corpus or Python's standard library. --items 0 takes all items.
      --tree-nodes bounds the draft trees, which are otherwise as large as they pay.
  foretoken bench retrieval [--source SOURCE] [--sizes N,N] [--queries N] [--model PATH] [--json]
      Times searches of a datastore, from memory and from the file, beside REST's search. Sizes in tokens.
  foretoken bench build [--source SOURCE] [--blocks N] [--model PATH] [--json]
      Times the tokenizer for corpora beside llama.cpp's, megabyte by megabyte.
  foretoken bench quality --problems FOLDER [--suite NAMES|all] [--items N] [--max-tokens N] [--model PATH]
                          [--threads N] [--json]
      Exact match and pass@1 of HumanEval-Infilling, as completions are shown and as the model speaks by itself.
      Suites: ${INFILLING_SUITES.join(", ")}. Runs Python that the model has written, in a bounded process.
  foretoken bench make-model --shape ${SHAPES.join("|")}
                             --type ${MODEL_TYPES.join("|")} --out FILE [--seed N]
      Writes a model with random weights, to measure what its shape costs.
`;

type Options = Readonly<Record<string, string | boolean | undefined>>;

/** Names from an option, separated by commas, each one of `known`. */
function names<Name extends string>(given: string, option: string, known: readonly Name[]): Name[] {
  const found = given.split(",").map(name => name.trim());
  const isKnown = (name: string): name is Name => known.some(each => each === name);
  for (const name of found)
    if (!isKnown(name))
      throw new UsageError(
        `--${option} takes ${known.join(", ")}, got ${name === "" ? "nothing" : name}.\n\n${BENCH_USAGE}`,
      );
  return [...new Set(found.filter(isKnown))];
}

const path = (given: string | boolean | undefined) =>
  typeof given === "string" ? resolve(given) : undefined;

/** Loads a model and tunes it as the server does, but anew: what was found in another hour is not this one's. */
async function load(
  options: Options,
  threads: number,
  contextTokens: number,
  signal: AbortSignal,
): Promise<LlamaEngine> {
  const settings = { ...DEFAULT_SETTINGS, modelPath: path(options.model) ?? "", threads, contextTokens };
  const outcome = await loadEngine(loadOptions(settings));
  if ("problem" in outcome) throw new UsageError(`${outcome.problem.message} ${outcome.problem.remedy}`);
  const { engine } = outcome;
  if (await tune(engine, threadChoices(threads), signal)) return engine;
  await engine.dispose();
  throw new UsageError("Interrupted.");
}

const print = (text: string) => process.stdout.write(`${text}\n`);

/** Tells how far a long run has come, where a person can see it. */
const progress = (text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

async function makeModelCommand(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      shape: { type: "string" },
      type: { type: "string" },
      out: { type: "string" },
      seed: { type: "string" },
    },
  });
  const [shape = ""] = names(values.shape ?? "", "shape", SHAPES);
  const [type = "q8_0"] = names(values.type ?? "", "type", MODEL_TYPES);
  const out = path(values.out);
  if (!out) throw new UsageError(`make-model needs --out FILE.\n\n${BENCH_USAGE}`);
  const seed = whole(values, "seed", 1, 0);
  let bytes: number;
  try {
    bytes = makeModel({ shape, type, seed, tokenizerPath: defaultModelPath() }, out);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(`${out} could not be written: ${message}.`);
  }
  print(`${out}: ${shape} in ${type}, random weights of seed ${seed}, ${(bytes / 2 ** 20).toFixed(0)} MiB`);
}

async function corpusCommand(kind: "retrieval" | "build", args: string[], signal: AbortSignal) {
  const { values } = parseArgs({
    args,
    options: {
      source: { type: "string" },
      sizes: { type: "string" },
      queries: { type: "string" },
      blocks: { type: "string" },
      model: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const sizes = (values.sizes ?? "1000000,5000000,20000000")
    .split(",")
    .map(each => whole({ sizes: each }, "sizes", 0, 1000));
  const queries = whole(values, "queries", 2000, 1);
  const blocks = whole(values, "blocks", 20, 1);
  const options = { source: values.source ?? "python", signal };
  await withVocabulary(path(values.model) ?? defaultModelPath(), async vocabulary => {
    if (kind === "build") {
      const measured = await measureTokenizing(vocabulary, blocks, options);
      print(JSON.stringify(measured, null, 2));
      return;
    }
    const onLine = (line: string) => progress(line);
    const { report, table } = await measureRetrieval(vocabulary, sizes, queries, { ...options, onLine });
    progress("");
    print(values.json ? JSON.stringify(report, null, 2) : table);
  });
}

async function costCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: "string" },
      threads: { type: "string" },
      context: { type: "string" },
      runs: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const contextTokens = whole(values, "context", 512, 1);
  const runs = whole(values, "runs", 9, 1);
  const threadCounts = (values.threads ?? "0")
    .split(",")
    .map(each => whole({ threads: each }, "threads", 0, 0));
  const results = [];
  for (const threads of threadCounts) {
    // Room for the largest tree and the rows that go with it.
    const engine = await load(values, threads, contextTokens + 2 * (TREE_SIZES.at(-1) ?? 1), signal);
    try {
      const result = await measureCost(engine, { contextTokens, runs }, signal);
      const measured = { hardware: hardware(engine.info), model: measuredModel(engine.info), ...result };
      results.push(measured);
      if (values.json) continue;
      print(headline(measured.hardware, measured.model));
      print(
        `${result.contextTokens} tokens in the context, ${runs} interleaved runs\n\n${costTable(result)}\n`,
      );
    } finally {
      await engine.dispose();
    }
  }
  if (values.json) print(JSON.stringify(results, null, 2));
}

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

/** The methods that are asked for, in the order of `METHODS`; plain is one of them, since every ratio is to it. */
function chosenMethods(
  given: string | undefined,
  server: string | undefined,
  datastore: string | undefined,
): MethodName[] {
  const wanted = names(given ?? "plain,foretoken,lookup,nlc-plain", "methods", METHODS);
  if (!server && wanted.includes("llama-server"))
    throw new UsageError("The method llama-server needs --llama-server URL.");
  if (!datastore && wanted.includes("datastore"))
    throw new UsageError("The method datastore needs --datastore FOLDER.");
  const also = (name: MethodName) =>
    name === "plain" ||
    (name === "llama-server" && server !== undefined) ||
    (name === "datastore" && datastore !== undefined);
  return METHODS.filter(name => wanted.includes(name) || also(name));
}

/** Makes methods over one engine; node-llama-cpp's own are loaded when first asked for. */
class MethodMaker {
  private baseline: Promise<Baseline> | undefined;

  constructor(
    private readonly engine: Engine,
    private readonly treeNodes: number,
    private readonly server: string | undefined,
    private readonly sources: readonly CorpusSource[],
  ) {}

  /** The methods of `chosen` that can run a suite. */
  async make(suite: Suite, chosen: readonly MethodName[]): Promise<Method[]> {
    const replaying = suite === "replay";
    const engine = replaying ? new ReplayEngine(this.engine) : this.engine;
    const methods: Method[] = [];
    for (const name of chosen) {
      if (replaying && !REPLAYING.includes(name)) continue;
      if (name === "plain") methods.push(engineMethod(name, engine, 1));
      else if (name === "foretoken") methods.push(engineMethod(name, engine, this.treeNodes));
      else if (name === "datastore") methods.push(engineMethod(name, engine, this.treeNodes, this.sources));
      else if (name === "llama-server") methods.push(serverMethod(this.server ?? ""));
      else {
        this.baseline ??= openBaseline(this.engine.info);
        methods.push(baselineMethod(name, await this.baseline));
      }
    }
    return methods;
  }

  async dispose(): Promise<void> {
    await (await this.baseline)?.dispose();
  }
}

async function decodeCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({ args, options: DECODE_OPTIONS });
  const suites = values.suite === "all" ? [...SUITES] : names(values.suite ?? "", "suite", SUITES);
  const server = serverUrl(values["llama-server"]);
  const chosen = chosenMethods(values.methods, server, values.datastore);
  const maxTokens = whole(values, "max-tokens", 64, 1);
  const runs = whole(values, "runs", 3, 1);
  const items = whole(values, "items", 20, 0);
  const wish = whole(values, "prompt-tokens", 1024, 8);
  const threads = whole(values, "threads", 0, 0);
  const mostNodes = whole(values, "tree-nodes", 0, 0);
  const sources = { problems: path(values.problems), corpus: path(values.corpus) };
  const problems = new Map<Suite, Problem[]>(
    suites.map(suite => [suite, suiteProblems(suite, sources, items, maxTokens)]),
  );

  const engine = await load(values, threads, 0, signal);
  const { vocabulary, info } = engine;
  const drafting = values.datastore
    ? openCorpus(resolve(values.datastore), vocabulary.fingerprint).sources
    : [];
  const treeNodes = mostNodes || info.maxTreeNodes;
  // As the server leaves room for what is generated.
  const promptTokens = Math.max(8, Math.min(wish, info.contextTokens - maxTokens - treeNodes - 2));
  const maker = new MethodMaker(engine, treeNodes, server, drafting);
  try {
    const results: SuiteResult[] = [];
    for (const [suite, ofSuite] of problems) {
      const part = {
        items: suiteItems(ofSuite, vocabulary, maxTokens, promptTokens),
        methods: await maker.make(suite, chosen),
        runs,
        progress: (done: number) => progress(`${suite}: ${done} of ${ofSuite.length} items`),
      };
      const records = await runSuite(part, signal);
      const endsText = (token: number) => vocabulary.endsText(token);
      results.push({ suite, methods: summarise(records, part.items, endsText) });
    }
    progress("");
    report({ hardware: hardware(info), model: measuredModel(info), suites: results }, values);
  } finally {
    await maker.dispose();
    await engine.dispose();
  }
}

async function qualityCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      problems: { type: "string" },
      suite: { type: "string" },
      items: { type: "string" },
      "max-tokens": { type: "string" },
      model: { type: "string" },
      threads: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const suite = values.suite ?? "all";
  const suites = suite === "all" ? [...INFILLING_SUITES] : names(suite, "suite", INFILLING_SUITES);
  const count = whole(values, "items", 100, 0);
  const maxTokens = whole(values, "max-tokens", DEFAULT_SETTINGS.maxTokens, 1);
  const items = suites.map(each => infillings(each, path(values.problems), count));
  const sandbox = openSandbox();
  const grammars = new Grammars(grammarsDirectory());
  const engine = await load(values, whole(values, "threads", 0, 0), 0, signal);
  try {
    const results: QualityResult[] = [];
    for (const [i, each] of suites.entries()) {
      const ofSuite = items[i] ?? [];
      const told = (done: number) => progress(`${each}: ${done} of ${ofSuite.length} items`);
      const options = { maxTokens, grammars, sandbox, progress: told };
      results.push(await measureQuality(engine, each, ofSuite, options, signal));
    }
    progress("");
    const measured = { hardware: hardware(engine.info), model: measuredModel(engine.info) };
    if (values.json) return void print(JSON.stringify({ ...measured, suites: results }, null, 2));
    print(`${headline(measured.hardware, measured.model)}\n\n${qualityTable(results)}`);
    if (!sandbox.withoutNetwork) print("Programs could have reached the network.");
  } finally {
    await engine.dispose();
  }
}

function report(result: DecodeReport, { json }: Options): void {
  if (json) return void print(JSON.stringify(result, null, 2));
  print(headline(result.hardware, result.model));
  for (const suite of result.suites) print(`\n${suiteTable(suite)}`);
}

function serverUrl(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (!/^https?:\/\//.test(given) || !URL.canParse(given))
    throw new UsageError(`--llama-server takes a URL such as http://127.0.0.1:8080, got ${given}.`);
  return given;
}

/** Runs `foretoken bench` with what follows on the command line. An interrupt ends it after the step it is at. */
export async function bench(args: readonly string[]): Promise<void> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt);
  try {
    await dispatch(args, interrupted.signal);
  } finally {
    process.off("SIGINT", interrupt);
  }
}

async function dispatch([command, ...args]: readonly string[], signal: AbortSignal): Promise<void> {
  switch (command) {
    case "cost":
      return costCommand(args, signal);
    case "decode":
      return decodeCommand(args, signal);
    case "retrieval":
    case "build":
      return corpusCommand(command, args, signal);
    case "quality":
      return qualityCommand(args, signal);
    case "make-model":
      return makeModelCommand(args);
    default:
      throw new UsageError(
        `${command ? `bench has no command ${command}` : "bench needs a command"}.\n\n${BENCH_USAGE}`,
      );
  }
}
