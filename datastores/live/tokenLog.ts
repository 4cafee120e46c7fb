/** Files one after the other, as they came. The place of what is taken out stays, erased, until the log is compacted. */

/** Precedes every file, so that no match goes from one into the next, and stands for erased tokens; negative, as no token is. */
export const SEPARATOR = -1;
/** Of what is needed, how much there is room for where an array is enlarged: few copies, and little left over. */
const GROWTH = 1.5;

/** An array with room for `needed` numbers: the same, or a larger copy. */
export function enlarged(numbers: Int32Array, needed: number): Int32Array {
  if (needed <= numbers.length) return numbers;
  const larger = new Int32Array(Math.ceil(GROWTH * needed));
  larger.set(numbers);
  return larger;
}

/** A file's part of the log, its separator included: positions [start, end). */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

export class TokenLog {
  /** The first `size` are in use. */
  tokens: Int32Array;
  size = 0;
  /** Positions of files that were taken out. */
  dead = 0;
  /** All segments in their order, those of files taken out among them. */
  private segments: { readonly name: string; readonly start: number }[] = [];

  constructor(capacity: number) {
    this.tokens = new Int32Array(capacity);
  }

  /** Appends a file. The arrays are replaced by larger ones where it has no room, in time proportional to them. */
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

  /** Moves the files that are left together, in their order, and gives each its new segment. */
  compact(files: Map<string, Segment>): void {
    const kept = [...files].sort(([, a], [, b]) => a.start - b.start);
    this.segments = [];
    let size = 0;
    for (const [name, { start, end }] of kept) {
      this.tokens.copyWithin(size, start, end);
      this.segments.push({ name, start: size });
      files.set(name, { start: size, end: size + end - start });
      size += end - start;
    }
    this.size = size;
    this.dead = 0;
  }
}
