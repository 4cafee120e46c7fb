/** Shared by commands that measure methods suite by suite and may write their table into RESULTS.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EXACT_ROWS } from "../../server/engine/index.ts";
import { packageRoot, UsageError, whole } from "../../server/system/index.ts";
import { DRAFT_MODEL_OPTIONS, draftModelArguments, names, path } from "./arguments.ts";
import { print } from "./command.ts";
import type { DecodeReport } from "./decode.ts";
import { headline } from "./figures.ts";
import type { MeasuredSuites } from "./measureSuites.ts";
import { CODE_SUITES, SUITES, type Suite } from "./suites.ts";

const RESULTS = join("test", "bench", "RESULTS.md");

export const COMPARISON_OPTIONS = {
  suite: { type: "string" },
  methods: { type: "string" },
  model: { type: "string" },
  problems: { type: "string" },
  corpus: { type: "string" },
  datastore: { type: "string" },
  ...DRAFT_MODEL_OPTIONS,
  items: { type: "string" },
  "max-tokens": { type: "string" },
  "prompt-tokens": { type: "string" },
  runs: { type: "string" },
  threads: { type: "string" },
  write: { type: "boolean" },
  json: { type: "boolean" },
} as const;

interface ComparisonValues {
  readonly [option: string]: string | boolean | undefined;
}

/** All options except the methods and the servers. */
export function comparisonArguments(values: ComparisonValues): Omit<MeasuredSuites, "methods" | "servers"> {
  const problems = path(values.problems);
  return {
    suites: chosenSuites(values.suite, problems),
    model: path(values.model),
    datastore: path(values.datastore),
    ...draftModelArguments(values),
    sources: { problems, corpus: path(values.corpus) },
    items: whole(values, "items", 8, 0),
    maxTokens: whole(values, "max-tokens", 64, 1),
    promptTokens: whole(values, "prompt-tokens", 512, 8),
    runs: whole(values, "runs", 3, 2),
    threads: whole(values, "threads", 2, 1),
    treeNodes: EXACT_ROWS,
  };
}

/** HumanEval's suites only if its files are given: the others need no files from the user. */
function chosenSuites(given: string | boolean | undefined, problems: string | undefined): Suite[] {
  if (typeof given === "string" && given !== "all") return names(given, "suite", SUITES);
  return CODE_SUITES.filter(
    suite => problems !== undefined || !["humaneval", "single", "multi", "random"].includes(suite),
  );
}

/** What was measured, on what, and how: text above a table. */
export function introduction({ hardware, model, store }: DecodeReport, date: string, how: string): string {
  const drafts = store ? `, a store of ${(store.tokens / 1e6).toFixed(1)} M tokens` : "";
  return `${headline(hardware, model).replace("\n", ". ")}${drafts}. ${how}, ${date}.`;
}

export const today = () => new Date().toISOString().slice(0, 10);

/** Prints a text and, if requested, writes it between the marks of a command in RESULTS.md. */
export function publish(text: string, command: string, toResults: boolean): void {
  print(text);
  if (!toResults) return;
  const file = join(packageRoot(), RESULTS);
  const replaced = replaceMarked(readFileSync(file, "utf8"), command, text);
  if (replaced === undefined) throw new UsageError(`${RESULTS} has no place marked for bench ${command}.`);
  writeFileSync(file, replaced);
  print(`\nWritten to ${RESULTS}.`);
}

/** A text with the content between the marks of a command replaced; undefined if it has no such marks. */
export function replaceMarked(text: string, command: string, content: string): string | undefined {
  const [start, end] = [`<!-- bench ${command}: start -->`, `<!-- bench ${command}: end -->`];
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) return undefined;
  return `${text.slice(0, from + start.length)}\n${content}\n${text.slice(to)}`;
}
