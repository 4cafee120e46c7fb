/** `foretoken bench exactness`: the same places completed with drafts and without, until enough tokens are compared. */
import { readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { generate } from "../../server/completion/index.ts";
import { DraftMemory, randomNumbers } from "../../server/draft/index.ts";
import type { LlamaEngine } from "../../server/engine/index.ts";
import { buildPrompt, formatOf, type Prompt } from "../../server/prompt/index.ts";
import { drain, UsageError, whole } from "../../server/system/index.ts";
import { path } from "./arguments.ts";
import { codeFiles, standardLibrary } from "./codeFiles.ts";
import { load, print, progress } from "./command.ts";
import { hardware, headline, measuredModel } from "./figures.ts";

export interface ExactnessResult {
  readonly places: number;
  /** Tokens decoded without drafts, each compared with its equal. */
  readonly tokens: number;
  /** Tokens that drafts decided beside the one of each decode. */
  readonly accepted: number;
  /** The largest tree in use. */
  readonly largestTree: number;
  /** Where a text first differs; empty where none does. */
  readonly differences: readonly string[];
}

const FILE_BYTES = { least: 6_000, most: 200_000 };
const isOfUse = (file: string) => {
  const { size } = statSync(file);
  return size >= FILE_BYTES.least && size <= FILE_BYTES.most;
};
const TOKENS_PER_PLACE = 96;
/** Lengths of prompt that are compared in turn. */
const PROMPT_TOKENS = [120, 400, 900, 1800] as const;

/**
 * Compares greedy texts with drafts and without at random places of files. The drafts of one place draw on those
 * before it, as they do in an editor.
 */
export async function compareTexts(
  engine: LlamaEngine,
  files: readonly string[],
  wantedTokens: number,
  signal: AbortSignal,
): Promise<ExactnessResult> {
  const { vocabulary, info } = engine;
  const memory = new DraftMemory(vocabulary);
  const random = randomNumbers(1);
  const format = formatOf(vocabulary, info);
  const differences: string[] = [];
  const count = { places: 0, tokens: 0, accepted: 0, largestTree: 1 };
  while (count.tokens < wantedTokens) {
    const file = files[Math.floor(random() * files.length)] as string;
    const text = readFileSync(file, "utf8");
    const offset = text.indexOf("\n", Math.floor(random() * text.length)) + 1;
    const snapshot = { uri: file, languageId: "python", version: 1, text, offset };
    const limit = PROMPT_TOKENS[count.places % PROMPT_TOKENS.length] ?? PROMPT_TOKENS[0];
    const budget = Math.min(limit, info.contextTokens - TOKENS_PER_PLACE - 2 * info.maxTreeNodes);
    const prompt = buildPrompt(snapshot, vocabulary, budget, { format });
    engine.forget();
    const plain = await textOf(engine, prompt, { treeNodes: 1 }, signal);
    const drafted = await textOf(engine, prompt, { treeNodes: info.maxTreeNodes, memory }, signal);
    count.places++;
    count.tokens += plain.tokens.length;
    count.accepted += drafted.accepted;
    count.largestTree = Math.max(count.largestTree, drafted.largestTree);
    const at = plain.tokens.findIndex((token, i) => token !== drafted.tokens[i]);
    if (at >= 0 || plain.tokens.length !== drafted.tokens.length)
      differences.push(`${file} at ${offset}, token ${at < 0 ? plain.tokens.length : at} of the completion`);
    progress(`${count.tokens} of ${wantedTokens} tokens, ${differences.length} differences`);
  }
  return { ...count, differences };
}

async function textOf(
  engine: LlamaEngine,
  prompt: Prompt,
  options: { treeNodes: number; memory?: DraftMemory },
  signal: AbortSignal,
) {
  const tokens: number[] = [];
  let accepted = 0;
  let largestTree = 1;
  const steps = generate(engine, prompt, { maxTokens: TOKENS_PER_PLACE, ...options }, signal);
  const end = await drain(steps, step => {
    if (step.kind !== "step") return;
    tokens.push(...step.tokens);
    accepted += step.accepted;
    largestTree = Math.max(largestTree, step.drafted + 1);
  });
  if (end.kind === "endOfText" || end.kind === "maxTokens") return { tokens, accepted, largestTree };
  throw new UsageError(`The completion ended early: ${end.kind}.`);
}

export async function exactnessCommand(args: string[], signal: AbortSignal): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: "string" },
      backend: { type: "string" },
      rows: { type: "string" },
      corpus: { type: "string" },
      tokens: { type: "string" },
      threads: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const tokens = whole(values, "tokens", 10_000, 1);
  const engine = await load(values, whole(values, "threads", 0, 0), 0, signal);
  if (values.rows !== undefined) engine.limitRows(whole(values, "rows", 1, 1));
  try {
    const files = codeFiles(path(values.corpus) ?? standardLibrary()).filter(isOfUse);
    if (files.length === 0) throw new UsageError("--corpus has no files of code.");
    const result = await compareTexts(engine, files, tokens, signal);
    progress("");
    const { rowPadding, exactRows } = engine.configuration;
    if (values.json) return void print(JSON.stringify({ ...result, exactRows, rowPadding }, null, 2));
    print(headline(hardware(engine.info), measuredModel(engine.info)));
    print(`trees of up to ${exactRows} rows are exact by measurement, padding ${rowPadding}`);
    print(
      `${result.tokens} tokens at ${result.places} places, ${result.accepted} by drafts, trees of up to ${result.largestTree}: ${result.differences.length} differences`,
    );
    for (const difference of result.differences) print(difference);
  } finally {
    await engine.dispose();
  }
}
