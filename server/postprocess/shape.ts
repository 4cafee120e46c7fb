/**
 * What of the model's raw text is shown, and where it ends. A pure function of the raw text so far, so
 * that streaming needs no state of its own. The result only ever grows as raw text is added: nothing is
 * released that a later character could take back. So blanks wait for what follows them, and a line that
 * may still turn out to repeat the line below the cursor waits until it differs. A parser is asked at the
 * ends of lines only, about text that is whole by then.
 */
import { closerOf } from "./brackets.ts";
import { indentation, reindented } from "./indentation.ts";
import { alike, mayBecomeAlike } from "./likeness.ts";
import type { Place } from "./place.ts";
import { mayRepeatLines, periodEnd, repeatsLines } from "./repetition.ts";

/** Why the text ends before the model ends it. */
export type StopReason = "lineEnd" | "statementEnd" | "blockEnd" | "bracket" | "suffix" | "repetition";

export interface Shaped {
  readonly text: string;
  /** Set once no further raw text can change the result. */
  readonly stopped?: StopReason;
}

/** Blank lines in a row that end a block, as between top-level definitions. */
const BLANK_LINES = 2;

/** What the brackets of the raw text say. */
interface Outline {
  /** Index of the closer that ends the text, or -1. */
  readonly cut: number;
  /** Indices of closers of brackets that were open at the cursor. */
  readonly closers: readonly number[];
  /** By line: whether it begins within a string that spans lines, and how many brackets of the raw text are open there. */
  readonly lines: readonly { readonly quoted: boolean; readonly depth: number }[];
}

/** The closers at the start of the rest of the line, which an item's range covers. */
const closersOf = (lineSuffix: string) => /^[\s)\]}"'`]*/.exec(lineSuffix)?.[0].replace(/[^)\]}]/g, "") ?? "";

/**
 * Reads the brackets. A closer that closes nothing said must close a bracket that is open at the cursor
 * and that the document does not close itself, or one that stands right behind the cursor.
 */
function outline(raw: string, { brackets, lineSuffix }: Place): Outline {
  const lines = [{ quoted: false, depth: 0 }];
  const closers: number[] = [];
  if (!brackets) return { cut: -1, closers, lines };
  const reader = brackets.reader.copy();
  reader.open.length = 0;
  const behind = closersOf(lineSuffix);
  let cut = -1;
  let from = 0;
  for (const line of raw.split(/(?<=\n)/)) {
    reader.read(line, false, (index, char) => {
      const enclosing = brackets.enclosing[brackets.enclosing.length - 1 - closers.length];
      const fits = enclosing !== undefined && char === closerOf(enclosing.char);
      const covered =
        from === 0 &&
        (behind[closers.length] === char || restBegun(line.slice(0, index + 1), lineSuffix) > 0);
      if (covered || (fits && !enclosing.closed)) closers.push(from + index);
      else cut = from + index;
      return cut >= 0;
    });
    if (cut >= 0) break;
    from += line.length;
    if (line.endsWith("\n")) lines.push({ quoted: reader.inLongString, depth: reader.open.length });
  }
  return { cut, closers, lines };
}

/** `raw` without half a character at its end. */
const wholeCharacters = (raw: string) => (/[\ud800-\udbff]$/.test(raw) ? raw.slice(0, -1) : raw);

/**
 * A text without the indentation it begins with, where the cursor has that already: a statement cannot begin
 * deeper than its place. Until all of it is said there is nothing but blanks.
 */
function withoutIndentation(said: string, { linePrefix, brackets }: Place): string {
  const { reader, enclosing } = brackets ?? {};
  const inCode = reader?.quote === "" && reader.comment === "" && (enclosing?.at(-1)?.char ?? "{") === "{";
  const repeats = inCode && linePrefix !== "" && linePrefix.trim() === "" && said.startsWith(linePrefix);
  return repeats ? said.slice(linePrefix.length) : said;
}

/**
 * @param raw everything the model has said so far @param ended whether it will say no more
 */
export function shape(raw: string, place: Place, ended: boolean): Shaped {
  const said = withoutIndentation(wholeCharacters(raw).replaceAll("\r", ""), place);
  const { cut, closers, lines } = outline(said, place);
  const period = periodEnd(said);
  const [limit, reason] =
    cut >= 0 && (period < 0 || cut < period) ? [cut, "bracket" as const] : [period, "repetition" as const];
  const text = limit < 0 ? said : wholeCharacters(said.slice(0, limit));
  const shaped = shapeLines(text, place, { closers, lines, cut }, ended || limit >= 0);
  return limit < 0 || shaped.stopped ? shaped : { ...shaped, stopped: reason };
}

function shapeLines(said: string, place: Place, outlined: Outline, ended: boolean): Shaped {
  const lines = said.split("\n");
  const oneLine = place.lineSuffix.trim() !== "";
  let text = "";
  let blankLines = 0;
  let from = 0;
  const seen: string[] = [];
  for (const [index, added] of lines.entries()) {
    const whole = ended || index < lines.length - 1;
    const line = (index === 0 ? place.linePrefix + added : added).trimEnd();
    const quoted = outlined.lines[index]?.quoted ?? false;
    if (index > 0) {
      if (oneLine) return { text, stopped: "lineEnd" };
      const begun = text !== "" || place.linePrefix.trim() !== "";
      const belonging = begun ? belongs({ line, whole, index, from }, said, place, outlined) : "yes";
      if (belonging === "no") return { text, stopped: endOf(place) };
      if (line === "") {
        if (whole && !quoted && ++blankLines >= BLANK_LINES && text !== "")
          return { text, stopped: "blockEnd" };
        if (quoted && whole) blankLines++;
        from += added.length + 1;
        continue;
      }
      if (belonging === "undecided") return { text };
    }
    const stop = line.trim() === "" ? undefined : repeated(line, whole, seen, place);
    if (stop === "undecided") return { text };
    if (stop) return { text, stopped: stop };
    if (line.trim() !== "") seen.push(line);
    const shown = index === 0 ? withoutRest(added, whole, place) : styled(added, quoted, place);
    text += "\n".repeat(index > 0 ? blankLines + 1 : 0) + shown.trimEnd();
    blankLines = 0;
    from += added.length + 1;
  }
  return { text };
}

