/** `foretoken bench decode`: which methods on what, and the report. */
import { parseArgs } from "node:util";
import { EXACT_ROWS } from "../../server/engine/index.ts";
import { UsageError, whole } from "../../server/system/index.ts";
import { DRAFT_MODEL_OPTIONS, draftModelArguments, names, path } from "./arguments.ts";
import { print } from "./command.ts";
import { type DecodeReport, storeLine, suiteTable } from "./decode.ts";
import { headline } from "./figures.ts";
import { type MeasuredSuites, measureSuites } from "./measureSuites.ts";
import { isServer } from "./methodMaker.ts";
import { METHODS, type MethodName, NEED_DRAFT_MODEL, NEED_STORE, type ServerName } from "./methods.ts";
import { CODE_SUITES, SUITES } from "./suites.ts";

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
  ...DRAFT_MODEL_OPTIONS,
  "llama-server": { type: "string" },
  threads: { type: "string" },
  json: { type: "boolean" },
} as const;

/**
 * The requested methods, in the order of `METHODS`. Plain is always included, since every ratio refers to it, as is a
 * llama-server if its address is given; if no methods are requested, also `datastore` if there is a store, and
 * `draft-model` and `speculative` if there is a draft model.
 */
function chosenMethods(
  given: string | undefined,
  server: string | undefined,
  datastore: string | undefined,
  draftModel: string | undefined,
): MethodName[] {
  const wanted = names(given ?? "plain,foretoken,lookup,nlc-plain", "methods", METHODS);
  const served = wanted.find(name => isServer(name) && !(server && name === "llama-server"));
  if (served)
    throw new UsageError(
      served === "llama-server"
        ? "The method llama-server needs --llama-server URL."
        : `The method ${served} is measured by bench compare.`,
    );
  const needy = datastore ? undefined : wanted.find(name => NEED_STORE.includes(name));
  if (needy) throw new UsageError(`The method ${needy} needs --datastore FOLDER.`);
  const drafted = draftModel ? undefined : wanted.find(name => NEED_DRAFT_MODEL.includes(name));
  if (drafted) throw new UsageError(`The method ${drafted} needs --draft-model PATH.`);
  const also = (name: MethodName) =>
    name === "plain" ||
    (name === "llama-server" && server !== undefined) ||
    (name === "datastore" && datastore !== undefined && given === undefined) ||
    (NEED_DRAFT_MODEL.includes(name) && draftModel !== undefined && given === undefined);
  return METHODS.filter(name => wanted.includes(name) || also(name));
}

/** The parsed arguments. */
function decodeArguments(args: string[]): MeasuredSuites & { readonly json: boolean | undefined } {
  const { values } = parseArgs({ args, options: DECODE_OPTIONS });
  const server = serverUrl(values["llama-server"]);
  return {
    json: values.json,
    model: path(values.model),
    datastore: values.datastore,
    ...draftModelArguments(values),
    suites: values.suite === "all" ? [...CODE_SUITES] : names(values.suite ?? "", "suite", SUITES),
    servers: new Map<ServerName, string>(server === undefined ? [] : [["llama-server", server]]),
    methods: chosenMethods(values.methods, server, values.datastore, values["draft-model"]),
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
  const { json, ...asked } = decodeArguments(args);
  report(await measureSuites(asked, signal), json);
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
