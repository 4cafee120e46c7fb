/** Positions of documents that can be recognised again after text was typed there or deleted again. */
import { withLineFeeds } from "./lineEnds.ts";
import { type Snapshot, surroundings } from "./snapshot.ts";
import { type Hash, sameHash, type TextHash } from "./textHash.ts";

/** A snapshot with its document's hashes. */
export interface Cursor {
  readonly snapshot: Snapshot;
  readonly hash: TextHash;
}

/** A position that is kept without its document. */
export interface DocumentPosition {
  readonly uri: string;
  readonly languageId: string;
  /** In UTF-16 units. */
  readonly offset: number;
  readonly before: Hash;
  readonly after: Hash;
  /** Number of characters after the position. */
  readonly tail: number;
  /** The last characters before the position: compared literally, in addition to the hashes. */
  readonly nearby: string;
  /** The cursor's line, if only blanks are before the cursor. */
  readonly line: BlankLine | undefined;
}

export interface BlankLine {
  /** The blanks. */
  readonly indentation: string;
  /** Hash of the text before the line. */
  readonly before: Hash;
}

/** Number of characters that are compared literally. */
const NEARBY = 128;

/** A copy in separate memory: a slice keeps all of the text it was cut from. */
const copied = (slice: string) => Buffer.from(slice, "utf16le").toString("utf16le");

export function placeOf({ snapshot, hash }: Cursor): DocumentPosition {
  const { uri, languageId, text, offset } = snapshot;
  const line = blankLine({ snapshot, hash });
  return {
    uri,
    languageId,
    offset,
    before: hash.before(offset),
    after: hash.after(offset),
    tail: text.length - offset,
    nearby: copied(text.slice(Math.max(0, offset - NEARBY), offset)),
    line: line && { ...line, indentation: copied(line.indentation) },
  };
}

export function blankLine({ snapshot, hash }: Cursor): BlankLine | undefined {
  const { linePrefix } = surroundings(snapshot);
  if (linePrefix.trim() !== "") return undefined;
  return { indentation: linePrefix, before: hash.before(snapshot.offset - linePrefix.length) };
}

/**
 * What has been typed between a position and a cursor, with line feeds as line ends; undefined if the cursor's document
 * differs from the position's in any other way.
 * @param most characters; longer texts are not compared
 */
export function typedSince(
  place: DocumentPosition,
  { snapshot, hash }: Cursor,
  most: number,
): string | undefined {
  const { uri, text, offset } = snapshot;
  const start = place.offset;
  // A line feed may have been typed as two characters.
  if (uri !== place.uri || offset < start || offset - start > 2 * most) return undefined;
  if (text.length - offset !== place.tail) return undefined;
  if (!text.startsWith(place.nearby, start - place.nearby.length)) return undefined;
  if (!sameHash(hash.after(offset), place.after) || !sameHash(hash.before(start), place.before))
    return undefined;
  return withLineFeeds(text.slice(start, offset));
}
