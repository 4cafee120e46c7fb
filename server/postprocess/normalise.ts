/**
 * The raw text with the document's indentation, from the cursor on, up to a closing fence or to bytes that are not
 * text. The result for a raw text is a prefix of that for a longer one: leading white space of a line is held back
 * until its first character is known.
 */
import { isFence, mayBecomeFence, unfenced } from "./fence.ts";
import { indentation, type Mapping, mapped, mappingOf, styled, unitOf } from "./indentation.ts";
import type { Place } from "./place.ts";
import { closedList, isList, Scanner, type State } from "./scanner.ts";

interface Normalised {
  readonly text: string;
  /** Why nothing can follow. */
  readonly stopped?: "invalid" | "fence" | "blockEnd";
}

/** The decoder's character for bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";
/** Lines that stand no deeper than the block they are in. */
const LABEL = /^(case|default|public|private|protected)\b|^[)\]}]/;

/** `raw` without half a character at its end. */
export const wholeCharacters = (raw: string) => (/[\ud800-\udbff]$/.test(raw) ? raw.slice(0, -1) : raw);

/** Least number of columns by which a block is deeper than its header. */
const LEAST_UNIT = 2;
const isCode = (state: State) => state === undefined || state.kind === "bracket";

export function normalise(raw: string, place: Place, ended: boolean): Normalised {
  const characters = wholeCharacters(raw).replaceAll("\r", "");
  const invalid = characters.indexOf(REPLACEMENT);
  const valid = invalid < 0 ? characters : characters.slice(0, invalid);
  const isWhole = ended || invalid >= 0;
  const code =
    place.isProse || !isCode(place.start) ? { text: valid, isOver: false } : unfenced(valid, place, isWhole);
  const normalised = new LineReader(place).read(code.text, isWhole || code.isOver);
  if (normalised.stopped) return normalised;
  if (code.isOver) return { ...normalised, stopped: "fence" };
  return invalid < 0 ? normalised : { ...normalised, stopped: "invalid" };
}

/** Gives lines the document's indentation, one after the other. */
class LineReader {
  private readonly scanner: Scanner;
  private mapping: Mapping | undefined;
  /** Whether it is known how the text's lines are indented. */
  private isMapped = false;
  /** Columns of the line in which the text begins. */
  private base: number;
  private out = "";

  constructor(private readonly place: Place) {
    this.scanner = new Scanner(place.rules.lexicon, place.start, place.tail);
    this.base = indentation(place.linePrefix);
  }

  read(text: string, ended: boolean): Normalised {
    const { place } = this;
    const code = isCode(place.start);
    const content = code ? text.search(/\S/) : 0;
    if (content < 0) return { text: "" };
    const leading = text.slice(0, content);
    const emptyLines = leading.split("\n").length - 1;
    const lines = text.slice(leading.lastIndexOf("\n", content - 1) + 1).split("\n");
    const isBlankLine = place.linePrefix.trim() === "";
    if (code && isBlankLine && place.linePrefix !== "" && emptyLines > 0 && this.leavesBlock(lines[0] ?? ""))
      return { text: "", stopped: "blockEnd" };
    this.add(code ? this.lineFeeds(emptyLines, isBlankLine) : "");
    const begins = emptyLines === 0 || isBlankLine;
    for (const [index, line] of lines.entries()) {
      const whole = ended || index < lines.length - 1;
      if (isCode(this.scanner.state) && !place.isProse && (index > 0 || code)) {
        const before = index > 0 ? `${this.out}\n` : "";
        if (isFence(line)) return { text: before, stopped: "fence" };
        if (!whole && mayBecomeFence(line)) return { text: before };
      }
      const isLast = index === lines.length - 1;
      const given = this.line(line, index === 0 && begins, whole, isLast);
      if (given === undefined) break;
      this.add(index === 0 ? given : `\n${given}`);
    }
    return { text: this.out };
  }

  private add(text: string): void {
    this.scanner.scan(text);
    this.out += text;
  }

  /** Whether a line that follows empty lines stands before the block of the cursor. */
  private leavesBlock(line: string): boolean {
    return this.place.rules.indented && indentation(line) < this.base;
  }

  /** The line feeds the text begins with: one empty line at most. */
  private lineFeeds(count: number, isBlankLine: boolean): string {
    const { linePrefix, above, lineSuffix } = this.place;
    if (!isBlankLine) return "\n".repeat(Math.min(count, lineSuffix.trim() === "" ? 2 : 1));
    const isBelowText = linePrefix === "" && (above.at(-1) ?? "") !== "";
    return count > 0 && isBelowText ? "\n" : "";
  }

  /** A line with the document's indentation; undefined while its first character is not known. */
  private line(line: string, isFirst: boolean, whole: boolean, isLast: boolean): string | undefined {
    if (!isCode(this.scanner.state)) return line;
    const content = line.trimStart();
    if (content === "" && !whole) return isFirst ? undefined : "";
    const leading = line.slice(0, line.length - content.length);
    const lead = isFirst
      ? this.firstIndentation(leading, content, whole)
      : this.indentation(leading, content);
    if (lead === undefined) return undefined;
    const keepsBlanks = !whole || (isLast && this.isBlankKept(content));
    return lead + (keepsBlanks ? content : this.withoutBlanks(content));
  }

  /** Whether the last line ends with a blank that stands before a closer in the document. */
  private isBlankKept(content: string): boolean {
    const before = this.out === "" ? this.place.linePrefix : "";
    return isBlankBefore(before + content, this.place.lineSuffix);
  }

