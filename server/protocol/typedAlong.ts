/** Compares a text that grows with what the user types meanwhile. Used by client and server. */

/**
 * Whether `typed`, which follows the place where `text` began, may still become a beginning of it. Not before
 * there is any text: a new request, which knows what has been typed, is better than waiting for one that does
 * not.
 * @param done whether the text is complete
 */
export function agrees(text: string, done: boolean, typed: string): boolean {
  return text.startsWith(typed) || (!done && text !== "" && typed.startsWith(text));
}

/** The text after `typed`; undefined if they differ. */
export function remainderOf(text: string, typed: string): string | undefined {
  return text.startsWith(typed) ? text.slice(typed.length) : undefined;
}

/**
 * The part of an insertion the user has typed: an editor that closes brackets and quotes inserts the pair,
 * with the cursor in between.
 */
export function typedPart(insertion: string): string {
  return /^(\(\)|\[\]|\{\}|""|''|``)$/.test(insertion) ? insertion.slice(0, 1) : insertion;
}

/** The same for the end of a text. */
export function withoutClosedPair(typed: string): string {
  return typed.slice(0, -2) + typedPart(typed.slice(-2));
}

/**
 * UTF-16 units of the rest of the cursor's line that a text replaces now. Since the text began, the user may have typed
 * over closers and the editor may have added some. The text is balanced, so it replaces those as well.
 * @param replaced units at the place where the text began @param restThen the rest of the line there @param restNow and now
 */
export function replacedNow(replaced: number, restThen: string, restNow: string): number {
  return Math.min(Math.max(0, replaced + restNow.length - restThen.length), restNow.length);
}

/** For each closer that editors insert themselves, its opener. */
const OPENERS: Readonly<Record<string, string>> = {
  ")": "(",
  "]": "[",
  "}": "{",
  '"': '"',
  "'": "'",
  "`": "`",
};

/**
 * Whether the rest of the cursor's line has only changed through typing along: an editor adds closers of what was opened and
 * lets the user type over closers, and an accepted text replaces what it repeats. Any other change was an edit after the
 * cursor.
 * @param restThen the rest of the line where the text began @param restNow the rest at the cursor now
 * @param typed text between the two places @param replaced UTF-16 units of `restThen` that the text repeats
 */
export function restFits(restThen: string, restNow: string, typed: string, replaced: number): boolean {
  let same = 0;
  while (same < Math.min(restThen.length, restNow.length) && restThen.at(-1 - same) === restNow.at(-1 - same))
    same++;
  const removed = restThen.slice(0, restThen.length - same);
  const added = restNow.slice(0, restNow.length - same);
  const mayGo = removed.length <= replaced || [...removed].every(each => each in OPENERS);
  return mayGo && isWithin(removed, typed) && isWithin(openersOf(added), typed);
}

/** The openers of these closers, in reverse order; any other character becomes one that no text contains. */
const openersOf = (closers: string) =>
  [...closers]
    .reverse()
    .map(each => OPENERS[each] ?? "\0")
    .join("");

/** Whether `part` results from `text` by leaving characters out. */
function isWithin(part: string, text: string): boolean {
  let at = -1;
  return [...part].every(each => {
    at = text.indexOf(each, at + 1);
    return at >= 0;
  });
}
