/**
 * Which part of the model's raw text is shown, and where it ends. A pure function of the raw text so far, so that streaming
 * needs no state of its own. The result only grows as raw text is added: nothing is shown that a later character could take
 * back.
 *
 * The text gets the document's white space (`normalise.ts`), its brackets and strings are scanned from the cursor on
 * (`reading.ts`), its lines decide where it ends (`end.ts`), and the longest prefix that leaves the document at least
 * as well-formed as it was is shown.
 */

import type { StringRule } from "../syntax/index.ts";
import { type End, EndFinder, type StopReason } from "./end.ts";
import { isBlankBefore, normalise, wholeCharacters } from "./normalise.ts";
import { overlap } from "./overlap.ts";
import type { Place } from "./place.ts";
import { fitsAt, type Reading, read } from "./reading.ts";
import { periodEnd } from "./repetition.ts";
import { repeatOf } from "./rest.ts";

export interface Shaped {
  readonly text: string;
  /** Set once no further raw text can change the result. */
  readonly stopped?: StopReason;
}

/** Where the text must end, whatever its lines are. */
interface Limit {
  readonly index: number;
  readonly reason: StopReason;
  /** Whether the document continues there; else the text is malformed or repeats itself. */
  readonly trusted: boolean;
}

/** Characters that may be the beginning of a longer quote or mark. */
const MAY_GROW = /["'`/*<$#@{\\=-]{1,3}$/;
/** A quote that may begin a character or a lifetime, with the part of a character's literal after it. */
const MAY_BE_CHARACTER = /'(?:\\(?:x[\da-f]{0,2}|u\{?[\da-f_]*\}?|.?)|[^\\\n]?)$/iu;
/** Characters that an expression does not end with. */
const DANGLING = /[\s=+\-*/%&|^<>!?:,.~@]+$/;

/**
 * @param raw everything the model has generated so far @param ended whether it will generate no more
 * @param maxLines most lines that are shown, blank ones not counted; 0: any number
 */
export function shape(raw: string, place: Place, ended: boolean, maxLines = 0): Shaped {
  const normalised = normalise(raw, place, ended);
  const over = ended || normalised.stopped !== undefined;
  const reading = read(normalised.text, place);
  const limit = limitOf(normalised.text, reading, place, { over, maxLines });
  const index = limit?.index ?? judgedLength(normalised.text, reading);
  const text = wholeCharacters(normalised.text.slice(0, index));
  const trusted = limit?.trusted ?? true;
  const extent = { all: normalised.text, ended: over, over: over || limit !== undefined, trusted };
  const end = new EndFinder({ text, reading, place, ...extent }).find();
  const isOver = end.stopped !== undefined || limit !== undefined || over;
  // If the text continues exactly as the suffix, the two share a line.
  const isJoined = limit?.reason === "suffix" && !/\n[ \t]*$/.test(text);
  const shownTo = (at: End) =>
    settled(text, reading, place, isOver ? at : growing(normalised.text, place, at));
  const element = place.rest.isList ? shownTo(firstElement(text, reading, place, end, isOver)) : "";
  // In the middle of a list the text is one element, unless the model ends several with its end token.
  const isElement = place.rest.isList && !(isOver && !limit && (end.stopped ?? "suffix") === "suffix");
  const whole = () =>
    needsWholeLines(place) && !isJoined
      ? wholeLines(text.slice(0, end.index), text.slice(end.index))
      : shownTo(end);
  const all = isElement ? element : whole();
  const shown = all.length > element.length ? all : element;
  const stopped = end.stopped ?? (end.isUndecided ? undefined : limit?.reason) ?? normalised.stopped;
  return stopped ? { text: shown, stopped } : { text: shown };
}

function limitOf(
  text: string,
  reading: Reading,
  place: Place,
  { over, maxLines }: { readonly over: boolean; readonly maxLines: number },
): Limit | undefined {
  const { cut, cutCloses, pending } = reading;
  const period = periodEnd(text);
  const rest = restBegin(text, reading, place, over);
  const limits: Limit[] = [];
  if (cut >= 0) limits.push({ index: cut, reason: "bracket", trusted: cutCloses });
  if (over && pending >= 0) limits.push({ index: pending, reason: "bracket", trusted: true });
  const closer = cut >= 0 && cutCloses ? cut : over ? pending : -1;
  const met = closer >= 0 ? meetsRest(text.slice(0, closer + 1), reading, place) : undefined;
  if (met) limits.push(met);
  if (period >= 0) limits.push({ index: period, reason: "repetition", trusted: false });
  if (rest >= 0) limits.push({ index: rest, reason: "suffix", trusted: true });
  const lines = endOfLines(text, maxLines);
  if (lines >= 0) limits.push({ index: lines, reason: "maxLines", trusted: false });
  return limits.sort((a, b) => a.index - b.index)[0];
}

/** Index after so many lines that are not blank; -1 if there are fewer, or no number is given. */
function endOfLines(text: string, count: number): number {
  let lines = 0;
  for (let from = 0; count > 0; ) {
    const end = text.indexOf("\n", from);
    if (end < 0) return -1;
    if (text.slice(from, end).trim() !== "" && ++lines === count) return end;
    from = end + 1;
  }
  return -1;
}

/** The limit before a beginning of the line's suffix, for a text whose last character closes what the document closes. */
function meetsRest(text: string, reading: Reading, place: Place): Limit | undefined {
  const from = text.lastIndexOf("\n") + 1;
  const repeat = place.rest.hasWords ? repeatOf(text.slice(from), place.rest.text) : undefined;
  if (!repeat || fitsAt(reading, from + repeat.from, place)?.length !== 0) return undefined;
  return { index: from + repeat.from, reason: "suffix", trusted: true };
}

/** Index at which a whole line ends with the suffix of the cursor's line; -1 if none does. */
function restBegin(text: string, reading: Reading, place: Place, over: boolean): number {
  if (!place.rest.isRepeatable) return -1;
  const lines = text.split("\n");
  let from = 0;
  for (const [index, line] of lines.entries()) {
    const repeat = over || index < lines.length - 1 ? repeatOf(line, place.rest.text) : undefined;
    if (repeat?.whole && fitsAt(reading, from + repeat.from, place)?.length === 0) return from + repeat.from;
    from += line.length + 1;
  }
  return -1;
}

/** Length of the end of `text` that may become a quote of several characters. */
function begunQuote(text: string, strings: readonly StringRule[]): number {
  let longest = 0;
  for (const { open, close } of strings)
    for (const quote of [open, close])
      for (let length = quote.length - 1; length > longest; length--)
        if (text.endsWith(quote.slice(0, length))) longest = length;
  return longest;
}

/**
 * How much of a text can be judged while it grows: up to a closer that may yet be the last. That is not known before its
 * line ends, and the lines so far must not be judged by it, wherever the model's tokens divide the text.
 */
const judgedLength = (text: string, { pending }: Reading): number => (pending < 0 ? text.length : pending);

/** The end of a shown part of `text`, which still grows: before a token that the next character may extend. */
function growing(text: string, { rules }: Place, { index, natural }: End): End {
  if (natural) return { index, natural };
  const character = rules.lexicon.lifetimes ? MAY_BE_CHARACTER.exec(text) : null;
  const short = (character ?? MAY_GROW.exec(text))?.[0].length ?? 0;
  const held = Math.max(short, begunQuote(text, rules.lexicon.strings));
  return { index: Math.min(index, text.length - held), natural: false };
}

/** The end of the first element of a list, or `end`. */
function firstElement(text: string, reading: Reading, place: Place, end: End, isOver: boolean): End {
  for (let i = 0; i < end.index; i++)
    if (text[i] === "," && fitsAt(reading, i, place)?.length === 0) return { index: i, natural: isOver };
  return end;
}

/** The longest prefix of `text` up to `end` that leaves the document as well-formed as it was. */
function settled(text: string, reading: Reading, place: Place, end: End): string {
  const firstLine = text.indexOf("\n") < 0 ? text.length : text.indexOf("\n");
  for (let index = end.index; index > 0; index--) {
    if (index < end.index && index > firstLine && text[index] !== "\n") continue;
    const step = fitsAt(reading, index, place);
    if (!step) continue;
    const isNatural = (index === end.index && end.natural) || text[index] === "\n";
    const before = text.slice(0, index);
    const inString = reading.states[index] === place.start && place.start?.kind === "string";
    const shown = isNatural ? withoutEndBlanks(before, place, inString) : withoutDangling(before, place);
    // Without its last line feed the text may end inside a comment, which would swallow the suffix.
    if (shown.length >= index || fitsAt(reading, shown.length, place)) return shown;
  }
  return "";
}

/** Whether the cursor stands before the indentation of a line: only whole lines can be inserted there. */
const needsWholeLines = ({ linePrefix, rest }: Place) =>
  linePrefix === "" && /^\s/.test(rest.text) && rest.hasWords;

function wholeLines(text: string, following: string): string {
  if (following.startsWith("\n")) return `${text}\n`;
  return text.slice(0, text.lastIndexOf("\n") + 1);
}

/** A text that is cut within a line, without an operator that has lost its operand. */
function withoutDangling(text: string, { start, rest }: Place): string {
  const isCode = start === undefined || start.kind === "bracket";
  return isCode && !rest.hasWords ? text.replace(DANGLING, "") : text.trimEnd();
}

/** A text without trailing blanks, unless they separate it from the suffix. */
function withoutEndBlanks(text: string, place: Place, inString: boolean): string {
  const { rest, linePrefix } = place;
  const following = rest.text.slice(overlap(text, place));
  if (!/^\S/.test(following)) return text.trimEnd();
  if (isBlankBefore(linePrefix + text, following)) return text;
  const endsLine = /\n[ \t]*$/.test(text);
  if (endsLine && linePrefix.trim() === "" && rest.hasWords)
    return text.endsWith("\n") ? text + linePrefix : text;
  const opensBelow = text.startsWith("\n");
  // Blanks before the line feed may be on the screen already.
  if (endsLine && !opensBelow && !inString) return text.replace(/\n\s*$/, "");
  return rest.hasWords || inString || (endsLine && opensBelow) ? text : text.trimEnd();
}
