/** A model that goes round in circles: the same words or the same lines over and over. */

/** Periods longer than this are looked for line by line. */
const LONGEST_PERIOD = 40;
/** A period counts when it fills this many characters... */
const REPEATED_CHARACTERS = 60;
/** ...and occurs this many times in a row. */
const REPEATED_TIMES = 5;

/**
 * Index after the first place where the text's end is one period over and over, or -1. For every
 * period it keeps how far back the text equals itself shifted by it, which is what the failure function of
 * Knuth, Morris and Pratt gives for the shortest one, and it needs no look at later text. Rulers of
 * punctuation and rows of numbers are common in sound code and are no repetition.
 */
export function periodEnd(text: string): number {
  const equal = new Int32Array(LONGEST_PERIOD + 1);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    for (let period = 1; period <= LONGEST_PERIOD && period <= i; period++) {
      if (code !== text.charCodeAt(i - period)) {
        equal[period] = 0;
        continue;
      }
      const run = (equal[period] ?? 0) + 1;
      equal[period] = run;
      const enough = Math.max(REPEATED_CHARACTERS, period * REPEATED_TIMES);
      if (run + period >= enough && /\p{L}/u.test(text.slice(i + 1 - period, i + 1))) return i + 1;
    }
  }
  return -1;
}

/** Equal lines, or equal groups of lines, in a row after which the model is taken to be going in circles. */
const REPEATED_LINES = 3;
const LONGEST_GROUP = 4;

/** Lines of nothing but closing brackets follow each other in sound code. */
const closes = (line: string) => /^[\s)\]},;]*$/.test(line);

/** Whether `line` after `previous` completes a group of lines for the third time. */
export function repeatsLines(previous: readonly string[], line: string): boolean {
  return groups(previous, line, (earlier, now) => earlier === now);
}

/** Whether `line`, once it is whole, may do so. */
export function mayRepeatLines(previous: readonly string[], line: string): boolean {
  return groups(previous, line, (earlier, now) => earlier.startsWith(now));
}

function groups(
  previous: readonly string[],
  line: string,
  same: (earlier: string, now: string) => boolean,
): boolean {
  for (let group = 1; group <= LONGEST_GROUP; group++) {
    const from = previous.length - (REPEATED_LINES * group - 1);
    if (from < 0) return false;
    const last = previous[previous.length - group] ?? "";
    if (!same(last, line)) continue;
    const earlier = previous.slice(from);
    const periodic = earlier.every((each, i) => i < group || each === earlier[i - group]);
    if (periodic && !earlier.slice(0, group).every(closes)) return true;
  }
  return false;
}
