/** The suffix of the cursor's line: what it closes, and where a completion repeats it. */
import type { Lexicon } from "../syntax/index.ts";
import { type Frame, Scanner, type State } from "./scanner.ts";

/** A place in the rest of the line, up to which it may be replaced. */
export interface Step {
  /** UTF-16 units from the cursor. */
  readonly length: number;
  readonly state: State;
}

/** What the rest of the cursor's line means for a completion. */
export interface Rest {
  readonly text: string;
  /** The cursor itself, then the place after each closer that stands there before any words. */
  readonly steps: readonly Step[];
  /** The frames that these closers end. */
  readonly closes: ReadonlySet<Frame>;
  /** Whether there is more than closers and punctuation. */
  readonly hasWords: boolean;
  /** Whether a completion ends before it repeats this text; otherwise its own closers replace those of this text. */
  readonly isRepeatable: boolean;
  /** Whether it is a comment. */
  readonly isComment: boolean;
  /** Whether a list continues: the completion is one member of it. */
  readonly isList: boolean;
}

/** What may stand between closers. */
const BETWEEN = /^[;:,\s]*$/;
const PUNCTUATION = /^[)\]}>"'`;:,\s]*$/;

/** What `lineSuffix` means where `start` is open before it. */
export function restOf(lineSuffix: string, lexicon: Lexicon, start: State, tail: string): Rest {
  const steps: Step[] = [{ length: 0, state: start }];
  const closes = new Set<Frame>();
  const scanner = new Scanner(lexicon, start, tail);
  let reached = 0;
  scanner.scan(lineSuffix, {
    unmatched: () => "stop",
    closing(frame, index, byLine) {
      if (byLine || !BETWEEN.test(lineSuffix.slice(reached, index))) return true;
      reached = index + frame.close.length;
      closes.add(frame);
      steps.push({ length: reached, state: frame.parent });
      return false;
    },
  });
  const text = lineSuffix.trim();
  const hasWords = text !== "" && !PUNCTUATION.test(text);
  const isText = start ? start.kind !== "bracket" : !lexicon.brackets;
  return {
    text: lineSuffix,
    steps,
    closes,
    hasWords,
    isRepeatable: hasWords || (isText && text !== "" && steps.length === 1),
    isComment: beginsComment(text, lexicon),
    isList: text.startsWith(","),
  };
}

function beginsComment(text: string, { lineComments, blockComment }: Lexicon): boolean {
  const marks = [...lineComments, ...(blockComment ? [blockComment[0]] : [])];
  return marks.some(mark => text.startsWith(mark.trim()));
}

/** The closers at the start of `lineSuffix` that close nothing of `start`. */
export function unopenedClosers(lineSuffix: string, lexicon: Lexicon, start: State, tail: string): string[] {
  if (!lexicon.brackets) return [];
  const closers: string[] = [];
  let reached = 0;
  new Scanner(lexicon, start, tail).scan(lineSuffix, {
    unmatched(index, closer) {
      if (lineSuffix.slice(reached, index).trim() !== "") return "stop";
      reached = index + 1;
      closers.push(closer);
      return "ignore";
    },
    closing(frame, index) {
      if (lineSuffix.slice(reached, index).trim() !== "") return true;
      reached = index + frame.close.length;
      return false;
    },
  });
  return closers;
}

/** Where the end of a line begins to repeat the rest of the cursor's line, blanks aside. */
interface Repeat {
  /** Index in the line. */
  readonly from: number;
  /** Whether all of the rest is repeated; else only its beginning. */
  readonly whole: boolean;
}

/** The longest end of `line` that the rest begins with; undefined where there is none. */
export function repeatOf(line: string, rest: string): Repeat | undefined {
  const wanted = rest.replace(/\s+/g, "");
  if (wanted === "") return undefined;
  const places: number[] = [];
  let letters = "";
  for (let i = 0; i < line.length; i++) {
    if (/\s/.test(line.charAt(i))) continue;
    letters += line.charAt(i);
    places.push(i);
  }
  let length = Math.min(wanted.length, letters.length);
  while (length > 0 && !wanted.startsWith(letters.slice(letters.length - length))) length--;
  const from = places[places.length - length];
  return length === 0 || from === undefined ? undefined : { from, whole: length === wanted.length };
}
