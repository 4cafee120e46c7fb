/** `foretoken complete`: one completion at a place of a file. */
import { parseArgs } from "node:util";
import {
  backendOf,
  loadForCommand,
  note,
  openDatastore,
  pathOfModel,
  prepareDrafting,
  SAMPLING_FLAGS,
  samplingOf,
} from "./commandLine.ts";
import { type Completion, complete } from "./completion/index.ts";
import { DraftMemory } from "./draft/index.ts";
import { disposeModel } from "./model/index.ts";
import { snapshotAt } from "./place.ts";
import { DEFAULT_SETTINGS } from "./protocol/index.ts";
import { Grammars } from "./syntax/index.ts";
import { drain, grammarsDirectory, refuseSurplus, whole } from "./system/index.ts";

/** What is asked for, as far as it can be checked without a model. */
function readArguments(args: string[]) {
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
  refuseSurplus(positionals, 1);
  return {
    values,
    sampling: samplingOf(values),
    maxTokens: whole(values, "max-tokens", DEFAULT_SETTINGS.maxTokens, 1),
    backend: backendOf(values.backend),
    snapshot: snapshotAt(positionals[0], note),
  };
}

/** Completes at a place of a file and prints the text as it grows, or a report of it. */
export async function completeCommand(args: string[]): Promise<void> {
  const { values, sampling, maxTokens, backend, snapshot } = readArguments(args);
  const start = performance.now();
  const outcome = await loadForCommand(pathOfModel(values.model), backend);
  const loadMs = performance.now() - start;
  const { engine } = outcome;
  for (const each of engine.info.notes) note(each);
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  const opened = openDatastore(values.datastore, engine);
  const named = values["no-drafts"] ? undefined : values["draft-model"];
  const draftModel = await prepareDrafting(outcome, named, backend, interrupted.signal);
  const grammars = new Grammars(grammarsDirectory(), note);
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
