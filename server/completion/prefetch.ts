/**
 * Computes the completions that are likely to be requested next, in pauses, and keeps them in the completion cache: the one
 * after accepting the suggestion on the screen, the one after accepting that, and so on, moving to the next line when there is
 * nothing more to add on this one. Each is computed for the document as it would be then, and equals the answer to a request
 * there.
 *
 * If the suggestion is not accepted, all of this is useless, so at most a share of all decoded tokens is risked: where
 * suggestions are seldom accepted, little is computed ahead.
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

/** A request that follows within this time goes first. */
const PAUSE_MS = 10;
/** Places that are computed ahead of one suggestion. */
const LONGEST_STREAK = 4;
/** Share of all decoded tokens that may be unused before nothing more is risked. */
export const RISKED_SHARE = 0.15;
/** Tokens that are risked at the start, in addition to the share. */
export const RISKED_AT_FIRST = 32;
/** Longer documents are left alone, since each place needs a copy. */
const LONGEST_DOCUMENT = 1 << 20;
/** Characters before a cursor that show how a document indents. */
const STYLE_CHARACTERS = 4_000;

interface PrefetchDependencies {
  readonly runner: CompletionRunner;
  readonly usage: TokenUsage;
  readonly model: Pick<ModelFeature, "current">;
  /** Whether a document may be completed unasked: it is open, and nothing is switched off. */
  isOn(snapshot: Snapshot): boolean;
}

export class Prefetch {
  private latest = new AbortController();

  constructor(private readonly parts: PrefetchDependencies) {}

  /** Computes what follows a suggestion that is shown, until something else is requested. */
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

  /** The model's text at a place; undefined if something else interrupted it, or it must not be risked. */
  private async compute(cursor: Cursor, suggestions: readonly SuggestedText[]): Promise<string | undefined> {
    const { runner, model, usage, isOn } = this.parts;
    const engine = model.current;
    if (!engine || !isOn(cursor.snapshot) || !usage.affords(RISKED_SHARE, RISKED_AT_FIRST)) return undefined;
    const live = runner.aheadAt(cursor) ?? runner.startAhead(engine, cursor, [...suggestions]);
    await live?.whole();
    return this.known(cursor);
  }
}

/** The document after accepting a text at the cursor, with the cursor after it. */
function accepted(cursor: Cursor, text: string): Cursor {
  const { snapshot } = cursor;
  const { offset } = snapshot;
  const repeated = repeatedBy(text, snapshot);
  return replaced(cursor, offset, offset + repeated, text.replaceAll("\n", lineBreak(snapshot.text, offset)));
}

/** The document after Enter at the end of the cursor's line, indented as editors do; undefined elsewhere in a line. */
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
