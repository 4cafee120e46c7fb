/** Texts without content of their own. */
import type { Place } from "./place.ts";

/** Closing brackets, ends of statements and blanks. */
const CLOSERS = /^[)\]}>;\s]*$/;

/**
 * Whether a text only closes what is open at the cursor, which the editor or the next key would do anyway. A quote only
 * closes an open string; elsewhere it begins one. False for an empty text.
 */
export function closesOnly(text: string, { start }: Pick<Place, "start">): boolean {
  if (text.trim() === "") return false;
  if (start?.kind !== "string") return CLOSERS.test(text);
  const rest = text.trimStart();
  return rest.startsWith(start.close) && CLOSERS.test(rest.slice(start.close.length));
}
