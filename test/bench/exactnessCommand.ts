/** `foretoken bench exactness`: completes the same places with and without drafts, until enough tokens are compared. */
import { readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { type GenerateOptions, generate } from "../../server/completion/index.ts";
import { DraftMemory, randomNumbers, type TreeDrafter } from "../../server/draft/index.ts";
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
  /** Draft tokens verified. */
  readonly drafted: number;
  /** Those of them that were the model's own choice. */
  readonly accepted: number;
  /** The largest tree in use. */
  readonly largestTree: number;
  /** Where a text first differs; empty if none does. */
  readonly differences: readonly string[];
}

/** How much is compared. */
interface ComparedAmount {
  /** Least number of tokens without drafts. */
  readonly tokens: number;
  /** Most tokens of each place; fewer if the text ends. */
  readonly perPlace: number;
  /** Chooses the places: the results of runs with different seeds add up. */
  readonly seed: number;
}

const FILE_BYTES = { least: 6_000, most: 200_000 };
const isOfUse = (file: string) => {
  const { size } = statSync(file);
  return size >= FILE_BYTES.least && size <= FILE_BYTES.most;
};
/** Default number of tokens per place. */
const TOKENS_PER_PLACE = 192;
/** Lengths of prompts that are compared in turn, each twice: to fill in the middle, and to continue. */
const PROMPT_TOKENS = [120, 400, 120, 900, 120, 400, 120, 1800] as const;
/** Cost of a row as a share of a decode while trees are drafted, by place: little, and sometimes almost nothing. */
const ROW_SHARES = [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.04] as const;

/**
 * Compares greedy texts with and without drafts at random places of files. The drafts of one place use those before
 * it, as they do in an editor; the trees are larger than would pay. When aborted, returns the comparison so far.
 */
export async function compareTexts(
  engine: LlamaEngine,
  files: readonly string[],
  { tokens: wantedTokens, perPlace, seed }: ComparedAmount,
  signal: AbortSignal,
): Promise<ExactnessResult> {
  const { vocabulary, info } = engine;
  const memory = new DraftMemory(vocabulary);
  const random = randomNumbers(seed);
  const filling = formatOf(vocabulary, info);
  // A continuation does not end after a line, so more is compared for each prompt.
  const continuing = { ...filling, fill: undefined };
  const differences: string[] = [];
  const count = { places: 0, tokens: 0, drafted: 0, accepted: 0, largestTree: 1 };
  while (count.tokens < wantedTokens) {
    const file = files[Math.floor(random() * files.length)] as string;
    const text = readFileSync(file, "utf8");
    const offset = text.indexOf("\n", Math.floor(random() * text.length)) + 1;
    const snapshot = { uri: file, languageId: "python", version: 1, text, offset };
    const limit = PROMPT_TOKENS[(count.places >> 1) % PROMPT_TOKENS.length] ?? PROMPT_TOKENS[0];
    const format = count.places % 2 === 0 ? filling : continuing;
    const budget = Math.min(limit, info.contextTokens - perPlace - 2 * info.maxTreeNodes);
    const prompt = buildPrompt(snapshot, vocabulary, budget, { format });
    engine.forget();
    const plain = await textOf(engine, prompt, { maxTokens: perPlace, treeNodes: 1 }, signal);
    const share = ROW_SHARES[count.places % ROW_SHARES.length] ?? ROW_SHARES[0];
    const watch = (drafter: TreeDrafter) => withCheapRows(drafter, share);
    const drafting = { maxTokens: perPlace, treeNodes: info.maxTreeNodes, memory, watch };
    const drafted = plain && (await textOf(engine, prompt, drafting, signal));
    if (!drafted) break;
    count.places++;
    count.tokens += plain.tokens.length;
    count.drafted += drafted.drafted;
    count.accepted += drafted.accepted;
    count.largestTree = Math.max(count.largestTree, drafted.largestTree);
    const at = plain.tokens.findIndex((token, i) => token !== drafted.tokens[i]);
    if (at >= 0 || plain.tokens.length !== drafted.tokens.length)
      differences.push(`${file} at ${offset}, token ${at < 0 ? plain.tokens.length : at} of the completion`);
    progress(`${count.tokens} of ${wantedTokens} tokens, ${differences.length} differences`);
  }
  return { ...count, differences };
}

/** The drafter with costs by which each further row costs this share of the first. */
function withCheapRows(drafter: TreeDrafter, share: number): TreeDrafter {
  const cost = (nodes: number) => 1 + share * (nodes - 1);
  return {
    push: token => drafter.push(token),
    draft: (root, room) => drafter.draft(root, room, cost),
    observe: verified => drafter.observe?.(verified),
  };
}

/** The completion of a prompt; undefined when aborted. */
async function textOf(engine: LlamaEngine, prompt: Prompt, options: GenerateOptions, signal: AbortSignal) {
  const tokens: number[] = [];
  let drafted = 0;
  let accepted = 0;
  let largestTree = 1;
  const steps = generate(engine, prompt, options, signal);
  const end = await drain(steps, step => {
    if (step.kind !== "step") return;
    tokens.push(...step.tokens);
    drafted += step.drafted;
    accepted += step.accepted;
    largestTree = Math.max(largestTree, step.drafted + 1);
  });
  if (end.kind === "endOfText" || end.kind === "maxTokens") return { tokens, drafted, accepted, largestTree };
  if (end.kind === "aborted") return;
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
      "per-place": { type: "string" },
      seed: { type: "string" },
      threads: { type: "string" },
      json: { type: "boolean" },
    },
  });
  const amount = {
    tokens: whole(values, "tokens", 10_000, 1),
    perPlace: whole(values, "per-place", TOKENS_PER_PLACE, 1),
    seed: whole(values, "seed", 1, 0),
  };
  const engine = await load(values, whole(values, "threads", 0, 0), 0, signal);
  if (values.rows !== undefined) engine.limitRows(whole(values, "rows", 1, 1));
  try {
    const files = codeFiles(path(values.corpus) ?? standardLibrary()).filter(isOfUse);
    if (files.length === 0) throw new UsageError("--corpus has no files of code.");
    const result = await compareTexts(engine, files, amount, signal);
    progress("");
    const { rowPadding, exactRows } = engine.configuration;
    if (values.json) return void print(JSON.stringify({ ...result, exactRows, rowPadding }, null, 2));
    print(headline(hardware(engine.info), measuredModel(engine.info)));
    print(`trees of up to ${exactRows} rows are exact by measurement, padding ${rowPadding}`);
    print(
      `${result.tokens} tokens at ${result.places} places, ${result.accepted} of ${result.drafted} draft tokens accepted, trees of up to ${result.largestTree} nodes: ${result.differences.length} differences`,
    );
    for (const difference of result.differences) print(difference);
  } finally {
    await engine.dispose();
  }
}
