/** Lines that equal another line, apart from blanks and small differences. */

/** Share of a line's characters in which a near-duplicate may differ. */
const SLIP = 0.05;
/** Share of a line's characters in which the next member of a series may differ. */
const VARIATION = 0.3;
/** Longer lines are compared only this far. */
const LINE_REACH = 400;

const withoutBlanks = (line: string) => line.replace(/\s+/g, "").slice(0, LINE_REACH);

/**
 * The last row of the edit distances (Wagner and Fischer) between `text` and the beginnings of `other`:
 * element `j` is that of the first `j` characters.
 */
function distances(text: string, other: string): Int32Array {
  let row = Int32Array.from({ length: other.length + 1 }, (_, j) => j);
  for (let i = 1; i <= text.length; i++) {
    const next = new Int32Array(row.length);
    next[0] = i;
    for (let j = 1; j < row.length; j++) {
      const change = text.charCodeAt(i - 1) === other.charCodeAt(j - 1) ? 0 : 1;
      next[j] = Math.min((row[j - 1] ?? 0) + change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
    }
    row = next;
  }
  return row;
}

/** A line without its numbers and strings: lines that only differ in those are members of a list, not near-duplicates. */
const skeleton = (line: string) => line.replace(/"[^"]*"|'[^']*'|`[^`]*`|\d+/g, "");

/** Whether two lines without blanks differ by at most `share` of the second. */
function differLittle(a: string, b: string, share: number): boolean {
  const most = Math.floor(b.length * share);
  return Math.abs(a.length - b.length) <= most && (distances(a, b).at(-1) ?? Infinity) <= most;
}

/** Whether a complete line equals `other` apart from small differences. Both are compared without their blanks. */
export function alike(line: string, other: string): boolean {
  const [a, b] = [withoutBlanks(line), withoutBlanks(other)];
  if (a === "" || b === "") return false;
  if (a === b) return true;
  return skeleton(a) !== skeleton(b) && differLittle(a, b, SLIP);
}

/** Whether the beginning of a line may still become a line that is `alike`. */
export function mayBecomeAlike(line: string, other: string): boolean {
  const [a, b] = [withoutBlanks(line), withoutBlanks(other)];
  if (b === "") return false;
  if (b.startsWith(a)) return true;
  const most = Math.floor(b.length * SLIP);
  if (most === 0 || a.length > b.length + most) return false;
  return distances(a, b).some(distance => distance <= most);
}

/** Whether two lines may be members of one series, such as calls of one function with other arguments. */
export function areSiblings(line: string, other: string): boolean {
  const [a, b] = [withoutBlanks(line), withoutBlanks(other)];
  return a !== b && b !== "" && differLittle(a, b, VARIATION);
}

const withoutEnd = (line: string) => withoutBlanks(line).replace(/[;,]+$/, "");

/** Whether a complete line equals `other` apart from blanks and the mark at its end. */
export const equal = (line: string, other: string) => withoutEnd(line) === withoutEnd(other);

/** Whether the beginning of a line may still become `equal`. */
export const mayBecomeEqual = (line: string, other: string) =>
  withoutBlanks(other).startsWith(withoutEnd(line));
