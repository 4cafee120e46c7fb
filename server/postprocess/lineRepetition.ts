/** The lines of a text so far: whether they repeat the ones above the cursor, or each other. */
import type { Place } from "./place.ts";
import { mayRepeat, type Repeated, repeatsAbove } from "./repeats.ts";
import { mayRepeatLines, repeatsLines } from "./repetition.ts";

export class LineRepetition {
  /** Whether the lines so far repeat those above the cursor. */
  above: Repeated = "undecided";
  /** Index before a line that repeats the one above it: if a third follows, the text ends there. */
  duplicateFrom: number | undefined;
  /** The whole lines so far that are not blank; the first begins with the line's prefix. */
  private readonly lines: string[] = [];

  constructor(private readonly place: Place) {}

  get last(): string | undefined {
    return this.lines.at(-1);
  }

  /** Whether the lines, with this one, repeat those above the cursor; once decided it stays so. */
  repeatsAbove(line: string, whole: boolean): Repeated {
    if (this.above === "undecided") this.above = repeatsAbove([...this.lines, line], whole, this.place);
    return this.above;
  }

  /** Whether a line would be the third of equal ones, or end the third of equal groups. */
  isLooping(line: string, whole: boolean): Repeated {
    if (whole) return repeatsLines(this.lines, line) ? "yes" : "no";
    const mayBeThird = this.duplicateFrom !== undefined && (this.last?.startsWith(line) ?? false);
    return mayBeThird || mayRepeatLines(this.lines, line) ? "undecided" : "no";
  }

  /** Adds a whole line. @param from index after the line before it */
  record(line: string, from: number): void {
    const isDuplicate = this.last === line && !mayRepeat(line);
    this.duplicateFrom = isDuplicate ? (this.duplicateFrom ?? from) : undefined;
    this.lines.push(line);
  }
}
