/** How a language writes strings and comments, for the scanner of brackets. */

/** A kind of string literal. */
export interface StringRule {
  readonly open: string;
  readonly close: string;
  /** Whether it may span lines; others end with their line. */
  readonly long: boolean;
  /** How `close` is written within the string. */
  readonly escape: "backslash" | "backtick" | "doubled" | "none";
  /** What must come right before `open`; absent: anything. */
  readonly after?: RegExp;
  /** The start and end of expressions within the string. */
  readonly interpolation?: readonly (readonly [open: string, close: string])[];
  /** Whether `close` ends it only where it is the first word of a line. */
  readonly endsByLine?: boolean;
  /** Whether it begins only within brackets, as in the expressions of markup. */
  readonly inBrackets?: boolean;
  /** Whether it contains `open` and `close` in pairs. */
  readonly nested?: boolean;
  /** Whether a doubled opening stands for the opening itself. */
  readonly doubledOpening?: boolean;
  /** What begins like `close` or an expression but is part of the string; sticky. */
  readonly contains?: RegExp;
}

export interface Lexicon {
  /** The first match counts. */
  readonly strings: readonly StringRule[];
  readonly lineComments: readonly string[];
  readonly blockComment?: readonly [open: string, close: string];
  /** Whether block comments are nested. */
  readonly nestedComments?: boolean;
  /** Whether a line comment begins only after a blank or at the start of a line. */
  readonly spacedComments?: boolean;
  /** Whether brackets come in pairs; they do not in prose. */
  readonly brackets: boolean;
  /** Whether a single quote may begin a lifetime or a type's variable, which has no closing quote, beside a character. */
  readonly lifetimes?: boolean;
  /** Whether a slash begins a regular expression in places where no operator is possible. */
  readonly regularExpressions?: boolean;
  /** The character that escapes the one after it, outside of strings. */
  readonly escapedBy?: "\\" | "`";
  /** The mark of a here-document, which begins in the next line and ends with the line that is its second group; sticky. */
  readonly hereDocument?: RegExp;
  /** The line before a plain text, which ends before the first line that is no deeper than its first group is long. */
  readonly blockScalar?: RegExp;
  /** Whether the lines within a list are deeper than its opener, as in Lisp, whose closers stand at the ends of lines. */
  readonly alignedLists?: boolean;
  /** Closers that may also appear without an opener, as in a shell's `case`. */
  readonly looseClosers?: string;
}

export const quoted = (quote: string, more: Partial<StringRule> = {}): StringRule => ({
  open: quote,
  close: quote,
  long: false,
  escape: "backslash",
  ...more,
});

/** A string of any lines in which nothing is escaped. */
export const raw = (open: string, close: string): StringRule =>
  quoted(open, { close, long: true, escape: "none" });

/** Strings between brackets, which they may contain in pairs, or between equal marks, after what `after` matches. */
export const delimited = (after: RegExp, more: Partial<StringRule> = {}): StringRule[] => [
  ...(["()", "[]", "{}", "<>"] as const).map(pair =>
    quoted(pair.charAt(0), { close: pair.charAt(1), long: true, nested: true, after, ...more }),
  ),
  ...["|", "!", "/"].map(mark => quoted(mark, { long: true, after, ...more })),
];
