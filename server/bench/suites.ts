/**
 * What the methods are compared on. HumanEval and HumanEval-Infilling ask the model itself; `replay` takes
 * real code and puts its next token in place of the model's choice (`replay.ts`).
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Vocabulary } from "../engine/engine.ts";
import { buildPrompt, type Prompt } from "../prompt/prompt.ts";
import { UsageError } from "../usage.ts";

export const SUITES = ["humaneval", "single", "multi", "random", "replay"] as const;
export type Suite = (typeof SUITES)[number];

/** The data files as they are published. */
const FILES: Record<Exclude<Suite, "replay">, string> = {
  humaneval: "HumanEval.jsonl.gz",
  single: "HumanEval-SingleLineInfilling.jsonl.gz",
  multi: "HumanEval-MultiLineInfilling.jsonl.gz",
  random: "HumanEval-RandomSpanInfillingLight.jsonl.gz",
};

/** A place to complete at. */
export interface Problem {
  readonly id: string;
  /** Text before and behind the cursor. */
  readonly prefix: string;
  readonly suffix: string;
  /** What is to be said instead of the model's own choice; undefined: the model speaks for itself. */
  readonly script: string | undefined;
}

export interface Item {
  readonly id: string;
  readonly prompt: Prompt;
  readonly maxTokens: number;
  /** The tokens that take the place of the model's choice, `maxTokens` of them. */
  readonly script: Int32Array | undefined;
}

export interface SuiteSources {
  /** Folder of the HumanEval files. */
  readonly problems: string | undefined;
  /** Folder of source code for `replay`; undefined: Python's standard library. */
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
      prefix: prompt,
      suffix: typeof suffix === "string" ? suffix : "",
      script: undefined,
    });
  }
  return problems;
}

function humanEval(suite: Exclude<Suite, "replay">, folder: string | undefined): Problem[] {
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

/** Where the installed Python has its standard library. */
function standardLibrary(): string {
  const ask = "import sysconfig; print(sysconfig.get_paths()['stdlib'])";
  for (const python of process.platform === "win32" ? ["python", "py"] : ["python3", "python"]) {
    try {
      return execFileSync(python, ["-c", ask], { stdio: ["ignore", "pipe", "ignore"] })
        .toString()
        .trim();
    } catch {
      // Not there under this name.
    }
  }
  throw new UsageError("The suite replay needs Python's standard library or --corpus FOLDER.");
}

/** Replay takes files of code that are neither trifles nor tables. */
const REPLAY_BYTES = { least: 6_000, most: 200_000 };
/** File extensions that are taken for code. */
const CODE = new Set([".py", ".ts", ".js", ".go", ".rs", ".java", ".c", ".cc", ".cpp", ".h", ".cs", ".rb"]);

/** Code files directly in a folder and its subfolders but tests, in a stable order. */
function codeFiles(folder: string, depth = 3): string[] {
  const files: string[] = [];
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    const skipped = /^(\.|_|test|idle|site-packages|node_modules)/.test(entry.name);
    if (entry.isDirectory() && depth > 0 && !skipped) files.push(...codeFiles(path, depth - 1));
    else if (entry.isFile() && CODE.has(extname(entry.name)) && !skipped) files.push(path);
  }
  return files;
}

/** Characters that are enough for `tokens` tokens of code. */
const CHARACTERS_PER_TOKEN = 8;

/**
 * A place in a file, at the indentation of a line two thirds down, where one would be typing: what is above
 * is known, and what is typed next is the script.
 */
export function replayProblem(id: string, text: string, maxTokens: number): Problem | undefined {
  const line = text.indexOf("\n", Math.floor((text.length * 2) / 3)) + 1;
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

function replay(corpus: string | undefined, maxTokens: number): Problem[] {
  const folder = corpus ?? standardLibrary();
  if (!existsSync(folder)) throw new UsageError(`There is no ${folder}.`);
  const problems: Problem[] = [];
  for (const path of codeFiles(folder)) {
    const text = readFileSync(path, "utf8").replaceAll("\r\n", "\n");
    if (text.length < REPLAY_BYTES.least || text.length > REPLAY_BYTES.most) continue;
    const problem = replayProblem(path.slice(folder.length + 1), text, maxTokens);
    if (problem) problems.push(problem);
  }
  if (problems.length === 0) throw new UsageError(`${folder} has no code to replay.`);
  return problems;
}

/** The problems of a suite, at most `items` of them (0: all), spread over it. Throws UsageError without them. */
export function suiteProblems(
  suite: Suite,
  sources: SuiteSources,
  items: number,
  maxTokens: number,
): Problem[] {
  const problems =
    suite === "replay" ? replay(sources.corpus, maxTokens) : humanEval(suite, sources.problems);
  return sample(problems, items);
}

/**
 * Problems as token ids of the model that is measured.
 * @param promptTokens most tokens of a prompt
 */
export function suiteItems(
  problems: readonly Problem[],
  vocabulary: Vocabulary,
  maxTokens: number,
  promptTokens: number,
): Item[] {
  return problems.map(({ id, prefix, suffix, script }) => {
    const snapshot = {
      uri: id,
      languageId: "python",
      version: 0,
      text: prefix + suffix,
      offset: prefix.length,
    };
    const said = script === undefined ? undefined : vocabulary.tokenize(script).subarray(0, maxTokens);
    return {
      id,
      prompt: buildPrompt(snapshot, vocabulary, promptTokens),
      maxTokens: said?.length ?? maxTokens,
      script: said,
    };
  });
}
