/** What a request asks for: where, in which text, and how the answer becomes an item. */
import {
  type Command,
  type InlineCompletionItem,
  type InlineCompletionParams,
  InlineCompletionTriggerKind,
  type Range,
} from "vscode-languageserver";
import type { Documents } from "../lsp/index.ts";
import { overlap, placeAt } from "../postprocess/index.ts";
import { languageEnabled, type Settings, type StreamedParams, type Suppression } from "../protocol/index.ts";
import { type Cursor, type Snapshot, surroundings, wantsCompletion } from "../text/index.ts";

/** Where a completion is wanted, and how it becomes an item. */
export interface CompletionTarget {
  /** In the document as it would be after accepting the suggestion that is selected in a list. */
  readonly cursor: Cursor;
  /** The selected suggestion, which the item's text begins with; else empty. */
  readonly selected: string;
  /** The range that the item replaces, without the part of the rest of the line that it repeats. */
  readonly range: Range;
  readonly explicit: boolean;
}

/** What to complete, or why nothing is wanted. */
export function requested(
  documents: Documents,
  settings: Settings,
  { textDocument, position, context }: InlineCompletionParams & StreamedParams,
): CompletionTarget | Suppression {
  const snapshot = documents.snapshot(textDocument.uri, position, textDocument.version);
  const hash = documents.hash(textDocument.uri);
  if (typeof snapshot === "string") return snapshot;
  if (!hash) return "notOpen";
  if (!languageEnabled(settings, snapshot.languageId)) return settings.enabled ? "languageOff" : "off";
  const explicit = context.triggerKind === InlineCompletionTriggerKind.Invoked;
  if (!explicit && settings.trigger === "manual") return "manual";
  const { selectedCompletionInfo: selected } = context;
  const range = selected?.range ?? { start: position, end: position };
  const start = documents.snapshot(textDocument.uri, range.start, snapshot.version);
  const end = documents.snapshot(textDocument.uri, range.end, snapshot.version);
  if (typeof start === "string" || typeof end === "string") return "selection";
  if (range.start.line !== range.end.line || start.offset > end.offset) return "selection";
  const text = selected?.text ?? "";
  const cursor = selected ? replaced({ snapshot, hash }, start.offset, end.offset, text) : { snapshot, hash };
  const around = surroundings(cursor.snapshot);
  if (!explicit && !wantsCompletion(around)) return /^\w/.test(around.lineSuffix) ? "wordAfter" : "textAfter";
  return { cursor, selected: text, range, explicit };
}

/** A document in which `text` replaces the range from `start` to `end`, with the cursor after it. */
export function replaced({ snapshot, hash }: Cursor, start: number, end: number, text: string): Cursor {
  const whole = snapshot.text.slice(0, start) + text + snapshot.text.slice(end);
  return {
    snapshot: { ...snapshot, text: whole, offset: start + text.length },
    hash: hash.edited(whole, start, snapshot.text.length - end),
  };
}

/** UTF-16 units of the rest of the cursor's line that `text` repeats. */
export function repeatedBy(text: string, snapshot: Snapshot): number {
  const lines = surroundings(snapshot);
  return lines.lineSuffix.trim() === "" ? 0 : overlap(text, placeAt(snapshot, lines, undefined).place);
}

/** The text as an item that also replaces the part of the rest of the line that the text repeats. */
export function item(
  text: string,
  { cursor, selected, range: { start, end } }: CompletionTarget,
  command?: Command,
): InlineCompletionItem {
  const repeated = repeatedBy(text, cursor.snapshot);
  const range = { start, end: { line: end.line, character: end.character + repeated } };
  return { insertText: selected + text, range, ...(command && { command }) };
}
