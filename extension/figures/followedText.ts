/** A text that was accepted, followed through the edits of its document. */

/** A change as an editor reports it: offsets in the document before it, in UTF-16 units. */
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

  /** Characters that are still there. */
  get left(): number {
    return this.pieces.reduce((sum, { text }) => sum + text.length, 0);
  }

  edit(change: TextChange): void {
    this.pieces = this.pieces.flatMap(piece => edited(piece, change)).filter(({ text }) => text !== "");
  }
}

/** What is left of a piece after a change. */
function edited({ start, text }: Piece, { offset, removed, text: inserted }: TextChange): Piece[] {
  const end = start + text.length;
  const removedEnd = offset + removed;
  if (offset >= end) return [{ start, text }];
  if (removedEnd <= start) return [{ start: start - removed + inserted.length, text }];
  const before = text.slice(0, Math.max(0, offset - start));
  const gone = text.slice(before.length, Math.max(0, removedEnd - start));
  const after = text.slice(before.length + gone.length);
  const again = gone === "" ? -1 : foundNear(inserted, gone, start + before.length - offset);
  return [
    { start, text: before },
    // What is replaced by a text that says it again, as formatters do with whole documents, is still there.
    ...(again >= 0 ? [{ start: offset + again, text: gone }] : []),
    { start: offset + inserted.length, text: after },
  ];
}

/** Where a text occurs in another: at `place` or the last time before it, else the first time; -1 where nowhere. */
function foundNear(text: string, wanted: string, place: number): number {
  const before = text.lastIndexOf(wanted, Math.max(0, place));
  return before >= 0 ? before : text.indexOf(wanted);
}
