/** Files one after the other, in order of arrival. A removed file's place is erased and stays until the log is replaced. */

/** Precedes every file, so that no match crosses files, and replaces erased tokens; negative, unlike any token. */
export const SEPARATOR = -1;
/** Capacity of an enlarged array relative to the need: few copies, and little unused space. */
const GROWTH = 1.5;

/** An array with room for `needed` numbers: the same one, or a larger copy. */
export function enlarged(numbers: Int32Array, needed: number): Int32Array {
  if (needed <= numbers.length) return numbers;
  const larger = new Int32Array(Math.ceil(GROWTH * needed));
  larger.set(numbers);
  return larger;
}

/** A file's part of the log, including its separator: positions [start, end). */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

export class TokenLog {
  /** The first `size` elements are in use. */
  tokens: Int32Array;
  size = 0;
  /** Positions of removed files. */
  dead = 0;
  /** All segments in order, including those of removed files. */
  readonly segments: { readonly name: string; readonly start: number }[] = [];

  constructor(capacity: number) {
    this.tokens = new Int32Array(capacity);
  }

  /** Appends a file. If the arrays have no room, larger ones replace them, in time proportional to their size. */
  append(name: string, tokens: Int32Array): Segment {
    const start = this.size;
    const end = start + 1 + tokens.length;
    this.tokens = enlarged(this.tokens, end);
    this.tokens[start] = SEPARATOR;
    this.tokens.set(tokens, start + 1);
    this.size = end;
    this.segments.push({ name, start });
    return { start, end };
  }

  /** Erases a file's tokens. */
  bury({ start, end }: Segment): void {
    this.tokens.fill(SEPARATOR, start, end);
    this.dead += end - start;
  }

  /** The file a position belongs to, or belonged to. */
  nameAt(position: number): string | undefined {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.segments[middle].start <= position) low = middle + 1;
      else high = middle;
    }
    return this.segments[low - 1]?.name;
  }
}
