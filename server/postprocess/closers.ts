/** Texts that say nothing of their own. */
import type { Place } from "./place.ts";

/** Closing brackets, ends of statements and blanks. */
const CLOSERS = /^[)\]}>;\s]*$/;

/**
 * Whether a text does nothing but close what is open at the cursor: the editor or the next key brings that. A quote
 * closes only where a string is open; elsewhere it begins one. Not so for an empty text, which is none.
 */
export function closesOnly(text: string, { start }: Pick<Place, "start">): boolean {
  if (text.trim() === "") return false;
  if (start?.kind !== "string") return CLOSERS.test(text);
  const rest = text.trimStart();
  return rest.startsWith(start.close) && CLOSERS.test(rest.slice(start.close.length));
}
