/** How much of the rest of the cursor's line a text replaces. */
import type { Place } from "./place.ts";
import { fits, read } from "./reading.ts";

/**
 * UTF-16 units of the rest of the cursor's line that `text` repeats: the brackets it closes without having opened
 * them, and what follows them in both.
 */
export function overlap(text: string, place: Place): number {
  const { rest } = place;
  if (text === "" || rest.text.trim() === "") return 0;
  const { states, endings } = read(text, place);
  if (states.length <= text.length) return 0;
  const state = states[text.length];
  const step = state === "within" ? undefined : fits(state, place);
  if (!step) return 0;
  if (step.length === 0) return punctuation(text, rest.text);
  const ended = endings.filter(({ frame }) => rest.closes.has(frame));
  const last = ended[rest.steps.indexOf(step) - 1] ?? ended.at(-1);
  return step.length + common(text.slice(last?.end ?? text.length), rest.text.slice(step.length));
}

/** Characters of `rest` that `text` contains too: at its start, as its last mark, or as all of it. */
function common(text: string, rest: string): number {
  const [given, wanted] = [text.trimEnd(), rest.trimEnd()];
  if (wanted !== "" && given.startsWith(wanted)) return wanted.length;
  if (/^[>;:,]+$/.test(wanted) && given.endsWith(wanted)) return wanted.length;
  return given !== "" && wanted.startsWith(given) ? given.length : 0;
}

/** A mark at the end of the text that is also the first character after the cursor. */
const punctuation = (text: string, rest: string) =>
  /^[:;,]/.test(rest) && text.endsWith(rest.charAt(0)) ? 1 : 0;
