/** One version of one document, with a cursor in it. Immutable: a completion belongs to exactly one. */
export interface Snapshot {
  readonly uri: string;
  readonly languageId: string;
  readonly version: number;
  readonly text: string;
  /** The cursor, in UTF-16 units from the start of `text`. */
  readonly offset: number;
}

/** Blank lines below the cursor that are passed over in search of the next line with text. */
const BLANK_LINES_BELOW = 20;
/** Lines longer than this are looked at only this far from the cursor. */
const LINE_REACH = 1000;

/** The cursor's line on either side of the cursor, and the next line that is not blank. */
export function surroundings({ text, offset }: Snapshot) {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const newline = text.indexOf("\n", offset);
  const lineEnd = newline < 0 ? text.length : newline;
  const below = text.slice(lineEnd + 1, lineEnd + LINE_REACH).split("\n", BLANK_LINES_BELOW);
  return {
    linePrefix: text.slice(Math.max(lineStart, offset - LINE_REACH), offset),
    lineSuffix: text.slice(offset, Math.min(lineEnd, offset + LINE_REACH)).replace(/\r$/, ""),
    nextLine: below.find(line => line.trim() !== "")?.trimEnd() ?? "",
  };
}

/**
 * Whether a completion is wanted here at all: in the middle of a line only before closing brackets,
 * quotes and punctuation, never before a word.
 */
export function wantsCompletion({ lineSuffix }: { readonly lineSuffix: string }): boolean {
  // Trimmed first: the expression must not search for a border among many blanks.
  return /^[)>}\]"'`]*\s*[:{;,]?$/.test(lineSuffix.trim());
}
