/** One version of one document, with a cursor in it. Immutable: a completion belongs to exactly one. */
export interface Snapshot {
  readonly uri: string;
  readonly languageId: string;
  readonly version: number;
  readonly text: string;
  /** The cursor, in UTF-16 units from the start of `text`. */
  readonly offset: number;
  /** The cells around the document, if it is a cell of a notebook. */
  readonly notebook?: NotebookCells | undefined;
}

/** A cell of a notebook, beside the one that is completed. */
export interface Cell {
  readonly kind: "code" | "markup";
  readonly languageId: string;
  readonly text: string;
}

/** The other cells of a notebook, in order. */
export interface NotebookCells {
  /** The notebook's own URI. */
  readonly uri: string;
  readonly above: readonly Cell[];
  readonly below: readonly Cell[];
}

/** The lines at a cursor. */
interface Surroundings {
  /** The cursor's line up to the cursor. */
  readonly linePrefix: string;
  /** The cursor's line after the cursor. */
  readonly lineSuffix: string;
  /** The next line that is not blank, with its indentation; empty if there is none. */
  readonly nextLine: string;
}

/** Blank lines below the cursor that are skipped in search of the next line with text. */
const BLANK_LINES_BELOW = 20;
const LINE_END = /\r\n|[\r\n]/g;
/** Longer lines are only examined up to this distance from the cursor. */
const LINE_REACH = 1000;

/** The cursor's line on either side of the cursor, and the next line that is not blank. */
export function surroundings({ text, offset }: Snapshot): Surroundings {
  LINE_END.lastIndex = offset;
  const lineEnd = LINE_END.exec(text)?.index ?? text.length;
  // The first part, before this line's own end, is empty; the last may be the line with text.
  const below = text.slice(lineEnd, lineEnd + LINE_REACH).split(LINE_END, 1 + BLANK_LINES_BELOW + 1);
  return {
    linePrefix:
      text
        .slice(Math.max(0, offset - LINE_REACH), offset)
        .split(LINE_END)
        .at(-1) ?? "",
    lineSuffix: text.slice(offset, Math.min(lineEnd, offset + LINE_REACH)),
    nextLine: below.find(line => line.trim() !== "")?.trimEnd() ?? "",
  };
}

/** Whether an offset lies within a character of two UTF-16 units, where no editor puts a cursor. */
export const isInCharacter = (text: string, offset: number): boolean =>
  (text.codePointAt(offset - 1) ?? 0) > 0xffff;

/** Closers and punctuation, and a comment after them. */
const CLOSERS_ONLY = /^([)>}\]"'`:{;,\s]|\/>|<\/[\w.:-]*>)*((#|\/\/|\/\*|--|<!--).*)?$/;
/** How a list or a call continues after the member at the cursor. */
const LIST_GOES_ON = /^[,)}\]]/;
/** A string or a list of types in which there is nothing yet, as editors insert them: its two ends around the cursor. */
const EMPTY = /("‸"|'‸'|`‸`|\w<‸>)/;

/**
 * Whether a completion is wanted here at all. In the middle of a line it is wanted if only closers, punctuation and a
 * comment follow, at an empty place of a list that continues, and in an empty string; never before a word.
 */
export function wantsCompletion({
  linePrefix,
  lineSuffix,
}: Pick<Surroundings, "linePrefix" | "lineSuffix">): boolean {
  // Trimmed first: the expression must not search for a match among many blanks.
  const rest = lineSuffix.trim();
  if (CLOSERS_ONLY.test(rest)) return true;
  if (EMPTY.test(`${linePrefix.slice(-2)}‸${lineSuffix.charAt(0)}`)) return true;
  return LIST_GOES_ON.test(rest) && /[([{,\s]$/.test(linePrefix);
}
