/** Cases of completions: a document with a cursor, what the model generates, and what must come to stand there. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { InlineCompletionItem, Position } from "vscode-languageserver-protocol/node";
import { packageRoot } from "../../server/system/paths.ts";
import type { Piece } from "./scriptedModel.ts";

/**
 * What is expected: a text stands at the cursor, all else as it was; `null`: nothing is shown; or one of several.
 * `toLineEnd` takes the place of the rest of the line, `document` is all of it, and `not` and `matches` are regular
 * expressions of it, the former also satisfied by nothing.
 */
export type Expectation =
  | string
  | null
  | { readonly toLineEnd: string }
  | { readonly document: string }
  | { readonly not?: readonly string[]; readonly matches?: readonly string[] }
  | readonly Expectation[];

/** What is done to the document, in this order, before a completion is asked for again. */
export interface Step {
  readonly accept?: boolean;
  readonly type?: string;
  /** Characters that are deleted. */
  readonly back?: number;
  readonly expect?: Expectation;
}

export interface Case {
  /** Group and name. */
  readonly name: string;
  readonly language: string;
  /** The document; the cursor is at ‸, or else at |. An array repeats its text. */
  readonly text: string | readonly (string | readonly [text: string, times: number])[];
  readonly model: string | readonly Piece[];
  readonly trigger?: "automatic" | "invoked";
  /** The entry of a suggestion list that is selected, and what of the document it takes the place of. */
  readonly selected?: { readonly text: string; readonly replace: string };
  readonly expect: Expectation;
  readonly steps?: readonly Step[];
  readonly why?: string;
}

/** A document and the cursor in it, in UTF-16 units. */
export interface Marked {
  readonly text: string;
  readonly offset: number;
}

/** What an item makes of a document. */
export interface Applied {
  readonly document: string;
  readonly insert: string;
  readonly start: number;
  readonly end: number;
  readonly item: InlineCompletionItem;
}

/** The cases of all groups, one file each. */
export function readCases(): Case[] {
  const folder = join(packageRoot(), "test", "scripted", "cases");
  const cases = readdirSync(folder).flatMap(
    name => JSON.parse(readFileSync(join(folder, name), "utf8")) as Case[],
  );
  const names = cases.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`there are two cases ${twice}`);
  return cases;
}

export function marked({ name, text }: Pick<Case, "name" | "text">): Marked {
  const parts = typeof text === "string" ? [text] : text;
  const whole = parts.map(part => (typeof part === "string" ? part : part[0].repeat(part[1]))).join("");
  const sides = whole.split(whole.includes("‸") ? "‸" : "|");
  if (sides.length !== 2) throw new Error(`${name} has ${sides.length - 1} cursors`);
  return { text: sides.join(""), offset: sides[0]?.length ?? 0 };
}

export function positionAt(text: string, offset: number): Position {
  const lines = text.slice(0, offset).split("\n");
  return { line: lines.length - 1, character: lines.at(-1)?.length ?? 0 };
}

function offsetAt(text: string, { line, character }: Position): number {
  let start = 0;
  for (let i = 0; i < line; i++) start = text.indexOf("\n", start) + 1;
  return start + character;
}

/** Undefined where the item leaves the document as it was. */
export function applied(
  item: InlineCompletionItem | undefined,
  { text, offset }: Marked,
): Applied | undefined {
  if (!item) return undefined;
  const insert = typeof item.insertText === "string" ? item.insertText : item.insertText.value;
  const start = item.range ? offsetAt(text, item.range.start) : offset;
  const end = item.range ? offsetAt(text, item.range.end) : offset;
  const document = text.slice(0, start) + insert + text.slice(end);
  return document === text ? undefined : { document, insert, start, end, item };
}

/** Editors give inserted line feeds the document's line ends; in a document with line feeds a CR is a fault. */
const comparable = (document: string, { text }: Marked) =>
  text.includes("\r\n") ? document.replaceAll("\r\n", "\n") : document;

/** The document that an expectation stands for. */
function documentOf(
  expected: string | { toLineEnd: string } | { document: string },
  { text, offset }: Marked,
): string {
  if (typeof expected === "string") return text.slice(0, offset) + expected + text.slice(offset);
  if ("document" in expected) return expected.document;
  const end = offset + (/\r?\n|$/.exec(text.slice(offset))?.index ?? 0);
  return text.slice(0, offset) + expected.toLineEnd + text.slice(end);
}

const isList = (expected: Expectation): expected is readonly Expectation[] => Array.isArray(expected);

/** @param shown undefined: nothing */
export function holds(expected: Expectation, shown: Applied | undefined, at: Marked): boolean {
  if (isList(expected)) return expected.some(each => holds(each, shown, at));
  if (expected === null) return shown === undefined;
  const document = shown && comparable(shown.document, at);
  if (typeof expected === "string" || "toLineEnd" in expected || "document" in expected)
    return document === comparable(documentOf(expected, at), at);
  const { not = [], matches = [] } = expected;
  const fits = (pattern: string) => document !== undefined && new RegExp(pattern, "u").test(document);
  return matches.every(fits) && !not.some(fits);
}

/** A failure in words. */
export function described(
  expected: Expectation,
  shown: Applied | undefined,
  { text, offset }: Marked,
): string {
  const around = `${text.slice(Math.max(0, offset - 120), offset)}‸${text.slice(offset, offset + 80)}`;
  const actual = shown
    ? `${JSON.stringify(shown.insert)} for ${JSON.stringify(text.slice(shown.start, shown.end))}`
    : "nothing";
  return `at ${JSON.stringify(around)}\n  shown    ${actual}\n  expected ${JSON.stringify(expected)}`;
}
