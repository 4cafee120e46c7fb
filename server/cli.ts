#!/usr/bin/env node
/** The command line `foretoken`: all functions of the server without an editor. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { modelCommand } from "./catalogue/index.ts";
import { loadForCommand, note, tuneOnce } from "./commandLine.ts";
import { USAGE, usageOf } from "./commandUsage.ts";
import { completeCommand } from "./completeCommand.ts";
import { type SelfTestReport, selfTest } from "./completion/index.ts";
import { backendOf } from "./model/index.ts";
import { Grammars } from "./syntax/index.ts";
import {
  ArgumentsError,
  benchScript,
  endWithOutput,
  grammarsDirectory,
  interrupted,
  jsonText,
  packageVersion,
  printable,
  reportAndFail,
  UsageError,
} from "./system/index.ts";

/** `foretoken model check`. Returns whether the model may be used. */
async function checkModel(
  path: string,
  { json, backend }: { json: boolean; backend: string },
): Promise<boolean> {
  const loaded = await loadForCommand(path, backendOf(backend), { retryLoads: true });
  const interrupt = interrupted("The check was interrupted.");
  const { engine } = loaded;
  for (const each of engine.info.notes) note(each);
  try {
    await tuneOnce(loaded, interrupt);
    const grammars = new Grammars(grammarsDirectory(), () => {});
    const report = await selfTest(engine, grammars, interrupt);
    interrupt.throwIfAborted();
    if (!report) throw new Error("a check that ended early on its own");
    if (json) process.stdout.write(`${jsonText({ model: engine.info.modelName, ...report }, 2)}\n`);
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
    `  tokenizer reproduces its text: ${tokenizer ? "yes" : "no"}`,
    `  middles filled in correctly: ${middles.right} of ${middles.of}${inOrders(middles)}`,
    `  drafts leave the text unchanged: ${drafts.equal ? "yes" : "no"}, over ${drafts.tokens} tokens`,
    `  tokens per second without drafts: ${tokensPerSecond.toFixed(1)}`,
    "",
  ]
    .map(printable)
    .join("\n");
}

/** Refuses arguments that the language server does not take. A client may append its process id, which is then watched. */
function checkServing(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      stdio: { type: "boolean" },
      "node-ipc": { type: "boolean" },
      clientProcessId: { type: "string" },
    },
  });
  if (!values.stdio && !values["node-ipc"]) throw new ArgumentsError("serve needs --stdio.");
}

const wantsHelp = (args: readonly string[]) => args.some(arg => arg === "--help" || arg === "-h");

async function main([command, ...args]: string[]): Promise<void> {
  if (command !== "serve") endWithOutput(process);
  const isOwn = command === "serve" || command === "complete" || command === "chat";
  if (command === "--help" || command === "-h" || (isOwn && wantsHelp(args))) {
    process.stdout.write(usageOf(command) ?? USAGE);
    return;
  }
  switch (command) {
    case "serve":
      checkServing(args);
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
      const { DATASTORE_USAGE, datastore } = await import("./corpus/command.ts");
      return datastore(args).catch(error => reportAndFail(error, `Usage:\n${DATASTORE_USAGE}`));
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
    case undefined:
      throw new ArgumentsError("No command given.");
    default:
      throw new UsageError(`There is no command ${command}. "foretoken --help" lists the commands.`);
  }
}

/**
 * Runs a script in a separate process, since two bundles of the engine cannot share one. Resolves to its exit code. A
 * signal that ends this process is passed on, so that the script does not keep using the machine. An interrupt reaches
 * both processes anyway, and the script may answer it with its results so far.
 */
async function runApart(script: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [script, ...args], { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => {});
  const [status, endedBy] = await once(child, "exit");
  if (endedBy === null) return status;
  throw new UsageError(`The measuring process was ended by ${endedBy}.`);
}

const given = process.argv.slice(2);
main(given).catch(error => reportAndFail(error, usageOf(given[0]) ?? USAGE));
