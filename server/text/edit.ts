/** An edit of a text as one replacement, computed from its changes, without comparing whole texts. */

export interface Edit {
  /** UTF-16 units from the start; the same in both texts. */
  readonly start: number;
  /** Line of `start`, from 0. */
  readonly line: number;
  readonly removed: string;
  readonly added: string;
}

/** A stretch of a text, and the stretch of the previous text that it replaces. */
export interface Stretch {
  readonly start: number;
  readonly endBefore: number;
  readonly end: number;
}

/**
 * The stretch of several changes, each of which refers to the result of the previous ones: it reaches from
 * the first changed place to the last.
 * @param done stretch of the previous changes; undefined for the first @param start start of the replaced text
 * @param end end of the replaced text @param length length of the replacement
 */
export function extended(done: Stretch | undefined, start: number, end: number, length: number): Stretch {
  const known = done ?? { start, endBefore: start, end: start };
  const beyond = Math.max(0, end - known.end);
  return {
    start: Math.min(known.start, start),
    endBefore: known.endBefore + beyond,
    end: Math.max(known.end, end) + length - (end - start),
  };
}

/** The replacement of a stretch, without what is unchanged at its ends. */
export function replacement(
  before: string,
  after: string,
  { start, endBefore, end }: Stretch,
): Omit<Edit, "line"> {
  const most = Math.min(endBefore, end) - start;
  let same = 0;
  while (same < most && before.charCodeAt(start + same) === after.charCodeAt(start + same)) same++;
  let tail = 0;
  while (tail < most - same && before.charCodeAt(endBefore - 1 - tail) === after.charCodeAt(end - 1 - tail))
    tail++;
  return {
    start: start + same,
    removed: before.slice(start + same, endBefore - tail),
    added: after.slice(start + same, end - tail),
  };
}
