#!/usr/bin/env node
/** The command line `foretoken`: every part of the server without an editor. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { MODEL_USAGE, modelCommand } from "./catalogue/index.ts";
import {
  loadDraftModel,
  loadForCommand,
  pathOfModel,
  SAMPLING_FLAGS,
  samplingOf,
  tuneOnce,
} from "./commandLine.ts";
import { type Completion, complete, type SelfTestReport, selfTest } from "./completion/index.ts";
import { openCorpus } from "./corpus/index.ts";
import { DraftMemory } from "./draft/index.ts";
import { disposeModel } from "./model/index.ts";
import { DEFAULT_SETTINGS } from "./protocol/index.ts";
import { Grammars } from "./syntax/index.ts";
import {
  benchScript,
  drain,
  grammarsDirectory,
  messageOf,
  packageVersion,
  reportAndFail,
  UsageError,
} from "./system/index.ts";
import type { Snapshot } from "./text/index.ts";

const USAGE = `Usage:
  foretoken serve --stdio
      Runs the language server on standard input and output.
  foretoken complete FILE:LINE:COLUMN [--json] [--max-tokens N] [--no-drafts] [--model MODEL]
                     [--draft-model MODEL|auto] [--backend auto|cpu|cuda|vulkan|metal] [--datastore DIR]
                     [--temperature T [--seed N] [--top-k N] [--top-p P] [--min-p P]]
      Completes FILE at a position (both counted from 1) and streams the text. --json prints one object
      instead: text, finishReason, tokens, steps, drafted, accepted and milliseconds. Without a temperature
      the most likely token is taken each time; with one, tokens are drawn, the same ones for the same seed.
      --datastore drafts from a store as well, --draft-model by a smaller model of the same vocabulary; both
      change how long it takes and not the text.
  foretoken chat [--model MODEL] [--draft-model MODEL|auto] [--datastore DIR] [--system TEXT] [--max-tokens N]
                 [--no-drafts] [--backend auto|cpu|cuda|vulkan|metal]
                 [--temperature T [--seed N] [--top-k N] [--top-p P] [--min-p P]]
      A conversation in the terminal with a model that was trained for one; without a terminal, each line of
      standard input is a turn. Ctrl-C stops an answer; /help lists what else there is. Drafts come from the
      conversation, --datastore, --draft-model and the model's own guesses, and do not change what is said.
${MODEL_USAGE}  foretoken datastore build|info|verify|query|list|remove ...
      Builds and shows stores of code to draft from; --help lists what it can do.
  foretoken bench cost|decode|quality|make-model ...
      Measures, in a checkout; --help lists what it can do.
  foretoken --help | --version

Exit codes: 0 done; 1 it could not be done, with the reason on standard error; 2 the model has no template of
conversations; 130 interrupted.
`;

/** Language ids of LSP that are not the file's extension itself. */
const LANGUAGE_IDS: Readonly<Record<string, string>> = {
  py: "python",
  js: "javascript",
  jsx: "javascriptreact",
  ts: "typescript",
  tsx: "typescriptreact",
  rs: "rust",
  h: "cpp",
  cc: "cpp",
  hpp: "cpp",
};

function parsePosition(place: string | undefined): { file: string; line: number; column: number } {
  const match = /^(.+):(\d+):(\d+)$/.exec(place ?? "");
  if (!match) throw new UsageError(`Expected FILE:LINE:COLUMN, got ${place ?? "nothing"}.\n\n${USAGE}`);
  return { file: resolve(match[1] as string), line: Number(match[2]), column: Number(match[3]) };
}

