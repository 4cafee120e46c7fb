/** Whether a line of a completion continues the block or statement that is being completed. */
import type { LanguageRules } from "../syntax/index.ts";
import { indentation } from "./indentation.ts";
import type { Place } from "./place.ts";
import type { Reading } from "./reading.ts";
import { closedList, isList, isOpenIn, type State } from "./scanner.ts";

/** A line of the text that is not its first. */
export interface Line {
  /** Without blanks at its end. */
  readonly line: string;
  readonly whole: boolean;
  /** Where it begins in the text. */
  readonly from: number;
}

/** Starts of lines that begin a new part of a document rather than continue a block. */
const DEFINITION = /^\s*(@|(async )?(def|class|func)\b)/;

/** `complete`: the statement is; `outside`: the line lies outside of the block. */
export type Belonging = "yes" | "undecided" | "complete" | "outside";

/** Lines that stand no deeper than the statement whose block they are in. */
const LABELS = ["case", "default", "public:", "private:", "protected:"];
const LABEL = new RegExp(`^\\s*(${LABELS.map(each => each.replace(/\w$/, "$&\\b")).join("|")})`);

/** What is open at the start of a line. */
const stateAt = ({ states }: Reading, index: number): State => {
  const state = states[index];
  return state === "within" ? undefined : state;
};

/** Whether a line begins within brackets or a string that the text itself has opened. */
export function isInside(reading: Reading, from: number, { start }: Place): boolean {
  const state = stateAt(reading, from);
  return state !== undefined && !isOpenIn(state, start);
}

/** Whether a line belongs to a list that the cursor's line has opened and that neither the document nor the text has closed. */
function isInOpenList({ line, from }: Line, { linePrefix, start, closed }: Place, reading: Reading): boolean {
  const list = stateAt(reading, from);
  if (!list || !isList(list) || !isOpenIn(list, start) || closed.has(list)) return false;
  if (linePrefix.trim() === "" || indentation(linePrefix) !== list.indentation) return false;
  return line === "" || indentation(line) > list.indentation || line.trimStart().startsWith(list.close);
}

/** How much of what is open at the cursor has been closed before `index`. */
const closedBefore = ({ endings }: Reading, index: number) =>
  endings.filter(({ end }) => end <= index).length;

export function belongs(at: Line, text: string, place: Place, reading: Reading): Belonging {
  const { line, from } = at;
  if (isInside(reading, from, place) || isInOpenList(at, place, reading)) return "yes";
  const closed = closedBefore(reading, from);
  const syntax = place.syntax();
  const progress = syntax?.wanted === "statement" ? syntax.after(text.slice(0, from - 1), closed) : "open";
  if (progress === "complete") return "complete";
  if (line === "") return "yes";
  const content = from + (/^\s*/.exec(line)?.[0].length ?? 0);
  if (reading.endings.some(({ index }) => index === content)) return "yes";
  if (isBlockClosed(reading, from, place)) {
    const follows = line.trimStart().startsWith("{") ? "yes" : clause(at, place.rules);
    return follows === "no" ? "outside" : follows;
  }
  const statement = statementAt(from, place, reading);
  if (progress === "mayContinue") {
    const continuing = continues(at, statement, place);
    return continuing === "no" ? "complete" : continuing;
  }
  if (progress === "leading" && indentation(line) >= statement.columns) return "yes";
  if (!leavesBlock(at, statement, place)) return "yes";
  if (mayBecomeLabel(at, place)) return "undecided";
  const element = endOfElement(at, place);
  if (element !== "no") return element;
  return headed(place) ? clauseOfHeader(at, place) : "outside";
}

/** The line that the statement of the cursor begins in. */
interface StatementLine {
  readonly columns: number;
  /** Whether it is more than the blanks before the cursor. */
  readonly hasBegun: boolean;
}

/** If the text has closed a list that was open at the cursor, the statement begins in the line where the list was opened. */
function statementAt(index: number, { linePrefix, start }: Place, reading: Reading): StatementLine {
  const list = closedList(start, stateAt(reading, index));
  return list
    ? { columns: list.indentation, hasBegun: true }
    : { columns: indentation(linePrefix), hasBegun: linePrefix.trim() !== "" };
}

/** Whether the block around the cursor was closed before `index`. */
function isBlockClosed(reading: Reading, index: number, { rules }: Place): boolean {
  return !rules.indented && reading.endings.some(({ frame, end }) => frame.close === "}" && end <= index);
}

/** Whether a line is a clause of the complete statement above it, is deeper than it, or continues its expression. */
function continues(at: Line, { columns: base }: StatementLine, { rules }: Place): "yes" | "no" | "undecided" {
  const { line } = at;
  if (rules.indented && indentation(line) > base) return "yes";
  if (indentation(line) < base) return "no";
  if (rules.chained && /^\s*(\?\.|[.?:&|+*/<>=,-])/.test(line)) return "yes";
  return clause(at, rules);
}

/** Whether a line begins with a word that continues or ends a statement. */
const clause = (at: Line, { clauses, ends = [] }: LanguageRules) => beginsWith(at, [...clauses, ...ends]);

function beginsWith({ line, whole }: Line, words: readonly string[]): "yes" | "no" | "undecided" {
  const text = line.trim();
  const word = /^\}?\s*(\w*)/.exec(text)?.[1] ?? "";
  if (words.includes(word) && (whole || text.length > word.length)) return "yes";
  const partial = !whole && text === word && words.some(each => each.startsWith(word));
  return partial ? "undecided" : "no";
}

/**
 * Whether the cursor stands in the block of a header that may have clauses, or right after the header itself. Where words
 * end blocks, any line may be one.
 */
