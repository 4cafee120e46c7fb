/**
 * Copies `from[start..end)`, what follows a place in a text, into the row `to[at..at + width)`: up to a negative token or
 * as far as there is room. A negative token closes a row that is not full.
 */
export function copyContinuation(
  from: Int32Array,
  start: number,
  end: number,
  to: Int32Array,
  at: number,
  width: number,
): void {
  const limit = Math.min(end - start, width);
  let count = 0;
  while (count < limit && from[start + count] >= 0) {
    to[at + count] = from[start + count];
    count++;
  }
  if (count < width) to[at + count] = -1;
}
