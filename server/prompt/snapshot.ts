/** One version of one document, with a cursor in it. Immutable: a completion belongs to exactly one. */
export interface Snapshot {
  readonly uri: string;
  readonly languageId: string;
  readonly version: number;
  readonly text: string;
  /** The cursor, in UTF-16 units from the start of `text`. */
  readonly offset: number;
}

/** Lines longer than this are looked at only this far from the cursor. */
const LINE_REACH = 1000;

/** The cursor's line on either side of the cursor, and the next line that is not blank. */
export function surroundings({ text, offset }: Snapshot) {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const newline = text.indexOf("\n", offset);
  const lineEnd = newline < 0 ? text.length : newline;
  const below = /\S[^\r\n]{0,999}/.exec(text.slice(lineEnd, lineEnd + LINE_REACH));
  return {
    linePrefix: text.slice(Math.max(lineStart, offset - LINE_REACH), offset),
    lineSuffix: text.slice(offset, Math.min(lineEnd, offset + LINE_REACH)).replace(/\r$/, ""),
    nextLine: below ? below[0].trim() : "",
  };
}

/**
 * Whether a completion is wanted here at all: in the middle of a line only before closing brackets,
 * quotes and punctuation, never before a word.
 */
export function wantsCompletion({ lineSuffix }: { readonly lineSuffix: string }): boolean {
  return /^\s*[)>}\]"'`]*\s*[:{;,]?\s*$/.test(lineSuffix);
}
