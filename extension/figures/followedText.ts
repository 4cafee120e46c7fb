/** An accepted text, followed through the edits of its document. */

/** A change as an editor reports it: offsets in the document before the change, in UTF-16 units. */
export interface TextChange {
  readonly offset: number;
  readonly removed: number;
  readonly text: string;
}

interface Piece {
  readonly start: number;
  readonly text: string;
}

export class FollowedText {
  private pieces: readonly Piece[];

  constructor(start: number, text: string) {
    this.pieces = [{ start, text }];
  }

  /** Number of characters that are left. */
  get left(): number {
    return this.pieces.reduce((sum, { text }) => sum + text.length, 0);
  }

  edit(change: TextChange): void {
    this.pieces = this.pieces.flatMap(piece => edited(piece, change)).filter(({ text }) => text !== "");
  }
}

/** The parts of a piece that are left after a change; some may be empty. */
function edited({ start, text }: Piece, { offset, removed, text: inserted }: TextChange): Piece[] {
  const removedEnd = offset + removed;
  if (removedEnd <= start) return [{ start: start - removed + inserted.length, text }];
  const before = text.slice(0, Math.max(0, offset - start));
  const gone = text.slice(before.length, Math.max(0, removedEnd - start));
  const after = text.slice(before.length + gone.length);
  const again = foundNear(inserted, gone, start + before.length - offset);
  return [
    { start, text: before },
    // A text that is replaced by one which contains it, as formatters do with whole documents, is still there.
    ...(again >= 0 ? [{ start: offset + again, text: gone }] : []),
    { start: offset + inserted.length, text: after },
  ];
}

/** Position of a text in another one: at `place` or the last one before it, else the first; -1 if it does not occur. */
function foundNear(text: string, wanted: string, place: number): number {
  const before = text.lastIndexOf(wanted, Math.max(0, place));
  return before >= 0 ? before : text.indexOf(wanted);
}
