/** Finds the places in a short text where the end of another text occurs, by looking at all of them. */
import type { MatchList } from "../../datastores/live/index.ts";

const LONGEST_MATCH = 32;

/**
 * Searches `text[0..size)` for the end of `context[0..end)`: the longest matches first, and the later of equal ones
 * first. Negative tokens divide the text.
 * @param shortest fewest tokens that must agree
 */
export function scan(
  text: { readonly tokens: Int32Array; readonly size: number },
  context: Int32Array,
  end: number,
  shortest: number,
  matches: MatchList,
): void {
  const { tokens, size } = text;
  matches.clear();
  if (end === 0) return;
  const last = context[end - 1];
  for (let at = size - 2; at >= 0; at--) {
    if (tokens[at] !== last || tokens[at + 1] < 0) continue;
    const limit = Math.min(LONGEST_MATCH, at + 1, end);
    let length = 1;
    while (length < limit && tokens[at - length] === context[end - 1 - length]) length++;
    if (length >= shortest) matches.insert(length, at + 1);
  }
}