const endOf = (place: Place): StopReason =>
  place.syntax()?.wanted === "statement" ? "statementEnd" : "blockEnd";

const styled = (added: string, quoted: boolean, { indentation: style }: Place) =>
  quoted ? added : reindented(added, style);

/** Length of the longest end of `line` that the rest of the cursor's line begins with; 0 where that has no words. */
function restBegun(line: string, lineSuffix: string): number {
  const rest = lineSuffix.trim();
  if (!/\w/.test(rest)) return 0;
  let length = Math.min(rest.length, line.length);
  while (length > 0 && !rest.startsWith(line.slice(line.length - length))) length--;
  return length;
}

/**
 * The first line without what repeats the rest of the cursor's line. While the line's end may still be the
 * beginning of that rest, it waits. Brackets and quotes are left to the item's range.
 */
function withoutRest(added: string, whole: boolean, { lineSuffix }: Place): string {
  const line = added.trimEnd();
  const begun = restBegun(line, lineSuffix);
  const repeats = begun > 0 && (!whole || begun === lineSuffix.trim().length);
  return repeats ? line.slice(0, line.length - begun) : added;
}

/** Whether a line says what has been said before or is said below. */
function repeated(
  line: string,
  whole: boolean,
  seen: readonly string[],
  { nextLine }: Place,
): StopReason | "undecided" | undefined {
  // Brackets decide about lines of nothing but closers, and depth tells one `return None` from another.
  const comparable = !/^[\s)\]},;]*$/.test(line) && indentation(line) === indentation(nextLine);
  if (whole && comparable && alike(line, nextLine)) return "suffix";
  if (whole && repeatsLines(seen, line)) return "repetition";
  if (whole) return undefined;
  const undecided = (comparable && mayBecomeAlike(line, nextLine)) || mayRepeatLines(seen, line);
  return undecided ? "undecided" : undefined;
}

interface Line {
  readonly line: string;
  readonly whole: boolean;
  readonly index: number;
  /** Where it begins in the raw text. */
  readonly from: number;
}

/** Whether a line goes on with the block or statement that is being completed. */
function belongs(at: Line, said: string, place: Place, outlined: Outline): "yes" | "no" | "undecided" {
  const { line, index, from } = at;
  const state = outlined.lines[index];
  if (state?.quoted) return "yes";
  const syntax = place.brackets && place.syntax();
  const closed = outlined.closers.filter(closer => closer < from).length;
  const progress =
    syntax?.wanted === "statement" && (state?.depth ?? 0) === 0
      ? syntax.after(said.slice(0, from - 1), closed)
      : "open";
  if (progress === "complete") return "no";
  if (line === "") return "yes";
  if (closesBlock(said, place, outlined, at)) return "yes";
  if (blockClosed(said, place, outlined, from)) return "no";
  if (progress === "mayContinue") return continues(at, place);
  if (progress === "leading" && indentation(line) >= indentation(place.linePrefix)) return "yes";
  return leavesBlock(line, place) ? "no" : "yes";
}

/** Whether a line begins with a closer of a bracket that the document has left open. */
function closesBlock(
  said: string,
  { brackets }: Place,
  { closers }: Outline,
  { from, index }: Line,
): boolean {
  const start = from + (/^\s*/.exec(said.slice(from))?.[0].length ?? 0);
  return brackets !== undefined && index > 0 && closers.includes(start);
}

/** Whether the block around the cursor was closed before `from`. */
function blockClosed(said: string, { brackets }: Place, { closers }: Outline, from: number): boolean {
  return (
    brackets !== undefined && !brackets.rules.indented && closers.some(at => at < from && said[at] === "}")
  );
}

/** Whether a line is a clause of the whole statement above it, deeper than it, or goes on with its expression. */
function continues({ line, whole }: Line, place: Place): "yes" | "no" | "undecided" {
  const rules = place.brackets?.rules;
  const base = indentation(place.linePrefix);
  if (rules?.indented && indentation(line) > base) return "yes";
  if (indentation(line) < base) return "no";
  const text = line.trim();
  if (rules?.chained && /^(\?\.|[.?:&|+*/<>=,-])/.test(text)) return "yes";
  const word = /^\}?\s*(\w*)/.exec(text)?.[1] ?? "";
  const clauses = rules?.clauses ?? [];
  if (clauses.includes(word) && (whole || text.length > word.length)) return "yes";
  const partial = !whole && text === word && clauses.some(clause => clause.startsWith(word));
  return partial ? "undecided" : "no";
}

/**
 * Whether a line lies outside of the block that is being completed. Within a statement, only deeper lines
 * (and closing brackets) go on with it; on a blank line, lines as deep as the cursor do too.
 */
function leavesBlock(line: string, { linePrefix }: Place): boolean {
  const base = indentation(linePrefix);
  if (linePrefix.trim() === "") return indentation(line) < base;
  const closes = /^\s*[)\]}]/.test(line);
  return closes ? indentation(line) < base : indentation(line) <= base;
}
