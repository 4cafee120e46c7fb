/**
 * Quality of completions as they are shown: the whole way from a document to text, beside the model's own answer
 * to the same prompt.
 *
 * A weak model seldom generates the expected text, so the rules for the end of a text are also judged on replayed truth:
 * the expected text and the true text after it, as if the model had generated them.
 */

import {
  type CompleteOptions,
  type Completion,
  complete,
  generate,
  promptAt,
} from "../../server/completion/index.ts";
import type { Engine } from "../../server/engine/index.ts";
import { placeAt, shape, TextStream } from "../../server/postprocess/index.ts";
import { formatOf } from "../../server/prompt/index.ts";
import type { Grammars } from "../../server/syntax/index.ts";
import { drain } from "../../server/system/index.ts";
import { type Snapshot, surroundings } from "../../server/text/index.ts";
import { rounded, table } from "./figures.ts";
import { accepted, type Infilling, type InfillingSuite, withoutTrailingBlanks } from "./infilling.ts";
import type { Sandbox } from "./sandbox.ts";

/** Shares of the items, 0 to 1. */
export interface Scores {
  /** The document equals the original, apart from blanks at the ends of lines. */
  readonly exactMatch: number;
  /** The document passes its tests. */
  readonly passAt1: number;
}

export interface QualityResult extends Scores {
  readonly suite: InfillingSuite;
  readonly items: number;
  /** The shown text ends where the line ends (`endsWithLine`). Only for single lines. */
  readonly trimmedCorrectly: number | null;
  /** The model's text until it ends, or reaches the limit of tokens. */
  readonly raw: Scores;
  /** The document equals the original when the truth and the text after it are generated. */
  readonly replayed: { readonly trimmedCorrectly: number };
}

export interface QualityOptions {
  readonly maxTokens: number;
  readonly grammars: Grammars;
  readonly sandbox: Sandbox;
  readonly progress: (done: number) => void;
}

/** Stop rules that may end a text within its line. */
const CUTTING: ReadonlySet<string> = new Set(["bracket", "suffix", "repetition"]);

/**
 * Whether a shown text ends where the first line of the raw text ends, apart from blanks at both ends. It may only end
 * earlier if a rule had to cut it: a surplus bracket, the text after the cursor, or repetition of the same
 * words.
 */
export function endsWithLine(raw: string, { text, finishReason }: Pick<Completion, "text" | "finishReason">) {
  const [line = ""] = raw.split("\n", 1);
  const whole = line.trim();
  const shown = text.trim();
  return shown === whole || (CUTTING.has(finishReason) && whole.startsWith(shown));
}

/** The shown text if the model generates the truth and the text after the cursor. */
export function shownOfTruth({ snapshot, truth }: Infilling, grammars: Grammars): string {
  const { place, dispose } = placeAt(snapshot, surroundings(snapshot), grammars);
  try {
    return shape(truth + snapshot.text.slice(snapshot.offset), place, true).text;
  } finally {
    dispose();
  }
}

/** The document with the truth in it. */
const original = ({ snapshot: { text, offset }, truth }: Infilling) =>
  text.slice(0, offset) + truth + text.slice(offset);

const matches = (document: string, item: Infilling) =>
  withoutTrailingBlanks(document) === withoutTrailingBlanks(original(item));

/** The model's text for the prompt of a completion, without any rule that stops it. */
export async function rawText(
  engine: Engine,
  snapshot: Snapshot,
  options: CompleteOptions,
  signal: AbortSignal,
): Promise<string> {
  const format = formatOf(engine.vocabulary, engine.info);
  const bytes = new TextStream();
  let raw = "";
  for await (const step of generate(engine, promptAt(engine, snapshot, format, options), options, signal)) {
    if (step.kind !== "step") continue;
    for (const token of step.tokens) {
      if (format.ends.includes(token)) return raw;
      raw += bytes.push(engine.vocabulary.bytes(token));
    }
  }
  return raw;
}

async function completed(
  engine: Engine,
  snapshot: Snapshot,
  options: CompleteOptions,
  signal: AbortSignal,
): Promise<Completion> {
  const growing = complete(engine, snapshot, options, signal);
  const completion = await drain(growing);
  if (completion.failure) throw new Error(completion.failure);
  return completion;
}

/** Measures a suite, item by item. Rejects when it is aborted. */
export async function measureQuality(
  engine: Engine,
  suite: InfillingSuite,
  items: readonly Infilling[],
  { grammars, sandbox, maxTokens, progress }: QualityOptions,
  signal: AbortSignal,
): Promise<QualityResult> {
  const options = { maxTokens, treeNodes: engine.info.maxTreeNodes, grammars };
  const count = { exact: 0, passed: 0, trimmed: 0, rawExact: 0, rawPassed: 0, replayed: 0 };
  await grammars.load("python");
  for (const [index, item] of items.entries()) {
    signal.throwIfAborted();
    const shown = await completed(engine, item.snapshot, options, signal);
    const raw = await rawText(engine, item.snapshot, options, signal);
    signal.throwIfAborted();
    const document = accepted(item.snapshot, shown.text);
    const { text, offset } = item.snapshot;
    const rawDocument = text.slice(0, offset) + raw + text.slice(offset);
    const [passed, rawPassed] = await Promise.all(
      [document, rawDocument].map(each => sandbox.passes(`${each}\n${item.test}`)),
    );
    count.exact += Number(matches(document, item));
    count.passed += Number(passed);
    count.rawExact += Number(matches(rawDocument, item));
    count.rawPassed += Number(rawPassed);
    count.trimmed += Number(endsWithLine(raw, shown));
    count.replayed += Number(matches(accepted(item.snapshot, shownOfTruth(item, grammars)), item));
    progress(index + 1);
  }
  const share = (value: number) => rounded(value / Math.max(1, items.length), 4);
  return {
    suite,
    items: items.length,
    exactMatch: share(count.exact),
    passAt1: share(count.passed),
    trimmedCorrectly: suite === "single" ? share(count.trimmed) : null,
    raw: { exactMatch: share(count.rawExact), passAt1: share(count.rawPassed) },
    replayed: { trimmedCorrectly: share(count.replayed) },
  };
}

export function qualityTable(results: readonly QualityResult[]): string {
  const percent = (value: number | null) => (value === null ? "-" : `${(100 * value).toFixed(1)}%`);
  const heading = ["suite", "items", "exact", "raw exact", "pass@1", "raw pass@1", "line's end", "replayed"];
  const rows = results.map(({ suite, items, raw, replayed, ...own }) => [
    suite,
    String(items),
    percent(own.exactMatch),
    percent(raw.exactMatch),
    percent(own.passAt1),
    percent(raw.passAt1),
    percent(own.trimmedCorrectly),
    percent(replayed.trimmedCorrectly),
  ]);
  return table(heading, rows);
}
