/** Detects a model that generates the same words or the same lines over and over. */

/** Periods longer than this are looked for line by line. */
const LONGEST_PERIOD = 40;
/** A period counts when it fills this many characters... */
const REPEATED_CHARACTERS = 60;
/** ...and occurs this many times in a row. */
const REPEATED_TIMES = 5;

/**
 * Index after the first place where the end of the text is one period repeated, or -1. For every period it keeps
 * how far back the text equals itself shifted by that period: the failure function of Knuth, Morris and Pratt gives
 * this for the shortest period. It needs no later text. Rulers of punctuation and rows of numbers are common in
 * valid code and do not count.
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
      if (run + period >= enough && isTelling(text.slice(i + 1 - period, i + 1), run + period)) return i + 1;
    }
  }
  return -1;
}

/** Digits of the longest numbers that are written as constants, of 512 bits. */
const LONGEST_NUMBER = 128;

/** Whether a repeated period has words; a hexadecimal number may consist of one digit. */
const isTelling = (period: string, length: number) =>
  /\p{L}/u.test(period) && (length > LONGEST_NUMBER || !/^[\da-f]+$/i.test(period));

/** After so many equal lines, or equal groups of lines, in a row the model counts as repeating itself. */
const REPEATED_LINES = 3;
const LONGEST_GROUP = 4;

/** Lines with only closing brackets follow each other in valid code. */
const closes = (line: string) => /^[\s)\]},;]*$/.test(line);

/** Whether `line` after `previous` completes a group of lines for the third time. */
export function repeatsLines(previous: readonly string[], line: string): boolean {
  return groups(previous, line, (earlier, now) => earlier === now);
}

/** Whether `line`, once it is complete, may do so. */
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
