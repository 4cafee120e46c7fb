/** Which of the frames open at the cursor the document closes after it, and what else it closes. */
import type { Lexicon } from "../syntax/index.ts";
import { indentation } from "./indentation.ts";
import { type Frame, isOpenIn, Scanner, type State } from "./scanner.ts";

interface FollowingText {
  /** The end of the text before the cursor. */
  readonly tail: string;
  /** Whether the document continues after the text: a block may then end out of sight. */
  readonly partial: boolean;
}

interface ClosedFrames {
  readonly closed: ReadonlySet<Frame>;
  /** The closers in code that close nothing opened after the cursor, in order. */
  readonly closers: readonly string[];
}

/**
 * The frames of `start` that `after` closes. A closer that begins a line only closes frames opened in a line that is
 * not deeper: deeper ones have been left open.
 */
export function closedFrames(
  start: State,
  lexicon: Lexicon,
  after: string,
  { tail, partial }: FollowingText,
): ClosedFrames {
  const closed = new Set<Frame>();
  const nextIndentation = indentation(/\n([ \t]*)\S/.exec(after)?.[1] ?? "");
  if (partial)
    for (let frame = start; frame; frame = frame.parent)
      if (frame.block && nextIndentation > frame.indentation) closed.add(frame);
  // An angle bracket is known to be one because the document closes it.
  if (start?.close === ">") closed.add(start);
  const brackets = start?.close === ">" ? start.parent : start;
  const { from, state } = leaveStrings(brackets, lexicon, after, { tail, partial }, closed);
  const closers = closeBrackets(
    new Scanner(lexicon, undefined, tail + after.slice(0, from)),
    state,
    after,
    from,
    closed,
    lexicon,
  );
  return { closed, closers };
}

function isInString(state: State): boolean {
  for (let frame = state; frame; frame = frame.parent) if (frame.kind !== "bracket") return true;
  return false;
}

/** What comes before and after a quote that begins a string. */
const BEFORE_OPENING = /[\s=([{,:+]$/;
const AFTER_OPENING = /^[^\s)\]},;:|&>"'`]/;
/** The same after a double quote that is closed in its line: the text is quoted itself. */
const AFTER_DOUBLE = /^'[^"\n]*"/;

/**
 * Whether what looks like a string's closer in a later line of `after` begins another string instead: the one at the cursor is
 * open.
 */
function beginsAnother({ close, rule }: Frame, index: number, after: string): boolean {
  if (rule?.open !== close || !after.slice(0, index).includes("\n")) return false;
  const text = after.slice(index + close.length);
  const opens = AFTER_OPENING.test(text) || (close === '"' && AFTER_DOUBLE.test(text));
  return opens && BEFORE_OPENING.test(after.slice(0, index));
}

/** The first place in `after` where code continues, and the part of `start` that is open there. */
function leaveStrings(
  start: State,
  lexicon: Lexicon,
  after: string,
  { tail, partial }: FollowingText,
  closed: Set<Frame>,
): { from: number; state: State } {
  let code: { from: number; state: State } | undefined;
  const left: Frame[] = [];
  let open = partial ? undefined : outermostString(start);
  new Scanner(lexicon, start, tail).scan(after, {
    unmatched: () => "ignore",
    closing(frame, index, byLine) {
      if (code || byLine) return code !== undefined;
      if (!isOpenIn(frame, start)) return false;
      if (beginsAnother(frame, index, after)) {
        open = frame;
        return true;
      }
      left.push(frame);
      return false;
    },
    at(from, state) {
      if (state !== "within" && !isInString(state)) code ??= { from, state };
    },
  });
  const unclosed = code ? undefined : open;
  for (const frame of left) if (!unclosed || !isOpenIn(unclosed, frame)) closed.add(frame);
  const lineEnd = after.indexOf("\n");
  const isLeft = unclosed !== undefined && lineEnd >= 0;
  return code ?? { from: isLeft ? lineEnd : after.length, state: unclosed?.parent };
}

/** The outermost string or comment of `state`. */
function outermostString(state: State): Frame | undefined {
  let outermost: Frame | undefined;
  for (let frame = state; frame; frame = frame.parent) if (frame.kind !== "bracket") outermost = frame;
  return outermost;
}

/** What stands before the pattern of a branch of a shell's `case`, whose closer has no opener. */
const BRANCH = /(;;|;&|\bin)\s*$/;

/**
 * The first line below the one at `from` that has code, and its columns: lists that were opened no less deep have been
 * left open. Undefined where tabs hide how deep it is.
 */
function codeBelow(
  after: string,
  from: number,
  { lineComments }: Lexicon,
): { from: number; columns: number } | undefined {
  for (let end = after.indexOf("\n", from); end >= 0; end = after.indexOf("\n", end + 1)) {
    const line = after.slice(end + 1).split("\n", 1)[0] ?? "";
    const text = line.trimStart();
    if (text === "" || lineComments.some(mark => text.startsWith(mark))) continue;
    return line.startsWith("\t") ? undefined : { from: end + 1, columns: indentation(line) };
  }
  return undefined;
}

/** Matches the closers of `after` with the frames of `state`, the innermost first. @returns the closers */
function closeBrackets(
  scanner: Scanner,
  state: State,
  after: string,
  from: number,
  closed: Set<Frame>,
  lexicon: Lexicon,
): readonly string[] {
  let left = state;
  const closers: string[] = [];
  const below = lexicon.alignedLists ? codeBelow(after, from, lexicon) : undefined;
  scanner.scan(after.slice(from), {
    unmatched(at, closer) {
      const index = from + at;
      if (below && index >= below.from) while (left && left.indentation >= below.columns) left = left.parent;
      const lineStart = after.lastIndexOf("\n", index) + 1;
      if (lexicon.looseClosers?.includes(closer) && BRANCH.test(after.slice(0, lineStart))) return "ignore";
      closers.push(closer);
      const begins = lineStart > 0 && after.slice(lineStart, index).trim() === "";
      const depth = begins ? indentation(after.slice(lineStart, index)) : Number.POSITIVE_INFINITY;
      while (left) {
        const frame = left;
        left = frame.parent;
        const closes = frame.close === closer && frame.indentation <= depth;
        if (closes) closed.add(frame);
        else closed.delete(frame);
        if (closes) break;
      }
      return "ignore";
    },
  });
  return closers;
}
