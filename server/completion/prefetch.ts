/**
 * What is likely to be asked for next, computed in pauses and kept in the completion cache: what comes once the
 * suggestion on the screen is accepted, then after that, and on the next line where there is nothing more to add on
 * this one. Each is computed for the document as it would be then, and is what a request there would be answered.
 *
 * A suggestion that is not accepted makes all of it useless, so no more is risked than a share of what is decoded:
 * where suggestions are seldom taken, little is computed ahead.
 */

import type { ModelFeature } from "../model/index.ts";
import { indentationStyle } from "../postprocess/index.ts";
import { type Cursor, placeOf, type Snapshot, surroundings, wantsCompletion } from "../text/index.ts";
import type { CompletionRunner, SuggestedText } from "./completionRunner.ts";
import { repeatedBy, replaced } from "./completionTarget.ts";
import { isWithheld } from "./reserve.ts";
import { sleep } from "./sleep.ts";
import type { Suggestion } from "./suggestions.ts";
import type { TokenUsage } from "./tokenUsage.ts";

/** Requests that follow at once go first. */
const PAUSE_MS = 10;
/** Places that are computed ahead of one suggestion. */
const LONGEST_STREAK = 4;
/** Of all tokens that are decoded, those that may be for nothing before nothing more is risked. */
export const RISKED_SHARE = 0.15;
/** Tokens that are risked at the beginning, before there is anything to have a share of. */
export const RISKED_AT_FIRST = 32;
/** Documents longer than this are not copied again and again. */
const LONGEST_DOCUMENT = 1 << 20;
/** Characters before a cursor that show how a document indents. */
const STYLE_CHARACTERS = 4_000;

interface PrefetchDependencies {
  readonly runner: CompletionRunner;
  readonly usage: TokenUsage;
  readonly model: Pick<ModelFeature, "current">;
  /** Whether a document may be completed that nobody has asked for: it is open, and nothing is switched off. */
  isOn(snapshot: Snapshot): boolean;
}

export class Prefetch {
  private latest = new AbortController();

  constructor(private readonly parts: PrefetchDependencies) {}

  /** Computes what comes after a suggestion that is shown, until something else is asked for. */
  async after({ target, text }: Suggestion): Promise<void> {
    this.latest.abort();
    this.latest = new AbortController();
    if (target.cursor.snapshot.text.length > LONGEST_DOCUMENT) return;
    const { signal } = this.latest;
    await sleep(PAUSE_MS, signal);
    const suggestions: SuggestedText[] = [];
    let { cursor } = target;
    let generated: string | undefined = text;
    for (let step = 0; step < LONGEST_STREAK; step++) {
      if (generated !== "") suggestions.push({ place: placeOf(cursor), text: generated });
      const next: Cursor | undefined = generated === "" ? nextLine(cursor) : accepted(cursor, generated);
      if (!next || signal.aborted || !wantsCompletion(surroundings(next.snapshot))) return;
      generated = this.known(next) ?? (await this.compute(next, suggestions));
      if (generated === undefined) return;
      cursor = next;
    }
  }

  private known(cursor: Cursor): string | undefined {
    const found = this.parts.runner.cache.find(cursor, false);
    const isKnown = found?.kind === "cached" && !isWithheld(found.completion.finishReason);
    return isKnown ? found.text : undefined;
  }

  /** What the model predicts at a place; undefined where it gave way to something else, or must not be risked. */
  private async compute(cursor: Cursor, suggestions: readonly SuggestedText[]): Promise<string | undefined> {
    const { runner, model, usage, isOn } = this.parts;
    const engine = model.current;
    if (!engine || !isOn(cursor.snapshot) || !usage.affords(RISKED_SHARE, RISKED_AT_FIRST)) return undefined;
    const live = runner.aheadAt(cursor) ?? runner.startAhead(engine, cursor, [...suggestions]);
    await live?.whole();
    return this.known(cursor);
  }
}

/** The document once a text at the cursor has been accepted, the cursor after it. */
function accepted(cursor: Cursor, text: string): Cursor {
  const { snapshot } = cursor;
  const { offset } = snapshot;
  const repeated = repeatedBy(text, snapshot);
  return replaced(cursor, offset, offset + repeated, text.replaceAll("\n", lineBreak(snapshot.text, offset)));
}

/** The document once Enter has been pressed at the end of the cursor's line, as editors indent; else undefined. */
function nextLine(cursor: Cursor): Cursor | undefined {
  const { text, offset } = cursor.snapshot;
  const { linePrefix, lineSuffix } = surroundings(cursor.snapshot);
  if (lineSuffix.trim() !== "" || linePrefix.trim() === "") return undefined;
  const indentation = /^[ \t]*/.exec(linePrefix)?.[0] ?? "";
  const opens = /[:{([]$/.test(linePrefix.trimEnd());
  const deeper = opens ? indentationUnit(text.slice(Math.max(0, offset - STYLE_CHARACTERS), offset)) : "";
  return replaced(cursor, offset, offset, lineBreak(text, offset) + indentation + deeper);
}

function indentationUnit(before: string): string {
  const style = indentationStyle(before);
  if (style.kind === "tabs") return "\t";
  return " ".repeat(style.kind === "spaces" ? style.unit : 4);
}

/** How the document breaks lines near a place. */
function lineBreak(text: string, offset: number): string {
  const before = text.lastIndexOf("\n", offset - 1);
  const at = before >= 0 ? before : text.indexOf("\n", offset);
  return at > 0 && text[at - 1] === "\r" ? "\r\n" : "\n";
}
