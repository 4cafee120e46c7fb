/**
 * The one scanner of brackets, strings and comments. It reads from left to right, so the state at a place depends
 * only on the text before it and stays valid while the text grows, unlike a parser's.
 */
import type { Lexicon, StringRule } from "../syntax/index.ts";
import { indentation } from "./indentation.ts";

/** Something that is open at a place, and what it is open in. Immutable, so that places can be compared. */
export interface Frame {
  readonly kind: "bracket" | "string" | "comment";
  /** The text that ends it; a line feed for a line comment. */
  readonly close: string;
  readonly parent: Frame | undefined;
  /** Frames it is open in, itself included. */
  readonly depth: number;
  /** Columns of white space at the start of the line it was opened in; where lists are aligned, those before its opener. */
  readonly indentation: number;
  /** Whether it is a brace at the end of its line, as those of blocks are. */
  readonly block: boolean;
  /** The rule of a string. */
  readonly rule?: StringRule;
}

/** What is open at a place; undefined: nothing. */
export type State = Frame | undefined;

const CLOSER: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const CLOSERS = ")]}";
/** Characters before a place that decide what a quote or a slash there means. */
const TAIL = 100;
const CHARACTER_CLASS: StringRule = { open: "[", close: "]", long: false, escape: "backslash" };
const HERE_DOCUMENT: StringRule = { open: "", close: "", long: true, escape: "none", endsByLine: true };
const REGULAR_EXPRESSION: StringRule = { open: "/", close: "/", long: false, escape: "backslash" };