  /** A line without blanks at its end, unless a string goes on there. */
  private withoutBlanks(content: string): string {
    const { state } = this.scanner;
    const end = new Scanner(this.place.rules.lexicon, state);
    end.scan(content);
    return end.state?.kind === "string" ? content : content.trimEnd();
  }

  private indentation(leading: string, content: string): string {
    if (content === "") return "";
    const { place, scanner } = this;
    if (this.isAligned(leading)) return leading;
    if (!this.isMapped) {
      this.isMapped = true;
      if (this.opensBlock && !LABEL.test(content) && !this.hasWideTabs(leading))
        this.mapping = mappingOf(this.headerColumns, indentation(leading), place.indentation);
    }
    // A closer is as deep as the line of its opener, whatever the unit of the text is.
    const isCloser = this.mapping && scanner.state !== place.start && content[0] === scanner.state?.close;
    if (isCloser) return styled(scanner.state?.indentation ?? 0, place.indentation);
    return mapped(leading, this.mapping, place.indentation);
  }

  /** Whether spaces after tabs align a line with the one it continues. */
  private isAligned(leading: string): boolean {
    const { state } = this.scanner;
    return /^\t+ +$/.test(leading) && (this.out.endsWith("\\") || (state !== undefined && isList(state)));
  }

  /** Whether a tab is deeper than the spaces of the block's header: where it is in place of eight, the text is in the document's style. */
  private hasWideTabs(leading: string): boolean {
    const header = /^[ \t]*/.exec(this.place.linePrefix + this.out)?.[0] ?? "";
    return this.place.indentation.kind === "mixed" && header.endsWith(" ") && leading.startsWith("\t");
  }

  /** Whether the line in which the text begins opens a block. */
  private get opensBlock(): boolean {
    const { linePrefix, rules } = this.place;
    const line = (linePrefix + this.out).trim().split("\n", 1)[0] ?? "";
    return /\{$/.test(line) || (rules.header !== "" && endsWith(line, rules.header));
  }

  /** Columns of the line that the block's header begins in: the text may have closed lists that were begun above. */
  private get headerColumns(): number {
    return closedList(this.place.start, this.scanner.state)?.indentation ?? this.base;
  }

  private firstIndentation(leading: string, content: string, whole: boolean): string | undefined {
    const { linePrefix, indentation: style, rules } = this.place;
    // A single blank repeats the one before the cursor; several align the text.
    const repeatsBlank = leading.length < 2 && /\s$/.test(linePrefix);
    if (linePrefix.trim() !== "") return repeatsBlank ? "" : leading;
    const columns = this.columnsNeeded(indentation(leading), content, whole);
    if (columns === undefined) return undefined;
    if (columns <= this.base) return "";
    const wanted =
      rules.indentation === "tabs" || style.kind !== "mixed" ? styled(columns, style) : " ".repeat(columns);
    if (linePrefix === "") this.base = columns;
    return wanted.startsWith(linePrefix) ? wanted.slice(linePrefix.length) : " ".repeat(columns - this.base);
  }

  /** Columns at which the first line must begin on a blank line. No more than the cursor's columns: at the cursor. */
  private columnsNeeded(columns: number, content: string, whole: boolean): number | undefined {
    const { linePrefix, above, start, indentation: style, rules } = this.place;
    const line = above.findLast(each => each.trim() !== "") ?? "";
    const outer = indentation(line);
    const isMakefile = rules.indentation === "tabs" && rules.indented;
    if (isMakefile) return this.recipeColumns(line, columns, content, whole);
    if (start === undefined && rules.header !== "" && this.base <= outer && endsWith(line, rules.header))
      return columns >= outer + LEAST_UNIT ? columns : outer + unitOf(style);
    if (linePrefix !== "") return this.base;
    if (columns === 1) return 0;
    return rules.indented && rules.header !== "" && start === undefined ? Math.min(columns, outer) : columns;
  }

  /** A recipe begins with a tab, a target or a variable does not. */
  private recipeColumns(line: string, columns: number, content: string, whole: boolean): number | undefined {
    if (this.base > 0) return this.base;
    const isBelowRule = /^[^\s#=]+[^=]*:(?!=)/.test(line) || line.startsWith("\t");
    if (!isBelowRule || columns > 0) return isBelowRule ? unitOf(this.place.indentation) : columns;
    const word = /^\S+(?=\s)/.exec(content)?.[0] ?? (whole ? content : undefined);
    if (word === undefined) return undefined;
    return line.startsWith("\t") || /[:=]$/.test(word) ? 0 : unitOf(this.place.indentation);
  }
}

const OPENER: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/**
 * Whether a text ends with the blank that stands before a closer in its line, and the closer follows: a brace, or what ends a
 * bracket with a blank after it.
 */
export function isBlankBefore(text: string, following: string): boolean {
  const closer = following.charAt(0);
  if (!OPENER[closer] || !/\S $/.test(text)) return false;
  return closer === "}" || opensWithBlank(text.slice(text.lastIndexOf("\n") + 1), closer);
}

/** Whether the bracket that `closer` ends is opened in `line`, with a blank after it. */
function opensWithBlank(line: string, closer: string): boolean {
  let depth = 0;
  for (let i = line.length - 1; i >= 0; i--) {
    if (line[i] === closer) depth++;
    else if (line[i] === OPENER[closer] && depth-- === 0) return line[i + 1] === " ";
  }
  return false;
}

/** Whether a line of code ends with `mark`, a comment aside. */
const endsWith = (line: string, mark: string) =>
  line
    .replace(/\s+#.*$/, "")
    .trimEnd()
    .endsWith(mark);
