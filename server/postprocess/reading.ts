/**
 * A completion's text read from the cursor on: what is open at each place, where it can no longer be part of the document, and
 * up to which place the document is as well-formed with it as without.
 */
import type { Place } from "./place.ts";
import type { Step } from "./rest.ts";
import { type Frame, isList, isOpenIn, Scanner, type State, sameState } from "./scanner.ts";

/** A frame open at the cursor that the text closes. */
interface Ending {
  readonly frame: Frame;
  /** Index of the closer, and the one after it. */
  readonly index: number;
  readonly end: number;
}

export interface Reading {
  /** What is open before each index; `within` a quote of several characters. */
  readonly states: readonly (State | "within")[];
  /** Where the text must end; -1: nowhere. */
  readonly cut: number;
  /** Whether the text there closes something that the document closes itself; otherwise the text is malformed. */
  readonly cutCloses: boolean;
  /** A closer whose counterpart may yet follow in the same line; -1: none. */
  readonly pending: number;
  readonly endings: readonly Ending[];
}

export function read(text: string, place: Place): Reading {
  return new TextReader(place).read(text);
}

class TextReader {
  private readonly states: (State | "within")[] = [];
  private readonly endings: Ending[] = [];
  private readonly scanner: Scanner;
  private cut = -1;
  private cutCloses = false;
  private pending = -1;
  /** Whether a pending closer's counterpart has been opened again. */
  private isReopened = false;

  constructor(private readonly place: Place) {
    this.scanner = new Scanner(place.rules.lexicon, place.start, place.tail);
  }

  read(text: string): Reading {
    let from = 0;
    for (const part of text.split(/(?=\n)|(?<=\n)/)) {
      if (part === "\n" && this.isPending()) this.cutAt(this.pending, true);
      if (this.cut >= 0) break;
      const start = from;
      this.scanner.scan(part, {
        at: (index, state) => {
          this.states[start + index] = state;
          if (state !== "within") this.reopen(state);
        },
        unmatched: (index, closer) => {
          const { state } = this.scanner;
          if (this.place.rules.lexicon.looseClosers?.includes(closer)) return "ignore";
          this.cutAt(start + index, state === undefined || isOpenIn(state, this.place.start));
          return "stop";
        },
        closing: (frame, index, byLine) =>
          this.place.isInTag && frame === this.place.start
            ? this.endTag(text, start + index)
            : this.close(frame, start + index, byLine),
      });
      from += part.length;
    }
    const pending = this.cut < 0 && this.isPending() ? this.pending : -1;
    return { states: this.states, cut: this.cut, cutCloses: this.cutCloses, pending, endings: this.endings };
  }

  private cutAt(index: number, closes: boolean): void {
    const isPending = this.isPending();
    this.cut = isPending ? this.pending : index;
    this.cutCloses = isPending || closes;
  }

  /** Whether the text has closed something that it must open again. */
  private isPending(): boolean {
    this.reopen(this.scanner.state);
    return this.pending >= 0;
  }

  /** Nothing is pending where the text fits again: up to there it may be shown and never taken back. */
  private reopen(state: State): void {
    if (this.pending < 0 || !fits(state, this.place)) return;
    this.pending = -1;
    this.isReopened = true;
  }

  /** The content and the end of a tag belong to the document. */
  private endTag(text: string, index: number): true {
    this.cutAt(text.slice(0, index).replace(/\s*\/?$/, "").length, true);
    return true;
  }

  /** @returns whether the text must end before the closer, or the line feed */
  private close(frame: Frame, index: number, byLine: boolean): boolean {
    const { start, closed, rest } = this.place;
    const own = !isOpenIn(frame, start);
    if (byLine) {
      const isWrong = frame.kind === "string" && (own || closed.has(frame));
      if (isWrong) this.cutAt(index, !own);
      return isWrong;
    }
    if (own) {
      // A frame opened in place of one at the cursor is closed in the same way as that one was.
      const isInItsPlace = this.isReopened && this.pending < 0 && fits(frame, this.place);
      if (isInItsPlace && !fits(frame.parent, this.place)) this.pending = index;
      return false;
    }
    const isSuperfluous = closed.has(frame) && !rest.closes.has(frame);
    if (isSuperfluous && frame.close === "}") {
      this.cutAt(index, true);
      return true;
    }
    if (isSuperfluous && this.pending < 0) this.pending = index;
    this.endings.push({ frame, index, end: index + frame.close.length });
    return false;
  }
}

/** The first step of the suffix with the same open frames as `state`, apart from those that the document leaves open. */
export function fits(state: State, place: Place): Step | undefined {
  const { rest, closed } = place;
  if (isClosedAfter(state, place)) return rest.steps[0];
  return rest.steps.find(step => {
    const isLast = rest.text.slice(step.length).trim() === "";
    const after = isLast && state?.kind === "comment" && state.close === "\n" ? state.parent : state;
    for (let at = step.state; ; at = at.parent) {
      if (sameState(after, at) || sameState(state, at)) return true;
      if (!at || closed.has(at)) return false;
    }
  });
}

/** Whether the document closes what the text has opened, and then all frames of the cursor that are still open. */
function isClosedAfter(state: State, { start, closers }: Place): boolean {
  if (state === undefined || isOpenIn(state, start) || closers.length < state.depth) return false;
  let index = 0;
  for (let at: State = state; at; at = at.parent)
    if (at.kind !== "bracket" || closers[index++] !== at.close) return false;
  // The text may have closed a list, such as that of a header whose block follows, but not a block to open another one.
  return start === undefined || isOpenIn(start, state) || isList(start);
}

/** The step at which the suffix continues if the text ends at `index`; undefined if the text would damage it. */
export function fitsAt(reading: Reading, index: number, place: Place): Step | undefined {
  const state = reading.states[index];
  return state === "within" ? undefined : fits(state, place);
}
