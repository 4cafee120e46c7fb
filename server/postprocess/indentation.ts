/** White space at the start of lines: its width, and the kind a document uses. */

const TAB_COLUMNS = 4;

/** Columns of white space at the start of a line. */
export function indentation(line: string): number {
  let columns = 0;
  for (const char of line) {
    if (char === " ") columns++;
    else if (char === "\t") columns += TAB_COLUMNS - (columns % TAB_COLUMNS);
    else break;
  }
  return columns;
}

/** How a document indents; `mixed` where it uses both or neither. */
export type IndentationStyle =
  | { readonly kind: "tabs" }
  | { readonly kind: "spaces"; readonly unit: number }
  | { readonly kind: "mixed" };

/** Fewer indented lines than this say nothing of a document. */
const TELLING_LINES = 2;

export function indentationStyle(text: string): IndentationStyle {
  let tabs = 0;
  let spaces = 0;
  let unit = 0;
  for (const line of text.split("\n")) {
    if (line.startsWith("\t")) tabs++;
    const leading = /^( +)\S/.exec(line)?.[1]?.length ?? 0;
    if (leading < 2) continue;
    spaces++;
    unit = unit === 0 ? leading : Math.min(unit, leading);
  }
  if (tabs >= TELLING_LINES && spaces === 0) return { kind: "tabs" };
  if (spaces >= TELLING_LINES && tabs === 0) return { kind: "spaces", unit };
  return { kind: "mixed" };
}

/** A line with its leading white space in the document's style. Only the wrong kind is replaced. */
export function reindented(line: string, style: IndentationStyle): string {
  const leading = /^[ \t]*/.exec(line)?.[0] ?? "";
  if (style.kind === "spaces" && leading.includes("\t"))
    return leading.replaceAll("\t", " ".repeat(style.unit)) + line.slice(leading.length);
  if (style.kind === "tabs" && leading.includes(" ".repeat(TAB_COLUMNS)))
    return leading.replaceAll(" ".repeat(TAB_COLUMNS), "\t") + line.slice(leading.length);
  return line;
}