/** The file as a document with the cursor at a position counted from 1, columns in UTF-16 units. */
function snapshotAt(place: string | undefined): Snapshot {
  const { file, line, column } = parsePosition(place);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`);
  }
  const lines = text.split("\n");
  const wanted = lines[line - 1];
  if (wanted === undefined || line < 1)
    throw new UsageError(`${file} has ${lines.length} lines; there is no line ${line}.`);
  const length = wanted.replace(/\r$/, "").length;
  if (column < 1 || column > length + 1)
    throw new UsageError(`Line ${line} of ${file} has ${length} characters; there is no column ${column}.`);
  const offset = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
  const extension = extname(file).slice(1);
  const languageId = LANGUAGE_IDS[extension] ?? extension;
  return { uri: pathToFileURL(file).href, languageId, version: 0, text, offset };
}

/** `foretoken model check`. Returns whether the model may be used. */
async function checkModel(
  path: string,
  { json, backend }: { json: boolean; backend: string },
): Promise<boolean> {
  const loaded = await loadForCommand(path, backend);
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const { engine } = loaded;
  try {
    await tuneOnce(loaded, interrupted.signal);
    const grammars = new Grammars(grammarsDirectory(), () => {});
    const report = await selfTest(engine, grammars, interrupted.signal);
    if (!report) throw new UsageError("The check was interrupted.");
    if (json)
      process.stdout.write(`${JSON.stringify({ model: engine.info.modelName, ...report }, null, 2)}\n`);
    else process.stdout.write(describeCheck(engine.info.modelName, engine.info.backend, report));
    return report.problem === undefined;
  } finally {
    await engine.dispose();
  }
}

const inOrders = ({ order, rightInOtherOrder }: SelfTestReport["middles"]) =>
  order === undefined ? "" : ` (${order}; ${rightInOtherOrder} in the other order)`;

function describeCheck(name: string, backend: string, report: SelfTestReport): string {
  const { tokenizer, middles, drafts, tokensPerSecond, problem } = report;
  return [
    `${name} on ${backend}: ${problem ?? "may be used."}`,
    `  tokenizer gives back its text: ${tokenizer ? "yes" : "no"}`,
    `  middles that were filled in right: ${middles.right} of ${middles.of}${inOrders(middles)}`,
    `  drafts leave the text as it is: ${drafts.equal ? "yes" : "no"}, over ${drafts.tokens} tokens`,
    `  tokens a second without drafts: ${tokensPerSecond.toFixed(1)}`,
    "",
  ].join("\n");
}

/** Completes at a place of a file and prints the text as it grows, or a report of it. */
async function completeCommand(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "boolean" },
      "max-tokens": { type: "string" },
      "no-drafts": { type: "boolean" },
      model: { type: "string" },
      "draft-model": { type: "string" },
      backend: { type: "string" },
      datastore: { type: "string" },
      ...SAMPLING_FLAGS,
    },
  });
  const sampling = samplingOf(values);
  const maxTokens = Number(values["max-tokens"] ?? DEFAULT_SETTINGS.maxTokens);
  if (!Number.isInteger(maxTokens) || maxTokens < 1)
    throw new UsageError(`--max-tokens must be a whole number from 1, got ${values["max-tokens"]}.`);
  const snapshot = snapshotAt(positionals[0]);
  const start = performance.now();
  const outcome = await loadForCommand(pathOfModel(values.model), values.backend);
  const loadMs = performance.now() - start;
  const { engine } = outcome;
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  await tuneOnce(outcome, interrupted.signal);
  const draftModel = values["no-drafts"]
    ? undefined
    : await loadDraftModel(outcome, values["draft-model"], values.backend);
  const opened = values.datastore
    ? openCorpus(resolve(values.datastore), engine.vocabulary.fingerprint)
    : undefined;
  const grammars = new Grammars(grammarsDirectory(), message =>
    process.stderr.write(`foretoken: ${message}\n`),
  );
  await grammars.load(snapshot.languageId);
  const memory = new DraftMemory(engine.vocabulary);
  const growing = complete(
    engine,
    snapshot,
    {
      maxTokens,
      treeNodes: values["no-drafts"] ? 1 : engine.info.maxTreeNodes,
      ...sampling,
      memory,
      corpora: opened?.sources ?? [],
      draftModel,
      grammars,
    },
    interrupted.signal,
  );
  let shown = 0;
  const completion = await drain(growing, text => {
    if (!values.json) process.stdout.write(text.slice(shown));
    shown = text.length;
  });
  await disposeModel(outcome);
  if (completion.failure) throw new Error(completion.failure);
  opened?.store.close();
  const reported = { ...report(completion, loadMs), sources: memory.statistics.figures() };
  process.stdout.write(values.json ? `${JSON.stringify(reported, null, 2)}\n` : "\n");
}

/** A completion as `--json` prints it: times in milliseconds, null where there is none. */
function report({ ms, trace: _, ...completion }: Completion, loadMs: number) {
  const rounded = (value: number | undefined) => (value === undefined ? null : Math.round(value * 10) / 10);
  return {
    ...completion,
    withheld: undefined,
    costs: undefined,
    ms: {
      load: rounded(loadMs),
      prefill: rounded(ms.prefill),
      firstText: rounded(ms.firstText),
      total: rounded(ms.total),
    },
  };
}

const wantsHelp = (args: readonly string[]) => args.some(arg => arg === "--help" || arg === "-h");

async function main([command, ...args]: string[]): Promise<void> {
  const isOwn = command === "serve" || command === "complete" || command === "chat";
  if (command === "--help" || command === "-h" || (isOwn && wantsHelp(args))) {
    process.stdout.write(USAGE);
    return;
  }
  switch (command) {
    case "serve":
      if (!args.some(arg => arg === "--stdio" || arg === "--node-ipc"))
        throw new UsageError("serve needs --stdio.");
      await import("./main.ts");
      return;
    case "complete":
      return completeCommand(args);
    case "chat": {
      const { chatCommand } = await import("./chatCommand.ts");
      return chatCommand(args);
    }
    case "model":
      return modelCommand(args, { check: checkModel });
    case "datastore": {
      const { datastore } = await import("./corpus/command.ts");
      return datastore(args);
    }
    case "bench": {
      if (!existsSync(benchScript()))
        throw new UsageError("The benchmarks are part of a checkout (npm run build), not of the extension.");
      process.exitCode = await runApart(benchScript(), args);
      return;
    }
    case "--version":
      process.stdout.write(`${packageVersion()}\n`);
      return;
    default:
      throw new UsageError(
        `${command ? `There is no command ${command}.` : "No command given."}\n\n${USAGE}`,
      );
  }
}

/**
 * Runs a script in a process of its own, as a second bundle of the engine cannot live beside this one's. Resolves to its exit
 * code. What ends this process by a signal ends that one too: one that goes on alone would take the machine's time. An
 * interrupt is sent to both by whoever sends it, and may be answered with what there is so far.
 */
async function runApart(script: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [script, ...args], { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => {});
  const [status] = await once(child, "exit");
  return status ?? 1;
}

main(process.argv.slice(2)).catch(reportAndFail);
