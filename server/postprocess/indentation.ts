/** White space at the start of lines: its width, the kind a document uses, and text brought into that kind. */

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
  | {
      readonly kind: "spaces";
      /** Columns by which lines are mostly deeper than the one above. */
      readonly unit: number;
      /** Whether all lines are indented by multiples of it. */
      readonly regular: boolean;
    }
  | { readonly kind: "mixed" };

/** Fewer indented lines than this say nothing about a document. */
const TELLING_LINES = 2;

export function indentationStyle(text: string): IndentationStyle {
  let tabs = 0;
  let spaces = 0;
  let above = 0;
  const widths = new Set<number>();
  const steps = new Map<number, number>();
  for (const line of text.split("\n")) {
    if (line.startsWith("\t")) tabs++;
    const leading = /^( *)[^\s]/.exec(line)?.[1]?.length;
    // One space is that of a comment's asterisk.
    if (leading === undefined || leading === 1) continue;
    const step = leading - above;
    above = leading;
    if (step >= 2) steps.set(step, (steps.get(step) ?? 0) + 1);
    if (leading === 0) continue;
    spaces++;
    widths.add(leading);
  }
  if (tabs >= TELLING_LINES && spaces === 0) return { kind: "tabs" };
  const unit = commonest(steps);
  const regular = [...widths].every(width => width % unit === 0);
  if (spaces >= TELLING_LINES && tabs === 0) return { kind: "spaces", unit, regular };
  return { kind: "mixed" };
}

/** The step that occurs most often, the smallest of several: a line that is aligned with another one is deeper by any. */
const commonest = (steps: ReadonlyMap<number, number>): number =>
  [...steps].sort(([a, timesA], [b, timesB]) => timesB - timesA || a - b)[0]?.[0] ?? TAB_COLUMNS;

/** Columns of one level. */
export const unitOf = (style: IndentationStyle) => (style.kind === "spaces" ? style.unit : TAB_COLUMNS);

/** White space of so many columns. */
export function styled(columns: number, style: IndentationStyle): string {
  if (style.kind !== "tabs") return " ".repeat(columns);
  return "\t".repeat(Math.floor(columns / TAB_COLUMNS)) + " ".repeat(columns % TAB_COLUMNS);
}

/** Columns in the document for columns of a text. */
export type Mapping = (columns: number) => number;

/** The widths of levels that are in use. */
const UNITS = [2, 4, 8];

/**
 * How the lines of a text are indented, inferred from the first line of a block that its first line opens, which
 * is one level deeper. A text counts its columns from the margin or from the cursor, and its levels
 * may be wider or narrower than the document's.
 * @param base columns of the line in which the text begins @param columns those of the next
 * @returns undefined if it is the document's indentation, or cannot be inferred
 */
export function mappingOf(base: number, columns: number, style: IndentationStyle): Mapping | undefined {
  const unit = unitOf(style);
  if (columns === base + unit || columns === 0) return undefined;
  if (columns <= base && (columns === unit || style.kind === "mixed")) return each => each + base;
  if (style.kind === "mixed" || (style.kind === "spaces" && !style.regular)) return undefined;
  const own = columns / (base / unit + 1);
  if (UNITS.includes(own)) return each => Math.floor(each / own) * unit + (each % own);
  const step = columns - base;
  if (!UNITS.includes(step)) return undefined;
  return each =>
    each < base ? each : base + Math.floor((each - base) / step) * unit + ((each - base) % step);
}

/** A line's leading white space in the document's style. Only white space of the wrong kind or width is replaced. */
export function mapped(leading: string, mapping: Mapping | undefined, style: IndentationStyle): string {
  if (mapping) return styled(mapping(indentation(leading)), style);
  if (style.kind === "spaces" && leading.includes("\t"))
    return leading.replaceAll("\t", " ".repeat(style.unit));
  if (style.kind === "tabs" && leading.includes(" ".repeat(TAB_COLUMNS)))
    return leading.replaceAll(" ".repeat(TAB_COLUMNS), "\t");
  return leading;
}