function headed({ rules, linePrefix }: Place): boolean {
  const isHeader = linePrefix.trim() === "" || /[:{]$/.test(linePrefix.trim());
  return rules.ends !== undefined || (rules.clauses.length > 0 && isHeader);
}

/** The line that the block of the cursor belongs to: the cursor's own, or on a blank line the one above that is less deep. */
function headerOf({ linePrefix, above }: Place): string | undefined {
  if (linePrefix.trim() !== "") return linePrefix;
  const base = indentation(linePrefix);
  return above.findLast(line => line !== "" && indentation(line) < base);
}

/**
 * What opens elements of markup, blocks of templates and environments of LaTeX at the end of a line, its name in a group, and
 * what goes on with them.
 */
const ELEMENTS: readonly (readonly [opening: RegExp, following: (name: string) => readonly string[]])[] = [
  [/<([A-Za-z][\w.:-]*)(?:\s(?:[^<>]|=>)*)?>$/, name => [`</${name}>`]],
  [/\{%-?\s*(\w+)\b[^%]*%\}$/, name => [`{% end${name} `, "{% else ", "{% elif ", "{% empty "]],
  [/\{#(\w+)\b[^{]*\}$/, name => [`{/${name}}`, "{:else", "{:then", "{:catch"]],
  [/\\begin\{(\w+\*?)\}(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*$/, name => [`\\end{${name}}`]],
  [/\{\{#(\w+)\b[^{]*\}\}$/, name => [`{{/${name}}}`, "{{else"]],
];

/** Whether a line ends the element or the block of a template that is being completed, or goes on with it. */
function endOfElement({ line, whole }: Line, place: Place): "yes" | "undecided" | "no" {
  const last = headerOf(place);
  if (last === undefined || indentation(last) !== indentation(line)) return "no";
  const header = last.trim() === ">" ? tagOf(last, place) : last;
  const text = marked(line);
  for (const [opening, following] of ELEMENTS) {
    const name = opening.exec(header.trim())?.[1];
    if (name === undefined) continue;
    const starts = following(name);
    const begins = (other: string) => starts.some(each => other.startsWith(each));
    const hasIt = indentation(place.nextLine) === indentation(line) && begins(marked(place.nextLine));
    if (hasIt) return "no";
    if (begins(text)) return "yes";
    if (!whole && starts.some(each => each.startsWith(text))) return "undecided";
  }
  return "no";
}

/** The tag that ends with `last`, a line of its own, from the name on; each of its attributes has a line of its own too. */
function tagOf(last: string, { above }: Place): string {
  const isBeginning = (line: string) => indentation(line) === indentation(last) && /^\s*<[A-Za-z]/.test(line);
  return `${above.findLast(isBeginning) ?? ""}>`;
}

/** A line without its indentation, and without a template's mark for blanks. */
const marked = (line: string) => line.trim().replace(/^\{%-\s*/, "{% ");

/** Whether a line is a clause or the end of the statement whose block is being completed, and which has none yet. */
function clauseOfHeader(at: Line, place: Place): Belonging {
  const { nextLine, rules } = place;
  const columns = indentation(at.line);
  const header = headerOf(place);
  if (header === undefined || indentation(header) > columns) return "outside";
  // Where words end blocks, they may stand below one within the header, as in `x = if a`.
  if (indentation(header) < columns && rules.ends === undefined) return "outside";
  if (rules.indented && /^\s*(def|class)\b/.test(header)) return "outside";
  const below = { line: nextLine, whole: true, from: 0 };
  const continuesBelow = (words: readonly string[]) =>
    indentation(nextLine) === columns && beginsWith(below, words) === "yes";
  if (continuesBelow(rules.clauses)) return "outside";
  const is = continuesBelow(rules.ends ?? []) ? beginsWith(at, rules.clauses) : clause(at, rules);
  return is === "no" ? "outside" : is;
}

/** Whether the beginning of a line may become a label of the block around the cursor. */
const mayBecomeLabel = ({ line, whole }: Line, { rules, start }: Place): boolean =>
  !whole && !rules.indented && start?.close === "}" && LABELS.some(each => each.startsWith(line.trim()));

/**
 * Whether a line lies outside of the block that is being completed. Within a statement, only deeper lines
 * (and closing brackets) continue it; on a blank line, lines as deep as the cursor do too.
 */
function leavesBlock(
  { line }: Line,
  { columns: base, hasBegun }: StatementLine,
  { linePrefix, start, closed, rules }: Place,
): boolean {
  // The braces of a block that the document does not close show where it ends.
  const opensHere = start !== undefined && !closed.has(start) && linePrefix.trimEnd().endsWith("{");
  if (!rules.indented && start?.close === "}" && (opensHere || LABEL.test(line))) return false;
  if (!hasBegun) return indentation(line) < base;
  const closes = /^\s*[)\]}]/.test(line);
  return closes ? indentation(line) < base : indentation(line) <= base;
}

/** Whether a line may follow a complete statement, in its block or in an outer one that the document continues. */
export function mayFollow(line: string, { linePrefix, rules }: Place): boolean {
  const columns = indentation(line);
  if (columns >= indentation(linePrefix)) return true;
  return rules.indented && columns > 0 && !DEFINITION.test(line);
}

/** Whether the complete statement before `from` leaves its block, so that nothing can follow it. */
export function isJumpBefore(from: number, text: string, place: Place, reading: Reading): boolean {
  const generated = text.slice(0, from - 1);
  return place.syntax()?.endsWithJump(generated, closedBefore(reading, from)) ?? false;
}
