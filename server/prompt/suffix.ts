/**
 * The text after the cursor as the model sees it, for formats that put it first: it stays the same until
 * a tenth has changed, so that the KV cache after it stays valid while the user types.
 */

/** Share of the text that may change before the model sees the change. */
const TOLERANCE = 0.1;

/** The suffix for a prompt: the previous one while it is similar enough, else `text` itself. */
export function nextSuffix(previous: string | undefined, text: string): string {
  return previous !== undefined && changedShare(previous, text) < TOLERANCE ? previous : text;
}

/** Share of the characters of both texts in lines that the other text does not have, 0 to 1. */
export function changedShare(a: string, b: string): number {
  if (a === b) return 0;
  const counts = new Map<string, number>();
  for (const line of a.split("\n")) counts.set(line, (counts.get(line) ?? 0) + 1);
  let common = 0;
  for (const line of b.split("\n")) {
    const count = counts.get(line) ?? 0;
    if (count === 0) continue;
    counts.set(line, count - 1);
    common += 2 * (line.length + 1);
  }
  return 1 - common / (a.length + b.length + 2);
}
