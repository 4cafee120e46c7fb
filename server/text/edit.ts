/** What an edit did to a text, as one replacement, found from its changes: nobody compares whole texts. */

export interface Edit {
  /** UTF-16 units from the start of either text. */
  readonly start: number;
  /** Line of `start`, from 0. */
  readonly line: number;
  readonly removed: string;
  readonly added: string;
}

/** A stretch of a text, and of the text it was before. */
export interface Stretch {
  readonly start: number;
  readonly endBefore: number;
  readonly end: number;
}

/**
 * The stretch of several changes, each of which refers to the text that the ones before have left: it reaches from
 * the first place that was changed to the last.
 * @param done of the changes before; undefined for the first @param start of the text that is replaced
 * @param end of it @param length of what takes its place
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

/** The replacement that a stretch stands for, without what is the same at its ends. */
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
