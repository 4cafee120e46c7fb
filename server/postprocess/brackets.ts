/**
 * Brackets, strings and comments, read from left to right. What is said of a place depends on the text
 * before it alone, so it holds while the text still grows; a parser cannot promise that.
 */

import type { LanguageRules } from "../syntax/index.ts";
import { indentation } from "./indentation.ts";

const OPENER: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

const isCloser = (char: string) => char in OPENER;
/** The bracket that closes `opener`. */
export const closerOf = (opener: string) => ({ "(": ")", "[": "]", "{": "}" })[opener] ?? "";

export interface OpenBracket {
  readonly char: string;
  /** Columns of white space at the start of its line. */
  readonly indentation: number;
  /** Whether it is a brace at the end of its line, as those of blocks are. */
  readonly block: boolean;
}

/** Where a reader is: within which string or comment, and behind which open brackets. */
export class BracketReader {
  /** The outermost first. */
  readonly open: OpenBracket[] = [];
  /** The quote that ends the string one is in; empty outside. */
  quote = "";
  comment: "" | "line" | "block" = "";
  private lineIndentation = 0;

  constructor(private readonly rules: LanguageRules) {}

  copy(): BracketReader {
    const copy = new BracketReader(this.rules);
    copy.open.push(...this.open);
    copy.quote = this.quote;
    copy.comment = this.comment;
    copy.lineIndentation = this.lineIndentation;
    return copy;
  }

  /** Whether the string one is in goes on behind the end of a line. */
  get inLongString(): boolean {
    return this.quote !== "" && this.rules.longQuotes.includes(this.quote);
  }

  /**
   * Reads `text`; `begin` is true where it begins a line. `unopened` is told of each closer that closes
   * nothing opened in a text this reader has read, with its index; true ends the reading there.
   */
  read(text: string, begin: boolean, unopened: (index: number, char: string) => boolean = () => false): void {
    if (begin) this.startLine(text, 0);
    for (let i = 0; i < text.length; i++) {
      const char = text.charAt(i);
      if (char === "\n") this.startLine(text, i + 1);
      else if (this.comment === "block") i += this.endOf(this.rules.blockComment?.[1] ?? "", text, i);
      else if (this.quote !== "") i += this.readQuoted(char, text, i);
      else if (this.comment === "") {
        const skipped = this.readCode(char, text, i, unopened);
        if (skipped < 0) return;
        i += skipped;
      }
    }
  }

  private startLine(text: string, from: number): void {
    this.lineIndentation = indentation(text.slice(from, from + 200));
    if (this.comment === "line") this.comment = "";
    if (!this.inLongString) this.quote = "";
  }

  /** @returns characters to pass over beyond `char` */
  private readQuoted(char: string, text: string, i: number): number {
    if (char === "\\") return text[i + 1] === "\n" ? 0 : 1;
    if (!text.startsWith(this.quote, i)) return 0;
    const { length } = this.quote;
    this.quote = "";
    return length - 1;
  }

  private endOf(marker: string, text: string, i: number): number {
    if (!text.startsWith(marker, i)) return 0;
    this.comment = "";
    return marker.length - 1;
  }

  /** @returns characters to pass over beyond `char`; -1 ends the reading */
  private readCode(
    char: string,
    text: string,
    i: number,
    unopened: (index: number, char: string) => boolean,
  ): number {
    const { lineComment, blockComment, longQuotes, quotes, lifetimes, regularExpressions } = this.rules;
    if (text.startsWith(lineComment, i)) {
      this.comment = "line";
      return lineComment.length - 1;
    }
    if (blockComment && text.startsWith(blockComment[0], i)) {
      this.comment = "block";
      return blockComment[0].length - 1;
    }
    const quote = longQuotes.find(each => text.startsWith(each, i)) ?? (quotes.includes(char) ? char : "");
    if (quote !== "") {
      this.quote = quote;
      return quote.length - 1;
    }
    if (regularExpressions && char === "/" && operandExpected(text.slice(Math.max(0, i - 100), i))) {
      this.quote = "/";
      return 0;
    }
    if (lifetimes && char === "'") return characterLiteral(text, i);
    if ("([{".includes(char))
      this.open.push({
        char,
        indentation: this.lineIndentation,
        block: char === "{" && endsLine(text, i + 1),
      });
    else if (isCloser(char) && !this.close(char) && unopened(i, char)) return -1;
    return 0;
  }

  /** Takes the bracket that `closer` closes, and those left open within it. */
  private close(closer: string): boolean {
    const opener = OPENER[closer];
    const index = this.open.findLastIndex(({ char }) => char === opener);
    if (index < 0) return false;
    this.open.length = index;
    return true;
  }
}

/** Whether nothing but blanks stands between `from` and the end of the line. */
function endsLine(text: string, from: number): boolean {
  let i = from;
  while (text[i] === " " || text[i] === "\t") i++;
  return i === text.length || text[i] === "\n";
}

/** Whether an expression begins behind `code`, so that a slash divides nothing. */
const operandExpected = (code: string) => /(^|[(,=:[!&|?{};+\n]|\breturn)[ \t]*$/.test(code);

/** Length of a character literal behind its first quote; 0 for a lifetime. A bracket is never a lifetime's name. */
function characterLiteral(text: string, i: number): number {
  if (text[i + 1] === "\\") return text[i + 3] === "'" ? 3 : 1;
  return text[i + 2] === "'" || /[()[\]{}]/.test(text.charAt(i + 1)) ? 2 : 0;
}

/** A bracket that is open at the cursor. */
export interface Enclosing extends OpenBracket {
  /** Whether the document closes it behind the cursor. */
  readonly closed: boolean;
}

/**
 * The brackets open at the cursor, the outermost first, and which of them `after` closes. A closer that
 * begins a line closes only what was opened in a line no deeper: what is deeper has been left open.
 * @param partial whether `after` is only the beginning of what follows: a block may then end beyond it
 */
export function enclosing(reader: BracketReader, after: string, partial: boolean): Enclosing[] {
  const nextIndentation = indentation(/\n([ \t]*)\S/.exec(after)?.[1] ?? "");
  const brackets = reader.open.map(bracket => ({
    ...bracket,
    closed: partial && bracket.block && nextIndentation > bracket.indentation,
  }));
  const behind = reader.copy();
  behind.open.length = 0;
  let left = brackets.length;
  behind.read(after, false, (index, closer) => {
    const lineStart = after.lastIndexOf("\n", index) + 1;
    const begins = lineStart > 0 && after.slice(lineStart, index).trim() === "";
    const depth = begins ? indentation(after.slice(lineStart, index)) : Infinity;
    while (left > 0) {
      const bracket = brackets[--left];
      if (!bracket) break;
      bracket.closed = bracket.char === OPENER[closer] && bracket.indentation <= depth;
      if (bracket.closed) break;
    }
    return left === 0;
  });
  return brackets;
}
