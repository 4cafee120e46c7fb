/**
 * A notebook as one text, for the cursor's cell: the cells above it come before it, those below after it. Only cells in its
 * language are code of this text. Text cells become comments, as `jupyter nbconvert --to script` writes them and as models have
 * seen them in training: a heading or a sentence above an empty cell says what is wanted there.
 */
import { languageRules } from "../syntax/index.ts";
import { type Cell, type Snapshot, withLineFeeds } from "../text/index.ts";

const BETWEEN_CELLS = "\n\n";
/** Limits for what is shown of a text cell: it may be a whole chapter. */
const MARKUP = { lines: 20, columns: 200 };
/**
 * A magic that puts the cell into another language: any but those that only measure or capture the rest of it. IPython allows
 * blanks before it. Without a name, `%%` is a comment, with which MATLAB begins a section.
 */
const OTHER_LANGUAGE = /^\s*%%(?!(?:time|timeit|capture|prun|memit|mprun)\b)[\w!]/;

/** The snapshot of a notebook's whole text, with the same cursor. A document that is not a cell is returned unchanged. */
export function asOneText(snapshot: Snapshot): Snapshot {
  const { notebook, text, offset } = snapshot;
  if (!notebook) return snapshot;
  const { above, below } = cellTexts(snapshot);
  const before = above.map(each => each + BETWEEN_CELLS).join("");
  const after = below.map(each => BETWEEN_CELLS + each).join("");
  return {
    ...snapshot,
    text: before + text + after,
    offset: before.length + offset,
    notebook: { ...notebook, above: [], below: [] },
  };
}

/** Lines of the neighbouring cells, used if a cell has no lines of its own. */
interface NeighbouringLines {
  /** The last lines above the cell. */
  readonly linesAbove: readonly string[];
  /** The first line below the cell that is not blank; empty if there is none. */
  readonly nextLine: string;
}

const LINES_ABOVE = 8;

export function neighbouringLines(snapshot: Snapshot): NeighbouringLines {
  const { above, below } = cellTexts(snapshot);
  const linesAbove = above.at(-1)?.split("\n").slice(-LINES_ABOVE) ?? [];
  const nextLine = below[0]?.split("\n").find(line => line.trim() !== "") ?? "";
  return { linesAbove: linesAbove.map(line => line.trimEnd()), nextLine: nextLine.trimEnd() };
}

/** The texts of the cells that belong to the cursor's text, without blank ones. */
function cellTexts({ notebook, languageId }: Snapshot): Record<"above" | "below", readonly string[]> {
  const comment = languageRules(languageId).lexicon.lineComments[0];
  const texts = (cells: readonly Cell[]) =>
    cells.map(cell => shownText(cell, languageId, comment)).filter(text => text !== "");
  return { above: texts(notebook?.above ?? []), below: texts(notebook?.below ?? []) };
}

/** The latest text of each cell: a cell stays the same object until it changes. */
const shownTexts = new WeakMap<Cell, { readonly language: string; readonly text: string }>();

function shownText(cell: Cell, language: string, comment: string | undefined): string {
  const known = shownTexts.get(cell);
  if (known?.language === language) return known.text;
  const text = cellText(cell, language, comment);
  shownTexts.set(cell, { language, text });
  return text;
}

function cellText({ kind, languageId, text }: Cell, language: string, comment: string | undefined): string {
  const lines = withLineFeeds(text).trimEnd();
  if (kind === "markup") return comment === undefined ? "" : commented(lines, comment);
  const isOther = languageId !== language || OTHER_LANGUAGE.test(lines);
  return isOther || lines.trim() === "" ? "" : lines;
}

/** Text as comments, without lines of data, such as an image. */
function commented(text: string, comment: string): string {
  const lines = text.split("\n").filter(line => line.length <= MARKUP.columns);
  const shown = lines.slice(0, MARKUP.lines).map(line => `${comment} ${line}`.trimEnd());
  return text.trim() === "" ? "" : shown.join("\n");
}
