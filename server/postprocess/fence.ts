/**
 * Code within Markdown fences: that of a document, and that of the answers of chat models, with prose around it, of which only
 * the code is used.
 */
import type { Place } from "./place.ts";

const FENCE = "```";
/** How chat models introduce code; no line of code begins so. */
const INTRODUCTIONS = [
  ...["sure", "certainly", "of course"].flatMap(word => [`${word},`, `${word}!`, `${word}.`]),
  ...["here is ", "here are ", "here's ", "below is ", "to complete "],
  ...["the completed ", "the complete ", "the following ", "the updated "],
];

const LONGEST_INTRODUCTION = Math.max(...INTRODUCTIONS.map(each => each.length));

/** The code found within an answer. */
interface Unfenced {
  readonly text: string;
  /** Whether nothing that follows belongs to the code. */
  readonly isOver: boolean;
}

const NOTHING: Unfenced = { text: "", isOver: false };

/** Whether `line` begins with a fence, or may still do so as it grows. */
export const isFence = (line: string) => line.trimStart().startsWith(FENCE);
export const mayBecomeFence = (line: string) => /^\s*`{1,2}$/.test(line);

/** The beginning or the end of code in a document, what names its language in a group. */
const MARK = /^[ \t]*(?:```+|~~~+)([^`\n]*)$/gm;

/** The code within the fences around a cursor; undefined if it is not within fences. */
export function fencedAround(before: string, after: string): string | undefined {
  let from: number | undefined;
  for (const { index, 0: mark, 1: info } of before.matchAll(MARK))
    from = info?.trim() !== "" || from === undefined ? index + mark.length : undefined;
  if (from === undefined) return undefined;
  const end = after.slice(after.indexOf("\n") + 1).search(MARK);
  return before.slice(from) + (end < 0 ? after : after.slice(0, after.indexOf("\n") + 1 + end));
}

/** The code of an answer that begins with a fence or with prose; other text unchanged. */
export function unfenced(raw: string, place: Place, ended: boolean): Unfenced {
  const text = raw.trimStart();
  const start = text.slice(0, LONGEST_INTRODUCTION).toLowerCase();
  if (INTRODUCTIONS.some(each => start.startsWith(each))) return afterIntroduction(text, place, ended);
  const mayBegin = [FENCE, ...INTRODUCTIONS].some(each => each.startsWith(text.toLowerCase()));
  if (!ended && text !== "" && mayBegin) return NOTHING;
  return text.startsWith(FENCE) ? fencedCode(text, place, ended) : { text: raw, isOver: false };
}

function afterIntroduction(text: string, place: Place, ended: boolean): Unfenced {
  const fence = /\n[ \t]*(?=```)/.exec(text);
  return fence ? fencedCode(text.slice(fence.index + fence[0].length), place, ended) : NOTHING;
}

/** @param text begins with a fence */
function fencedCode(text: string, place: Place, ended: boolean): Unfenced {
  const start = text.indexOf("\n") + 1;
  if (start === 0) return NOTHING;
  const code = text.slice(start);
  const close = /(^|\n)[ \t]*```/.exec(code);
  if (close) return { text: withoutAbove(code.slice(0, close.index), place, true), isOver: true };
  const begun = ended ? code : code.replace(/(^|\n)[ \t]*`{0,2}$/, "");
  return { text: withoutAbove(begun, place, ended), isOver: false };
}

/** Code without the lines above the cursor and the beginning of its line, which chat models tend to repeat. */
function withoutAbove(code: string, { above, linePrefix }: Place, whole: boolean): string {
  const lines = code.split("\n");
  const first = lines[0]?.trim() ?? "";
  if (!whole && lines.length === 1) return "";
  const index = above.findLastIndex(line => line.trim() !== "" && line.trim() === first);
  const count = index < 0 ? 0 : above.length - index;
  if (!whole && lines.length <= count) return "";
  const repeats = above.slice(above.length - count).every((line, i) => line.trim() === lines[i]?.trim());
  const rest = lines.slice(repeats ? count : 0).join("\n");
  const begun = linePrefix.trim();
  return begun !== "" && rest.trimStart().startsWith(begun) ? rest.trimStart().slice(begun.length) : rest;
}
