/** `foretoken bench`: arguments, loading and printing; the measurements are in the other files. */
import { parseArgs } from "node:util";
import { withVocabulary } from "../../server/corpus/index.ts";
import { ArgumentsError, defaultModelPath, UsageError, whole } from "../../server/system/index.ts";
import { BENCH_USAGE, names, path } from "./arguments.ts";
import { calibrationCommand } from "./calibrationCommand.ts";
import { load, print, progress } from "./command.ts";
import { compareCommand } from "./compareCommand.ts";
import { measureRetrieval, measureTokenizing } from "./corpus.ts";
import { costTable, measureCost, TREE_SIZES } from "./cost.ts";
import { decodeCommand } from "./decodeCommand.ts";
import { deviceCommand } from "./deviceCommand.ts";
import { engineCommand } from "./engineCommand.ts";
import { exactnessCommand } from "./exactnessCommand.ts";
import { hardware, headline, measuredModel } from "./figures.ts";
import { makeModel } from "./makeModel.ts";
import { memoryCommand } from "./memoryCommand.ts";
import { SHAPES } from "./modelShapes.ts";
import { qualityCommand } from "./qualityCommand.ts";
import { searchCommand } from "./searchCommand.ts";
import { sourcesCommand } from "./sourcesCommand.ts";
import { MODEL_TYPES } from "./tensorMaker.ts";
import { traceCommand } from "./traceCommand.ts";

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
  if (!out) throw new ArgumentsError("make-model needs --out FILE.");
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
      backend: { type: "string" },
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
      engine.limitRows(engine.info.maxTreeNodes);
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

/** Runs `foretoken bench` with the given arguments. An interrupt ends it after the current step. */
export async function bench(args: readonly string[]): Promise<void> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt);
  try {
    if (args.some(arg => arg === "--help" || arg === "-h")) print(BENCH_USAGE);
    else await dispatch(args, interrupted.signal);
  } finally {
    process.off("SIGINT", interrupt);
  }
}

async function dispatch([command, ...args]: readonly string[], signal: AbortSignal): Promise<void> {
  switch (command) {
    case "cost":
      return costCommand(args, signal);
    case "device":
      return deviceCommand(args, signal);
    case "exactness":
      return exactnessCommand(args, signal);
    case "engine":
      return engineCommand(args, signal);
    case "decode":
      return decodeCommand(args, signal);
    case "compare":
      return compareCommand(args, signal);
    case "sources":
      return sourcesCommand(args, signal);
    case "search":
      return searchCommand(args);
    case "trace":
      return traceCommand(args);
    case "retrieval":
    case "build":
      return corpusCommand(command, args, signal);
    case "memory":
      return memoryCommand(args, signal);
    case "quality":
      return qualityCommand(args, signal);
    case "calibration":
      return calibrationCommand(args, signal);
    case "make-model":
      return makeModelCommand(args);
    default:
      throw new ArgumentsError(`${command ? `bench has no command ${command}` : "bench needs a command"}.`);
  }
}