/** Whether an expression begins after `code`, so that a slash is not a division. */
const operandExpected = (code: string) =>
  /(^|[(,=:[!&|?{};+~\n]|=>|\b(return|case|typeof|in|of|if|elsif|unless|when|and|or|not|while|until))[ \t]*$/.test(
    code,
  );

const depthOf = (state: State) => state?.depth ?? 0;

/** Whether two states have the same open frames, wherever they were opened. */
export function sameState(a: State, b: State): boolean {
  // Most compared pairs differ in depth; comparing frames is slow, as a long line may open thousands of brackets.
  if (depthOf(a) !== depthOf(b)) return false;
  let [left, right] = [a, b];
  while (left !== right) {
    if (!left || !right || left.kind !== right.kind || left.close !== right.close) return false;
    left = left.parent;
    right = right.parent;
  }
  return true;
}

/** Whether `frame` is among what is open in `state`. */
export function isOpenIn(frame: Frame, state: State): boolean {
  let at = state;
  while (at && at.depth > frame.depth) at = at.parent;
  return at === frame;
}

/** Whether it is a bracket of parameters, arguments or elements, which may span lines. */
export const isList = ({ kind, close }: Frame): boolean => kind === "bracket" && close !== "}";

/** The outermost list that was open at `start` and is closed in `state`: text after it belongs to the line it began in. */
export function closedList(start: State, state: State): Frame | undefined {
  let list: Frame | undefined;
  for (let at = start; at && !isOpenIn(at, state); at = at.parent) if (isList(at)) list = at;
  return list;
}

interface ScanHooks {
  /**
   * Decides about a closer that does not end the innermost frame. If absent, the closer ends the nearest frame it fits and
   * those left open inside it; a closer that fits no frame is ignored.
   */
  readonly unmatched?: (index: number, closer: string) => "stop" | "ignore";
  /** Called before a frame ends, `byLine` if a line feed ends it; returning true stops the scan before it. */
  readonly closing?: (frame: Frame, index: number, byLine: boolean) => boolean;
  /** Called with the state before each index; inside a token of several characters there is none. */
  readonly at?: (index: number, state: State | "within") => void;
}

export class Scanner {
  private lineIndentation = 0;
  /** What ends the here-document that begins in the next line. */
  private hereDocument: string | undefined;
  /** Columns of the key of the block scalar that the next lines belong to, and whether this line does. */
  private scalarColumns: number | undefined;
  private isScalarLine = false;

  /** @param tail the text before the place where it begins, as far as it decides what follows */
  constructor(
    private readonly lexicon: Lexicon,
    public state: State = undefined,
    private tail = "",
  ) {
    const line = tail.slice(tail.lastIndexOf("\n") + 1);
    this.lineIndentation = indentation(line);
    for (let i = line.indexOf("<<"); i >= 0; i = line.indexOf("<<", i + 2)) this.readMark(line, i);
  }

  /** Whether a line that begins with `blanks` after what was read, or goes on there, is part of a block scalar. */
  isInScalar(blanks: string): boolean {
    return (
      this.isScalarLine || (this.scalarColumns !== undefined && indentation(blanks) > this.scalarColumns)
    );
  }

  /** Reads `text`. @returns where it was stopped; else the length of the text */
  scan(text: string, hooks: ScanHooks = {}): number {
    const whole = this.tail + text;
    const base = this.tail.length;
    let i = 0;
    while (i < text.length) {
      hooks.at?.(i, this.state);
      const length = this.step(whole, base + i, base, hooks);
      if (length === 0) break;
      for (let k = 1; k < length; k++) hooks.at?.(i + k, "within");
      i += length;
    }
    const end = Math.min(i, text.length);
    hooks.at?.(end, i > end ? "within" : this.state);
    this.tail = whole.slice(Math.max(0, base + end - TAIL), base + end);
    return end;
  }

  /** @returns characters read; 0 where the scan is stopped */
  private step(text: string, i: number, base: number, hooks: ScanHooks): number {
    const char = text.charAt(i);
    if (char === "\n") return this.lineFeed(text, i, base, hooks);
    const { state } = this;
    if (state?.kind === "comment") return this.readCommentText(state, text, i, base, hooks);
    if (state?.kind === "string") return this.readString(state, text, i, base, hooks);
    return this.readScalar(text, i) ? 1 : this.readCode(text, i, base, hooks);
  }

  /** Whether a character is part of a block scalar; the first of a line that is no blank decides about the line. */
  private readScalar(text: string, i: number): boolean {
    if (this.scalarColumns === undefined || this.isScalarLine) return this.isScalarLine;
    if (/\s/.test(text.charAt(i))) return true;
    this.isScalarLine = this.isInScalar(text.slice(text.lastIndexOf("\n", i - 1) + 1, i));
    if (!this.isScalarLine) this.scalarColumns = undefined;
    return this.isScalarLine;
  }

  private push(
    kind: Frame["kind"],
    close: string,
    rule?: StringRule,
    { block = false, columns = this.lineIndentation }: { block?: boolean; columns?: number } = {},
  ): void {
    const parent = this.state;
    const frame = {
      kind,
      close,
      parent,
      depth: depthOf(parent) + 1,
      indentation: columns,
      block,
    };
    this.state = rule ? { ...frame, rule } : frame;
  }

  /** @returns the closer's length where `frame` ends here, 0 where that stops the scan */
  private end(frame: Frame, text: string, i: number, base: number, hooks: ScanHooks): number | undefined {
    if (!endsAt(frame, text, i)) return undefined;
    if (hooks.closing?.(frame, i - base, false)) return 0;
    this.state = frame.parent;
    // Text after a list, such as the block of a header, belongs to the line in which the list began.
    if (isList(frame)) this.lineIndentation = frame.indentation;
    return frame.close.length;
  }

  /** A line feed ends line comments, and strings that cannot span lines. */
  private lineFeed(text: string, i: number, base: number, hooks: ScanHooks): number {
    for (;;) {
      const { state } = this;
      const isOver =
        state?.kind === "comment"
          ? state.close === "\n"
          : state?.kind === "string" && state.rule?.long === false && text[i - 1] !== "\\";
      if (!state || !isOver) break;
      if (hooks.closing?.(state, i - base, true)) return 0;
      this.state = state.parent;
    }
    if (this.hereDocument !== undefined && this.state?.kind !== "string")
      this.push("string", this.hereDocument, HERE_DOCUMENT);
    this.hereDocument = undefined;
    this.isScalarLine = false;
    if (this.scalarColumns === undefined && this.state === undefined) {
      const line = text.slice(text.lastIndexOf("\n", i - 1) + 1, i);
      this.scalarColumns = this.lexicon.blockScalar?.exec(line)?.[1]?.length;
    }
    this.lineIndentation = indentation(text.slice(i + 1, i + 200));
    return 1;
  }

  private readCommentText(frame: Frame, text: string, i: number, base: number, hooks: ScanHooks): number {
    const { nestedComments, blockComment } = this.lexicon;
    const nested = nestedComments && frame.close !== "\n" ? blockComment : undefined;
    if (!nested || !text.startsWith(nested[0], i)) return this.end(frame, text, i, base, hooks) ?? 1;
    this.push("comment", nested[1]);
    return nested[0].length;
  }

  private readString(frame: Frame, text: string, i: number, base: number, hooks: ScanHooks): number {
    const { rule, parent } = frame;
    // A bracket in a text ends with the text, a literal with brackets of its own does not end with those around it.
    const isInText = parent !== undefined && parent.kind !== "bracket";
    if (rule?.nested && isInText && parent.close !== frame.close && endsAt(parent, text, i)) {
      this.state = parent;
      return this.step(text, i, base, hooks);
    }
    const escapedBy = rule && ESCAPES[rule.escape];
    if (i === base && isEscaped(text, i, escapedBy)) return 1;
    if (rule === REGULAR_EXPRESSION && text[i] === "[") {
      this.push("string", "]", CHARACTER_CLASS);
      return 1;
    }
    const contained = rule?.contains ? lengthAt(rule.contains, text, i) : 0;
    if (contained > 0) return contained;
    for (const [open, close] of rule?.interpolation ?? []) {
      if (!text.startsWith(open, i)) continue;
      if (rule?.doubledOpening && text.startsWith(open, i + open.length)) return 2 * open.length;
      this.push("bracket", close);
      return open.length;
    }
    if (text[i] === escapedBy) return escapeLength(text, i);
    if (rule?.nested && text.startsWith(rule.open, i)) {
      this.push("string", frame.close, rule);
      return rule.open.length;
    }
    if (rule?.escape === "doubled" && text.startsWith(frame.close + frame.close, i)) return 2;
    return this.end(frame, text, i, base, hooks) ?? 1;
  }

  /** Looks for a here-document's mark. Its characters are read one by one, as a text may end after any of them. */
  private readMark(text: string, i: number): void {
    if (text[i] !== "<" || text[i - 1] === "<") return;
    const { hereDocument } = this.lexicon;
    if (!hereDocument || this.hereDocument !== undefined) return;
    hereDocument.lastIndex = i;
    this.hereDocument = hereDocument.exec(text)?.[2];
  }

  private readCode(text: string, i: number, base: number, hooks: ScanHooks): number {
    const { escapedBy } = this.lexicon;
    if (i === base && isEscaped(text, i, escapedBy)) return 1;
    if (text[i] === escapedBy) return escapeLength(text, i);
    const comment = this.readComment(text, i);
    if (comment > 0) return comment;
    this.readMark(text, i);
    const { strings, regularExpressions, lifetimes, brackets } = this.lexicon;
    const char = text.charAt(i);
    for (const rule of strings) {
      if (!text.startsWith(rule.open, i)) continue;
      if (rule.inBrackets && this.state?.kind !== "bracket") continue;
      if (rule.after && !rule.after.test(text.slice(Math.max(0, i - 3), i))) continue;
      this.push("string", rule.close, rule);
      return rule.open.length;
    }
    if (regularExpressions && char === "/" && operandExpected(text.slice(Math.max(0, i - TAIL), i))) {
      this.push("string", "/", REGULAR_EXPRESSION);
      return 1;
    }
    if (lifetimes && char === "'") return characterLiteral(text, i);
    // It is a bracket if one is open, even in languages without angle brackets otherwise.
    const closesAngle = char === ">" && this.state?.close === ">" && !/[-=]/.test(text[i - 1] ?? "");
    if (closesAngle) return this.readCloser(char, text, i, base, hooks);
    if (!brackets) return 1;
    const closer = CLOSER[char];
    if (closer)
      this.push("bracket", closer, undefined, {
        block: char === "{" && endsLine(text, i + 1),
        columns: this.lexicon.alignedLists ? columnOf(text, i) : this.lineIndentation,
      });
    if (char === "<" && this.state?.close === ">") this.push("bracket", ">");
    return CLOSERS.includes(char) ? this.readCloser(char, text, i, base, hooks) : 1;
  }

  private readComment(text: string, i: number): number {
    const { lineComments, blockComment, spacedComments } = this.lexicon;
    if (blockComment && text.startsWith(blockComment[0], i)) {
      this.push("comment", blockComment[1]);
      return blockComment[0].length;
    }
    const line = lineComments.find(each => text.startsWith(each, i));
    if (line === undefined || (spacedComments && /\S/.test(text[i - 1] ?? ""))) return 0;
    this.push("comment", "\n");
    return line.length;
  }

  private readCloser(char: string, text: string, i: number, base: number, hooks: ScanHooks): number {
    const { state } = this;
    if (state?.close === char) return this.end(state, text, i, base, hooks) ?? 1;
    if (hooks.unmatched) return hooks.unmatched(i - base, char) === "stop" ? 0 : 1;
    let frame = state;
    while (frame && frame.kind === "bracket" && frame.close !== char) frame = frame.parent;
    if (frame?.kind === "bracket") this.state = frame.parent;
    return 1;
  }
}

/** The character that a rule escapes others with; undefined: none. */
const ESCAPES: Readonly<Partial<Record<StringRule["escape"], string>>> = { backslash: "\\", backtick: "`" };

/** Whether a character is escaped by a `by` before it that is not itself escaped. */
function isEscaped(text: string, i: number, by: string | undefined): boolean {
  let first = i;
  while (by !== undefined && text[first - 1] === by) first--;
  return (i - first) % 2 === 1;
}

/** Length of an escape and what it escapes, of which a line feed is none. */
const escapeLength = (text: string, i: number) => (text[i + 1] === "\n" || i + 1 === text.length ? 1 : 2);

/** Whether what ends a frame stands at `i`. */
const endsAt = ({ close, rule }: Frame, text: string, i: number) =>
  rule?.endsByLine ? isFirstWord(text, i, close) : text.startsWith(close, i);

/** Length of what a sticky expression matches at `i`; 0 if it does not. */
function lengthAt(sticky: RegExp, text: string, i: number): number {
  sticky.lastIndex = i;
  return sticky.exec(text)?.[0].length ?? 0;
}

/** Whether `word` stands at `i` as the first word of its line. */
const isFirstWord = (text: string, i: number, word: string) =>
  text.startsWith(word, i) &&
  !/\w/.test(text.charAt(i + word.length)) &&
  text.slice(text.lastIndexOf("\n", i - 1) + 1, i).trim() === "";

/** Whether nothing but blanks stands between `from` and the end of the line. */
function endsLine(text: string, from: number): boolean {
  let i = from;
  while (text[i] === " " || text[i] === "\t") i++;
  return i === text.length || text[i] === "\n";
}

/** Columns before `i` in its line. */
function columnOf(text: string, i: number): number {
  const line = text.slice(text.lastIndexOf("\n", i - 1) + 1, i);
  return indentation(line) + line.trimStart().length;
}

const CHARACTER_LITERAL = /'(?:\\(?:x[\da-f]{2}|u\{[\da-f_]*\}|.)|[^\\\n])'/iuy;

/** A word that a quote may be part of, as a prime is; `b` comes before a byte's literal. */
const PRIMED = /(\w\w|[^\Wb]|')$/;

/** Length of a character literal; 1 for a lifetime's quote. A bracket is never a lifetime's name. */
function characterLiteral(text: string, i: number): number {
  if (PRIMED.test(text.slice(Math.max(0, i - 2), i))) return 1;
  const literal = lengthAt(CHARACTER_LITERAL, text, i);
  if (literal > 0) return literal;
  if (text[i + 1] === "\\") return 2;
  return /[()[\]{}]/.test(text.charAt(i + 1)) ? 3 : 1;
}
