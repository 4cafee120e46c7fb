/** HumanEval-Infilling (OpenAI, arXiv 2207.14255) as documents with a cursor, and the expected text. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { overlap, placeAt } from "../../server/postprocess/index.ts";
import { UsageError } from "../../server/system/index.ts";
import { type Snapshot, surroundings } from "../../server/text/index.ts";
import { sample } from "./suites.ts";

export const INFILLING_SUITES = ["single", "multi", "random"] as const;
export type InfillingSuite = (typeof INFILLING_SUITES)[number];

const FILES: Record<InfillingSuite, string> = {
  single: "HumanEval-SingleLineInfilling.jsonl.gz",
  multi: "HumanEval-MultiLineInfilling.jsonl.gz",
  random: "HumanEval-RandomSpanInfillingLight.jsonl.gz",
};

export interface Infilling {
  readonly id: string;
  /** The document when a completion is requested. */
  readonly snapshot: Snapshot;
  /** The expected text at the cursor. */
  readonly truth: string;
  /** Python that fails if the completed document does not behave as it should. */
  readonly test: string;
}

/** A line of the file. */
interface Row {
  readonly task_id: string;
  readonly entry_point: string;
  readonly prompt: string;
  readonly suffix: string;
  readonly canonical_solution: string;
  readonly test: string;
}

const KEYS = ["task_id", "entry_point", "prompt", "suffix", "canonical_solution", "test"] as const;

/**
 * An item in the form it would have in an editor. Published items that lack whole lines join the lines above to those
 * below; in an editor there is an empty line between them, with the cursor at its indentation.
 */
export function infilling({ task_id: id, prompt, suffix, canonical_solution, ...row }: Row): Infilling {
  const wholeLines = prompt.endsWith("\n") && canonical_solution.endsWith("\n");
  const solution = wholeLines ? canonical_solution.slice(0, -1) : canonical_solution;
  const indentation = wholeLines ? (/^[ \t]*/.exec(solution)?.[0] ?? "") : "";
  const prefix = prompt + indentation;
  const text = prefix + (wholeLines ? "\n" : "") + suffix;
  return {
    id,
    snapshot: { uri: `humaneval:${id}.py`, languageId: "python", version: 0, text, offset: prefix.length },
    truth: solution.slice(indentation.length),
    test: `${row.test}\ncheck(${row.entry_point})\n`,
  };
}

/** The document after a completion was accepted, as an editor applies the item. */
export function accepted(snapshot: Snapshot, completion: string): string {
  const { text, offset } = snapshot;
  const { place } = placeAt(snapshot, surroundings(snapshot), undefined);
  return text.slice(0, offset) + completion + text.slice(offset + overlap(completion, place));
}

/** A text without blanks at the ends of its lines. */
export const withoutTrailingBlanks = (text: string) => text.replace(/[ \t]+$/gm, "").trimEnd();

/** At most `count` items of a suite (0: all), spread over it. Throws UsageError without them. */
export function infillings(suite: InfillingSuite, folder: string | undefined, count: number): Infilling[] {
  if (folder === undefined)
    throw new UsageError(
      `bench quality needs --problems FOLDER with ${FILES[suite]} (from openai/human-eval-infilling).`,
    );
  const path = join(folder, FILES[suite]);
  if (!existsSync(path)) throw new UsageError(`There is no ${path}.`);
  try {
    const lines = gunzipSync(readFileSync(path)).toString("utf8").trim().split("\n");
    return sample(lines, count).map(line => infilling(checked(JSON.parse(line))));
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as Error).message}.`);
  }
}

function checked(row: Record<string, unknown>): Row {
  for (const key of KEYS) if (typeof row[key] !== "string") throw new Error(`an item has no ${key}`);
  return row as unknown as Row;
}
