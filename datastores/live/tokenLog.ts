/** Files one after the other, as they came. What is taken out stays in place, marked dead, until the log is compacted. */

/** Precedes every file, so that no match goes from one into the next; negative, as no token is. */
export const SEPARATOR = -1;

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
  /** By position: 1 where its file has not been taken out. */
  alive: Uint8Array;
  /** All segments in their order, those of files taken out among them. */
  private segments: { readonly name: string; readonly start: number }[] = [];

  constructor(capacity: number) {
    this.tokens = new Int32Array(capacity);
    this.alive = new Uint8Array(capacity);
  }

  /** Appends a file. The arrays are replaced by larger ones where it has no room, in time proportional to them. */
  append(name: string, tokens: Int32Array): Segment {
    const start = this.size;
    const end = start + 1 + tokens.length;
    this.reserve(end);
    this.tokens[start] = SEPARATOR;
    this.tokens.set(tokens, start + 1);
    this.alive.fill(1, start, end);
    this.size = end;
    this.segments.push({ name, start });
    return { start, end };
  }

  /** Marks a file's positions dead. */
  bury({ start, end }: Segment): void {
    this.alive.fill(0, start, end);
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
    this.alive.fill(1, 0, size);
  }

  private reserve(needed: number): void {
    if (needed <= this.tokens.length) return;
    // Twice as much each time, so that all growing together costs no more than the tokens.
    const capacity = Math.max(needed, 2 * this.tokens.length);
    const tokens = new Int32Array(capacity);
    tokens.set(this.tokens.subarray(0, this.size));
    this.tokens = tokens;
    const alive = new Uint8Array(capacity);
    alive.set(this.alive.subarray(0, this.size));
    this.alive = alive;
  }
}
