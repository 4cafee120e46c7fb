/** Figures in readable form. */

/** "84 ms", "1.2 s". */
export const duration = (ms: number): string =>
  ms === 0
    ? "0 ms"
    : ms < 1
      ? `${ms.toFixed(2)} ms`
      : ms < 10
        ? `${ms.toFixed(1)} ms`
        : ms < 1000
          ? `${Math.round(ms)} ms`
          : `${(ms / 1000).toFixed(1)} s`;

/** "63%"; "none" if `whole` is 0. */
export const percent = (part: number, whole: number): string =>
  whole > 0 ? `${Math.round((100 * part) / whole)}%` : "none";

/** A number with what it counts: "1 token", "2 tokens". @param one the singular of a word whose plural ends with s */
export const counted = (count: number, one: string): string =>
  `${count.toLocaleString()} ${one}${count === 1 ? "" : "s"}`;

/** "850", "12 thousand", "3.4 million". */
export const amount = (count: number): string =>
  count < 1000
    ? String(count)
    : count < 999_500
      ? `${Math.round(count / 1000)} thousand`
      : `${(count / 1e6).toFixed(1)} million`;

const DAY_MS = 86_400_000;

/** Age of something created at an ISO 8601 time; "" if the time is invalid. */
export function age(created: string, now: number): string {
  const days = Math.floor((now - Date.parse(created)) / DAY_MS);
  if (Number.isNaN(days)) return "";
  return days < 1 ? "today" : days === 1 ? "a day ago" : `${days} days ago`;
}

/** A token with its blanks visible. */
export function visible(text: string): string {
  if (text === "") return "(end)";
  return text.replaceAll("\r", "").replaceAll("\n", "⏎").replaceAll("\t", "⇥").replaceAll(" ", "·");
}
