/**
 * The suites on which methods are compared. HumanEval and HumanEval-Infilling use the model's own text; `replay` takes
 * real code and replaces the model's choice by its next token (`replay.ts`), and so does `workspace` in the files of one
 * project, whose other files may be drafted from. `repeating` has the places of replay whose text repeats most of the
 * text above, and `edits` has changes between releases (`edits.ts`).
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { rememberedDeletion } from "../../server/completion/index.ts";
import type { Vocabulary } from "../../server/engine/index.ts";
import { buildPrompt, type Prompt } from "../../server/prompt/index.ts";
import { UsageError } from "../../server/system/index.ts";
import { codeFiles, largestPackage, standardLibrary } from "./codeFiles.ts";
import { editedPackages } from "./edits.ts";

const HUMAN_EVAL = ["humaneval", "single", "multi", "random"] as const;
const REPLAYED = ["replay", "workspace", "repeating", "edits"] as const;
const CONVERSATIONS = ["mt-bench", "chat"] as const;
/** Suites of code, for any model; those of conversations need one with a template of them (`chatSuites.ts`). */
export const CODE_SUITES = [...HUMAN_EVAL, ...REPLAYED] as const;
export const SUITES = [...CODE_SUITES, ...CONVERSATIONS] as const;
export type Suite = (typeof SUITES)[number];
export type CodeSuite = (typeof CODE_SUITES)[number];
export type ConversationSuite = (typeof CONVERSATIONS)[number];
type HumanEvalSuite = (typeof HUMAN_EVAL)[number];
type ReplayedSuite = (typeof REPLAYED)[number];

/** Whether the suite prescribes the generated text. */
export const isReplayed = (suite: Suite): suite is ReplayedSuite | "chat" =>
  suite === "chat" || REPLAYED.some(each => each === suite);

export const isConversation = (suite: Suite): suite is ConversationSuite =>
  CONVERSATIONS.some(each => each === suite);

const isHumanEval = (suite: Suite): suite is HumanEvalSuite => HUMAN_EVAL.some(each => each === suite);

/** Names of the published data files. */
const FILES: Record<HumanEvalSuite, string> = {
  humaneval: "HumanEval.jsonl.gz",
  single: "HumanEval-SingleLineInfilling.jsonl.gz",
  multi: "HumanEval-MultiLineInfilling.jsonl.gz",
  random: "HumanEval-RandomSpanInfillingLight.jsonl.gz",
};

/** A place to complete at. */
export interface Problem {
  readonly id: string;
  /** The document; the id if it is not a file. */
  readonly uri: string;
  /** Text before and after the cursor. */
  readonly prefix: string;
  readonly suffix: string;
  /** The text to generate instead of the model's own choice; undefined: the model's own text. */
  readonly script: string | undefined;
  /** The previous text, deleted before typing; absent: none. */
  readonly deleted?: string;
}

export interface Item {
  readonly id: string;
  readonly uri: string;
  readonly prompt: Prompt;
  readonly maxTokens: number;
  /** The tokens that replace the model's choice, `maxTokens` of them. */
  readonly script: Int32Array | undefined;
  /** The text just deleted there, as drafting remembers it. */
  readonly deleted?: Int32Array | undefined;
}

export interface SuiteSources {
  /** Folder of the HumanEval files, or of MT-Bench's questions. */
  readonly problems: string | undefined;
  /** Folder of source code to replay; undefined: Python's standard library, or a package of it for `workspace`. For `chat` a file. */
  readonly corpus: string | undefined;
}

/** `count` of `values`, spread evenly over all of them; 0 takes all. */
export function sample<T>(values: readonly T[], count: number): T[] {
  if (count <= 0 || count >= values.length) return [...values];
  return Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)] as T);
}

/** The problems of a HumanEval file: gzip over one JSON object a line. */
export function parseProblems(zipped: Uint8Array): Problem[] {
  const problems: Problem[] = [];
  for (const line of gunzipSync(zipped).toString("utf8").split("\n")) {
    if (line.trim() === "") continue;
    const { task_id: id, prompt, suffix } = JSON.parse(line) as Record<string, unknown>;
    if (typeof id !== "string" || typeof prompt !== "string")
      throw new Error(`not a HumanEval problem: ${line.slice(0, 80)}`);
    problems.push({
      id,
      uri: id,
      prefix: prompt,
      suffix: typeof suffix === "string" ? suffix : "",
      script: undefined,
    });
  }
  return problems;
}

