/** `foretoken complete`: one completion at a position of a file. */
import { parseArgs } from "node:util";
import {
  GENERATION_FLAGS,
  generationOf,
  loadForCommand,
  note,
  openDrafts,
  pathOfModel,
} from "./commandLine.ts";
import { type Completion, complete } from "./completion/index.ts";
import { disposeModel } from "./model/index.ts";
import { snapshotAt } from "./place.ts";
import { DEFAULT_SETTINGS } from "./protocol/index.ts";
import { Grammars, regionAt } from "./syntax/index.ts";
import { drain, grammarsDirectory, interrupted, jsonText, refuseSurplus, shownText } from "./system/index.ts";

/** Reads the arguments and checks them, as far as possible without a model. */
function readArguments(args: string[]) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "boolean" },
      ...GENERATION_FLAGS,
    },
  });
  refuseSurplus(positionals, 1);
  return {
    values,
    ...generationOf(values, DEFAULT_SETTINGS.maxTokens),
    snapshot: snapshotAt(positionals[0], note),
  };
}

/** Completes at a position of a file and prints the text as it grows, or a report. */
export async function completeCommand(args: string[]): Promise<void> {
  const { values, sampling, maxTokens, backend, snapshot } = readArguments(args);
  const start = performance.now();
  const outcome = await loadForCommand(pathOfModel(values.model), backend);
  const loadMs = performance.now() - start;
  const { engine } = outcome;
  for (const each of engine.info.notes) note(each);
  const interrupt = interrupted("The completion was interrupted.");
  const { drafting, close } = await openDrafts(outcome, values, backend, interrupt);
  const grammars = new Grammars(grammarsDirectory(), note);
  await grammars.load(regionAt(snapshot).languageId);
  const growing = complete(engine, snapshot, { maxTokens, ...sampling, ...drafting, grammars }, interrupt);
  let shown = 0;
  const completion = await drain(growing, text => {
    if (!values.json) process.stdout.write(shownText(text.slice(shown), process.stdout));
    shown = text.length;
  });
  await disposeModel(outcome);
  if (completion.failure) throw new Error(completion.failure);
  close();
  interrupt.throwIfAborted();
  const reported = { ...report(completion, loadMs), sources: drafting.memory.statistics.figures() };
  process.stdout.write(values.json ? `${jsonText(reported, 2)}\n` : "\n");
}

/** A completion as `--json` prints it: times in milliseconds, null if there is none. */
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
