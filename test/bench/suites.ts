/**
 * What the methods are compared on. HumanEval and HumanEval-Infilling ask the model itself; `replay` takes
 * real code and puts its next token in place of the model's choice (`replay.ts`), and so does `workspace` in the
 * files of one project, whose other files may be drafted from.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Vocabulary } from "../../server/engine/index.ts";
import { buildPrompt, type Prompt } from "../../server/prompt/index.ts";
import { UsageError } from "../../server/system/index.ts";
import { codeFiles, largestPackage, standardLibrary } from "./codeFiles.ts";

export const SUITES = ["humaneval", "single", "multi", "random", "replay", "workspace"] as const;
export type Suite = (typeof SUITES)[number];
type HumanEvalSuite = Exclude<Suite, "replay" | "workspace">;

/** Whether the suite says what the model is to generate. */
export const isReplayed = (suite: Suite) => suite === "replay" || suite === "workspace";

/** The data files as they are published. */
const FILES: Record<HumanEvalSuite, string> = {
  humaneval: "HumanEval.jsonl.gz",
  single: "HumanEval-SingleLineInfilling.jsonl.gz",
  multi: "HumanEval-MultiLineInfilling.jsonl.gz",
  random: "HumanEval-RandomSpanInfillingLight.jsonl.gz",
};

/** A place to complete at. */
export interface Problem {
  readonly id: string;
  /** The document; the id where it is no file. */
  readonly uri: string;
  /** Text before and after the cursor. */
  readonly prefix: string;
  readonly suffix: string;
  /** What is to be generated instead of the model's own choice; undefined: the model speaks for itself. */
  readonly script: string | undefined;
}

export interface Item {
  readonly id: string;
  readonly uri: string;
  readonly prompt: Prompt;
  readonly maxTokens: number;
  /** The tokens that take the place of the model's choice, `maxTokens` of them. */
  readonly script: Int32Array | undefined;
}

export interface SuiteSources {
  /** Folder of the HumanEval files. */
  readonly problems: string | undefined;
  /** Folder of source code for `replay` and `workspace`; undefined: Python's standard library, a package of it. */
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

/** Replay takes files of code that are neither trifles nor tables. */
const REPLAY_BYTES = { least: 6_000, most: 200_000 };
/** How far down a file one is typing. */
const REPLAY_PLACE = 2 / 3;
/** The same for the places of a project's file. */
const WORKSPACE_PLACES = [0.3, 0.55, 0.8];
/** Characters that are enough for `tokens` tokens of code. */
const CHARACTERS_PER_TOKEN = 8;

/**
 * A place in a file, at the indentation of a line some way down, where one would be typing: what is above is
 * known, and what is typed next is the script.
 * @param place how far down, from 0 to 1
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

/** The folder of a suite that replays code. Throws a `UsageError`. */
export function replayFolder(suite: "replay" | "workspace", corpus: string | undefined): string {
  if (corpus === undefined) return suite === "replay" ? standardLibrary() : largestPackage(standardLibrary());
  if (!existsSync(corpus)) throw new UsageError(`There is no ${corpus}.`);
  return corpus;
}

function replay(suite: "replay" | "workspace", corpus: string | undefined, maxTokens: number): Problem[] {
  const folder = replayFolder(suite, corpus);
  const places = suite === "replay" ? [REPLAY_PLACE] : WORKSPACE_PLACES;
  const problems: Problem[] = [];
  for (const path of codeFiles(folder)) {
    const text = readFileSync(path, "utf8").replaceAll("\r\n", "\n");
    if (text.length < REPLAY_BYTES.least || text.length > REPLAY_BYTES.most) continue;
    for (const [i, place] of places.entries()) {
      const name = path.slice(folder.length + 1);
      const problem = replayProblem(i === 0 ? name : `${name} ${i + 1}`, text, maxTokens, place);
      if (problem) problems.push({ ...problem, uri: pathToFileURL(path).href });
    }
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
    suite === "replay" || suite === "workspace"
      ? replay(suite, sources.corpus, maxTokens)
      : humanEval(suite, sources.problems);
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
  return problems.map(({ id, uri, prefix, suffix, script }) => {
    const snapshot = {
      uri,
      languageId: "python",
      version: 0,
      text: prefix + suffix,
      offset: prefix.length,
    };
    const said = script === undefined ? undefined : vocabulary.tokenize(script).subarray(0, maxTokens);
    return {
      id,
      uri,
      prompt: buildPrompt(snapshot, vocabulary, promptTokens),
      maxTokens: said?.length ?? maxTokens,
      script: said,
    };
  });
}
