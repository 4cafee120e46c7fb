/**
 * What of the model's raw text is shown, and where it ends. A pure function of the raw text so far, so
 * that streaming needs no state of its own. The result only ever grows as raw text is added: nothing is
 * released that a later character could take back. So blanks wait for what follows them, and a line that
 * may still turn out to repeat the line below the cursor waits until it differs.
 */

export interface ShapeContext {
  /** The cursor's line up to the cursor. */
  readonly linePrefix: string;
  /** The cursor's line behind the cursor. */
  readonly lineSuffix: string;
  /** The next line that is not blank, with its indentation; empty if there is none. */
  readonly nextLine: string;
}

/** Why the text ends before the model ends it. */
export type StopReason = "lineEnd" | "blockEnd" | "suffix" | "repetition";

export interface Shaped {
  readonly text: string;
  /** Set once no further raw text can change the result. */
  readonly stopped?: StopReason;
}

/** Equal lines in a row after which the model is taken to be going round in circles. */
const REPEATED_LINES = 3;
/** Blank lines in a row that end a block, as between top-level definitions. */
const BLANK_LINES = 2;
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

/**
 * Whether a line lies outside of the block that is being completed. Within a statement, only deeper lines
 * (and closing brackets) go on with it; on a blank line, lines as deep as the cursor do too.
 */
function leavesBlock(line: string, { linePrefix }: ShapeContext): boolean {
  const base = indentation(linePrefix);
  if (linePrefix.trim() === "") return indentation(line) < base;
  const closes = /^\s*[)\]}]/.test(line);
  return closes ? indentation(line) < base : indentation(line) <= base;
}

/** Lines of nothing but closing brackets follow each other in sound code. */
const isRepetition = (previous: readonly string[], line: string) =>
  previous.length === REPEATED_LINES - 1 &&
  previous.every(other => other === line) &&
  !/^[\s)\]},;]*$/.test(line);

/**
 * @param raw everything the model has said so far @param ended whether it will say no more
 */
export function shape(raw: string, context: ShapeContext, ended: boolean): Shaped {
  const lines = raw.replaceAll("\r", "").split("\n");
  const oneLine = context.lineSuffix.trim() !== "";
  let text = "";
  let blankLines = 0;
  const seen: string[] = [];
  for (const [index, added] of lines.entries()) {
    const whole = ended || index < lines.length - 1;
    const line = (index === 0 ? context.linePrefix + added : added).trimEnd();
    if (index > 0) {
      if (oneLine) return { text, stopped: "lineEnd" };
      if (line === "") {
        if (whole && ++blankLines >= BLANK_LINES && text !== "") return { text, stopped: "blockEnd" };
        continue;
      }
      const started = text !== "" || context.linePrefix.trim() !== "";
      if (started && leavesBlock(line, context)) return { text, stopped: "blockEnd" };
    }
    if (line.trim() !== "") {
      const previous = seen.slice(1 - REPEATED_LINES);
      if (whole && line === context.nextLine) return { text, stopped: "suffix" };
      if (whole && isRepetition(previous, line)) return { text, stopped: "repetition" };
      const begun = previous.map(other => other.slice(0, line.length));
      const undecided = context.nextLine.startsWith(line) || isRepetition(begun, line);
      if (!whole && undecided) return { text };
      seen.push(line);
    }
    text += "\n".repeat(index > 0 ? blankLines + 1 : 0) + added.trimEnd();
    blankLines = 0;
  }
  return { text };
}
