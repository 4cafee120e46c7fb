/** Lines that the document already has right above or below the cursor. */
import { indentation } from "./indentation.ts";
import { alike, areSiblings, equal, mayBecomeAlike, mayBecomeEqual } from "./likeness.ts";
import type { Place } from "./place.ts";

export type Repeated = "yes" | "undecided" | "no";

/** Lines with only closers or numbers follow each other in valid code, such as members of a table. */
export const mayRepeat = (line: string) =>
  !/\p{L}/u.test(line) || /^\s*(end|done|fi|esac|else|<\/[^>]*>)\W*$/.test(line);

/** A line without content of its own. */
const CLOSERS = /^[\s)\]},;]*$/;
/** A line that only separates, as between the branches of a shell's `case`: two of them never follow each other. */
const SEPARATOR = /^\s*;+$/;

/**
 * Whether the document's next line is one of a series: a line right below it, or one just above, differs little from it.
 * A line that differs little from it then is the next member, not a slip of the model.
 */
export function isOfSeries({ nextLine, lineAfterNext, above }: SurroundingLines): boolean {
  if (!/\w/.test(nextLine)) return false;
  return [...above, lineAfterNext].some(
    line => indentation(line) === indentation(nextLine) && areSiblings(line, nextLine),
  );
}

type SurroundingLines = Pick<Place, "nextLine" | "lineAfterNext" | "above">;

/** Whether a line equals the document's next one except for small differences; indentation tells `return None` lines apart. */
export function repeatsBelow(line: string, whole: boolean, { nextLine, isInSeries }: Place): Repeated {
  // A line that has only closers so far may continue with words.
  const isClosers = CLOSERS.test(line) && (whole || CLOSERS.test(nextLine)) && !SEPARATOR.test(nextLine);
  if (isClosers || indentation(line) !== indentation(nextLine)) return "no";
  const [is, mayBecome] = isInSeries() ? [equal, mayBecomeEqual] : [alike, mayBecomeAlike];
  if (whole) return is(line, nextLine) ? "yes" : "no";
  return mayBecome(line, nextLine) ? "undecided" : "no";
}

/**
 * Whether the lines so far are the ones right above the cursor, which have just been typed or accepted. A model that
 * generates them once more would do so after every acceptance, so they are never offered again, however likely they
 * are. This needs no threshold on a probability, and the text stays a function of the document. If the document itself
 * repeats them, they may be intended.
 * @param lines of the text, the cursor's line whole @param whole whether the last of them is
 */
export function repeatsAbove(lines: readonly string[], whole: boolean, place: Place): Repeated {
  const above = place.above.filter(line => line !== "");
  let undecided = false;
  for (let count = 1; count <= above.length; count++) {
    const group = above.slice(above.length - count);
    if (group.every(mayRepeat) || isRepeatedAbove(group, above)) continue;
    const compared = Math.min(count, lines.length);
    const isSame = lines.slice(0, compared).every((line, i) => {
      const isPartial = !whole && i === lines.length - 1;
      return isPartial ? group[i]?.startsWith(line) : group[i] === line;
    });
    if (!isSame) continue;
    if (lines.length > count || (lines.length === count && whole)) return "yes";
    undecided = true;
  }
  return undecided ? "undecided" : "no";
}

/** Whether a group of lines occurs twice in a row in the document. */
function isRepeatedAbove(group: readonly string[], above: readonly string[]): boolean {
  const before = above.slice(-2 * group.length, -group.length);
  return before.length === group.length && before.every((line, i) => line === group[i]);
}
