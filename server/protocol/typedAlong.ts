/** A text that grows while somebody types along with it. Both sides need it. */

/**
 * Whether `typed`, which follows the place where `text` began, may still become a beginning of it. Before
 * there is any text it may not: a request for what has been typed by now is better than waiting for one that does
 * not know of it.
 * @param done whether the text is whole
 */
export function agrees(text: string, done: boolean, typed: string): boolean {
  return text.startsWith(typed) || (!done && text !== "" && typed.startsWith(text));
}

/** What the text adds to `typed`; undefined where they differ. */
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

/** The same of a text whose end was inserted so. */
export function withoutClosedPair(typed: string): string {
  return typed.slice(0, -2) + typedPart(typed.slice(-2));
}

/**
 * UTF-16 units of the rest of the cursor's line that a text replaces now, of which an editor may have typed some over
 * and to which it may have added closers since. The text is balanced, so it brings along those as well.
 * @param replaced at the place where the text began @param restThen the rest of the line there @param restNow and now
 */
export function replacedNow(replaced: number, restThen: string, restNow: string): number {
  return Math.min(Math.max(0, replaced + restNow.length - restThen.length), restNow.length);
}

/** Opens what an editor closes by itself. */
const OPENERS: Readonly<Record<string, string>> = {
  ")": "(",
  "]": "[",
  "}": "{",
  '"': '"',
  "'": "'",
  "`": "`",
};

/**
 * Whether the rest of the cursor's line is what it was but for what comes of typing along: an editor adds closers of what was
 * opened and lets closers be typed over, and a text that is accepted takes the place of what it repeats. Anything else was an edit
 * behind the cursor.
 * @param restThen the rest of the line where the text began @param restNow and at the cursor now
 * @param typed between the two places @param replaced UTF-16 units of `restThen` that the text repeats
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

/** What opens each of these closers, the last of them first; a character that is none is within no text. */
const openersOf = (closers: string) =>
  [...closers]
    .reverse()
    .map(each => OPENERS[each] ?? "\0")
    .join("");

/** Whether a text can be had of another one by leaving characters out. */
function isWithin(part: string, text: string): boolean {
  let at = -1;
  return [...part].every(each => {
    at = text.indexOf(each, at + 1);
    return at >= 0;
  });
}