function humanEval(suite: HumanEvalSuite, folder: string | undefined): Problem[] {
  if (folder === undefined)
    throw new UsageError(
      `The suite ${suite} needs --problems FOLDER with ${FILES[suite]} (from openai/human-eval or openai/human-eval-infilling).`,
    );
  const path = join(folder, FILES[suite]);
  if (!existsSync(path)) throw new UsageError(`There is no ${path}.`);
  try {
    return parseProblems(readFileSync(path));
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}.`);
  }
}

/** Sizes of replayed files: neither too short nor tables. */
const REPLAY_BYTES = { least: 6_000, most: 200_000 };
/** Relative position of the cursor in a file. */
const REPLAY_PLACE = 2 / 3;
/** The same for the places in a project's file. */
const WORKSPACE_PLACES = [0.3, 0.55, 0.8];
/** Characters that are enough for `tokens` tokens of code. */
const CHARACTERS_PER_TOKEN = 8;

/**
 * A place in a file, at the indentation of a line some way down, where a user could be typing: the text above is
 * known, and the text typed next is the script.
 * @param place relative position, from 0 to 1
 */
export function replayProblem(
  id: string,
  text: string,
  maxTokens: number,
  place = REPLAY_PLACE,
): Omit<Problem, "uri"> | undefined {
  const line = text.indexOf("\n", Math.floor(text.length * place)) + 1;
  const indentation = /^[ \t]*/.exec(text.slice(line))?.[0].length ?? 0;
  const cursor = line + indentation;
  const rest = text.slice(cursor);
  const end = rest.indexOf("\n", maxTokens * CHARACTERS_PER_TOKEN);
  if (line === 0 || end < 0) return undefined;
  return {
    id,
    prefix: text.slice(0, cursor),
    suffix: rest.slice(end + 1),
    script: rest.slice(0, end + 1),
  };
}

/** Number of consecutive words by which repeated text is recognised. */
const SHINGLE_WORDS = 5;
/** How far above a place repeated text is searched, in characters. */
const REPEATED_FROM = 24_000;
/** Examined places in a file, and the least share of repeated text at one that is used. */
const REPEATING_PLACES = [0.25, 0.4, 0.55, 0.7, 0.85];
const REPEATING_SHARE = 0.5;

/** The share of the runs of five words in `script` that also occur in `above`. */
export function repeatedShare(above: string, script: string): number {
  const shingles = (text: string) => {
    const words = text.match(/\w+|[^\w\s]/g) ?? [];
    return words.slice(SHINGLE_WORDS - 1).map((_, i) => words.slice(i, i + SHINGLE_WORDS).join(" "));
  };
  const known = new Set(shingles(above.slice(-REPEATED_FROM)));
  const wanted = shingles(script);
  return wanted.length === 0 ? 0 : wanted.filter(each => known.has(each)).length / wanted.length;
}

/** The folder of a suite that replays code. Throws a `UsageError`. */
function replayFolder(suite: Exclude<ReplayedSuite, "edits">, corpus: string | undefined): string {
  if (corpus === undefined)
    return suite === "workspace" ? largestPackage(standardLibrary()) : standardLibrary();
  if (!existsSync(corpus)) throw new UsageError(`There is no ${corpus}.`);
  return corpus;
}

/** The projects of a suite whose other files may be drafted from. */
export function projectFolders(suite: Suite, corpus: string | undefined): string[] {
  if (suite === "workspace") return [replayFolder(suite, corpus)];
  return suite === "edits" ? editedPackages().map(({ folder }) => folder) : [];
}

function replay(
  suite: Exclude<ReplayedSuite, "edits">,
  corpus: string | undefined,
  maxTokens: number,
): Problem[] {
  const folder = replayFolder(suite, corpus);
  const places = { replay: [REPLAY_PLACE], workspace: WORKSPACE_PLACES, repeating: REPEATING_PLACES }[suite];
  const problems: Problem[] = [];
  for (const path of codeFiles(folder)) {
    const text = readFileSync(path, "utf8").replaceAll("\r\n", "\n");
    if (text.length < REPLAY_BYTES.least || text.length > REPLAY_BYTES.most) continue;
    for (const [i, place] of places.entries()) {
      const name = path.slice(folder.length + 1);
      const problem = replayProblem(i === 0 ? name : `${name} ${i + 1}`, text, maxTokens, place);
      if (!problem) continue;
      const repeats = repeatedShare(problem.prefix, problem.script ?? "") >= REPEATING_SHARE;
      if (suite !== "repeating" || repeats) problems.push({ ...problem, uri: pathToFileURL(path).href });
    }
  }
  if (problems.length === 0) throw new UsageError(`${folder} has no code for the suite ${suite}.`);
  return problems;
}

/** The problems of a suite, at most `items` of them (0: all), spread over it. Throws UsageError without them. */
export function suiteProblems(
  suite: CodeSuite,
  sources: SuiteSources,
  items: number,
  maxTokens: number,
): Problem[] {
  if (isHumanEval(suite)) return sample(humanEval(suite, sources.problems), items);
  if (suite === "edits")
    return sample(
      editedPackages().flatMap(({ problems }) => problems),
      items,
    );
  return sample(replay(suite, sources.corpus, maxTokens), items);
}

/**
 * Problems as token ids of the measured model.
 * @param promptTokens most tokens of a prompt
 */
export function suiteItems(
  problems: readonly Problem[],
  vocabulary: Vocabulary,
  maxTokens: number,
  promptTokens: number,
): Item[] {
  return problems.map(({ id, uri, prefix, suffix, script, deleted = "" }) => {
    const snapshot = {
      uri,
      languageId: "python",
      version: 0,
      text: prefix + suffix,
      offset: prefix.length,
    };
    const said = script === undefined ? undefined : vocabulary.tokenize(script).subarray(0, maxTokens);
    const remembered = rememberedDeletion(prefix, prefix.length, deleted);
    return {
      id,
      uri,
      prompt: buildPrompt(snapshot, vocabulary, promptTokens),
      maxTokens: said?.length ?? maxTokens,
      script: said,
      deleted: remembered === undefined ? undefined : vocabulary.tokenize(remembered),
    };
  });
}
