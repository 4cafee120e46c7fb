/**
 * Where a completion ends. The model is trusted: if it generates its end token, or reaches the text that follows in
 * the document, all lines before that are kept that can stand there. If it does not stop, only the statement or
 * block at the cursor is kept.
 */
import { type Belonging, belongs, isInside, isJumpBefore, type Line, mayFollow } from "./block.ts";
import { indentation } from "./indentation.ts";
import { alike, mayBecomeAlike } from "./likeness.ts";
import type { Place } from "./place.ts";
import { fitsAt, type Reading } from "./reading.ts";
import { mayRepeat, type Repeated, repeatsAbove, repeatsBelow } from "./repeats.ts";
import { mayRepeatLines, repeatsLines } from "./repetition.ts";
import { repeatOf } from "./rest.ts";

/** Why the text ends before the model ends it. */
export type StopReason =
  | "lineEnd"
  | "statementEnd"
  | "blockEnd"
  | "bracket"
  | "suffix"
  | "repetition"
  | "invalid"
  | "fence";

export interface End {
  /** Index up to which the text may be shown. */
  readonly index: number;
  /** Whether the text is whole there: else it may be at any word. */
  readonly natural: boolean;
  /** Set once no further text can change that. */
  readonly stopped?: StopReason;
}

/** Blank lines in a row that end a block, as between top-level definitions. */
const BLANK_LINES = 2;

/** Ends of lines whose expression continues in the next line. */
const GOES_ON = /([,({[+\-*/&|=?:.\\]|[-=]>|\b(and|or|in))$/;

/** Where the text ends if the model does not end it properly further on. */
interface Fallback {
  readonly index: number;
  readonly reason: StopReason;
}

/** Reads the lines of a text from the first to the one where it ends. */
export class EndFinder {
  private readonly lines: readonly string[];
  /** The whole lines so far that are not blank; the first begins with the line's prefix. */
  private readonly seen: string[] = [];
  /** Whether these repeat the lines above the cursor. */
  private above: Repeated = "undecided";
  /** Index after the last whole line that is not blank. */
  private reached = 0;
  private blankLines = 0;
  private fallback: Fallback | undefined;
  /** Index before a line that repeats the one above it: if a third follows, the text ends there. */
  private duplicateFrom: number | undefined;

  /**
   * @param text the normalised text up to its limit
   * @param over whether no more text follows
   * @param trusted whether it ends with the model's end token, or where the document continues
   */
  constructor(
    private readonly text: string,
    private readonly reading: Reading,
    private readonly place: Place,
    private readonly over: boolean,
    private readonly trusted: boolean,
  ) {
    this.lines = text.split("\n");
  }

  find(): End {
    let from = 0;
    for (const [index, added] of this.lines.entries()) {
      const whole = this.over || index < this.lines.length - 1;
      const line = (index === 0 ? this.place.linePrefix + added : added).trimEnd();
      const end = this.line({ line, whole, from }, index, added);
      if (end) return end;
      from += added.length + 1;
    }
    if (this.over && (this.isTrusted() || !this.fallback))
      return { index: this.trustedEnd(this.text.length), natural: true };
    return this.held();
  }

  /** Whether lines after the fallback are kept. Inside brackets that the cursor's line closes, the text must close them. */
  private isTrusted(): boolean {
    const { place, reading, text } = this;
    if (!this.trusted || place.rest.closes.size === 0) return this.trusted;
    return (fitsAt(reading, text.trimEnd().length, place)?.length ?? 0) > 0;
  }

  /** `index`, or the fallback if the next line of the document cannot follow there. */
  private trustedEnd(index: number): number {
    const { nextLine, rules } = this.place;
    const last = this.seen.at(-1) ?? "";
    const isDeeper = rules.indented && nextLine !== "" && indentation(nextLine) > indentation(last);
    return this.fallback && isDeeper && !/[:,({[\\]$/.test(last) ? this.fallback.index : index;
  }

  /** What can be shown whatever follows. */
  private held(): End {
    if (this.above === "undecided" && !this.over) return { index: 0, natural: true };
    return { index: this.fallback?.index ?? this.duplicateFrom ?? this.reached, natural: true };
  }

  private line(at: Line, index: number, added: string): End | undefined {
    const { line, whole, from } = at;
    const inLine = this.place.rest.text.trim() !== "";
    const blocked = index > 0 && !inLine ? this.continuation(at) : undefined;
    if (blocked) return blocked;
    if (line.trim() === "" && (index > 0 || this.place.linePrefix.trim() === "")) {
      if (index > 0 && !isInside(this.reading, from, this.place)) this.blankLines++;
      return undefined;
    }
    if (this.blankLines >= BLANK_LINES && this.reached > 0) return this.stop("blockEnd");
    const repeated = this.repeated(at);
    if (repeated) return repeated;
    const inRest = inLine ? this.rest(at, added) : undefined;
    if (inRest) return inRest;
    if (!whole) return this.partial(at, index, added);
    this.blankLines = 0;
    this.reached = from + added.length;
    const isLast = from + added.length >= this.text.length;
    return inLine && !isLast ? this.lineEnd(index) : undefined;
  }

  /** The first line is shown word by word, later lines once they are whole. */
  private partial({ from }: Line, index: number, added: string): End {
    return index === 0 ? { index: from + added.length, natural: false } : this.held();
  }

  /** The end where a line does not belong to what is completed. */
  private continuation(at: Line): End | undefined {
    const { place, reading, text } = this;
    const begun = this.reached > 0 || place.linePrefix.trim() !== "";
    if (this.fallback) return this.trusting(at) ? undefined : this.stop(this.fallback.reason);
    const belonging: Belonging = begun ? belongs(at, text, place, reading) : "yes";
    if (belonging === "yes") return undefined;
    if (belonging === "undecided") return this.held();
    const reason = place.syntax()?.wanted === "statement" ? "statementEnd" : "blockEnd";
    this.fallback = { index: this.reached, reason };
    // After the block of a header in the cursor's line, the next statement is no part of the completion.
    const isBeyond = belonging === "outside" && place.linePrefix.trim() !== "";
    return !isBeyond && this.trusting(at) && !this.isUnreachable(at) ? undefined : this.stop(reason);
  }

  /** Whether a line follows a `return` or the like in its block. */
  private isUnreachable(at: Line): boolean {
    const { place, reading, text } = this;
    if (this.reached === 0 || at.line.trim() === "" || indentation(at.line) < indentation(place.linePrefix))
      return false;
    return isJumpBefore(at.from, text, place, reading);
  }

  /** Whether a line after the fallback can be kept if the text ends properly. */
  private trusting({ line, from }: Line): boolean {
    return line.trim() === "" || isInside(this.reading, from, this.place) || mayFollow(line, this.place);
  }

  private repeated(at: Line): End | undefined {
    const { line, whole } = at;
    const below = this.place.rest.text.trim() === "" ? this.repeatsBelow(at) : "no";
    if (below === "yes") return { index: this.trustedEnd(this.reached), natural: true, stopped: "suffix" };
    if (this.above === "undecided") this.above = repeatsAbove([...this.seen, line], whole, this.place);
    if (this.above === "yes") return { index: 0, natural: true, stopped: "repetition" };
    const looping = this.isLooping(line, whole);
    if (looping === "yes") return { ...this.held(), stopped: "repetition" };
    const undecided = [below, looping, this.above].includes("undecided");
    if (below === "undecided" || !whole) return undecided ? this.held() : undefined;
    this.record(line);
    return undefined;
  }

  /** Whether a line repeats the document's next one. */
  private repeatsBelow({ line, whole, from }: Line): Repeated {
    const { place, reading, reached, text } = this;
    // The document closes what the text has opened.
    if (
      whole &&
      line === place.nextLine &&
      isInside(reading, reached, place) &&
      fitsAt(reading, reached, place)
    )
      return "yes";
    const repeats = repeatsBelow(line, whole, place);
    const isDeeper = indentation(place.nextLine) > indentation(place.linePrefix);
    if (repeats !== "yes" || !isDeeper || place.lineAfterNext === "") return repeats;
    // Deeper lines, such as `return None`, occur in several blocks: the line after it decides whether it is this one.
    const following = text.slice(from).split("\n").slice(1);
    const index = following.findIndex(each => each.trim() !== "");
    if (index < 0) return this.over ? "yes" : "undecided";
    const next = following[index] ?? "";
    const isWhole = this.over || index < following.length - 1;
    if (isWhole) return alike(next, place.lineAfterNext) ? "yes" : "no";
    return mayBecomeAlike(next, place.lineAfterNext) ? "undecided" : "no";
  }

  private record(line: string): void {
    const isDuplicate = this.seen.at(-1) === line && !mayRepeat(line);
    this.duplicateFrom = isDuplicate ? (this.duplicateFrom ?? this.reached) : undefined;
    this.seen.push(line);
  }

  private isLooping(line: string, whole: boolean): Repeated {
    if (whole) return repeatsLines(this.seen, line) ? "yes" : "no";
    const last = this.seen.at(-1);
    const mayBeThird = this.duplicateFrom !== undefined && (last?.startsWith(line) ?? false);
    return mayBeThird || mayRepeatLines(this.seen, line) ? "undecided" : "no";
  }

  /** The end before a beginning of the line's suffix. */
  private rest({ whole, from }: Line, added: string): End | undefined {
    const { rest } = this.place;
    const repeat = rest.isRepeatable && !whole ? repeatOf(added, rest.text) : undefined;
    if (!repeat) return undefined;
    return from > 0 ? this.held() : { index: repeat.from, natural: false };
  }

  /** The end of the text after a whole line, if the cursor's line has a suffix. */
  private lineEnd(index: number): End | undefined {
    const { place, reading, reached, text } = this;
    const step = fitsAt(reading, reached, place);
    if (!step) return undefined;
    if (step.length > 0) return { index: reached, natural: true, stopped: "lineEnd" };
    const { rest, start } = place;
    const isBlock = start?.close === "}" && index > 0;
    const opensBelow = text.startsWith("\n") || isBlock || start?.rule?.long === true;
    const goesOn = rest.closes.size > 0 && (opensBelow || GOES_ON.test(text.slice(0, reached)));
    if (goesOn || this.fallback || (index === 0 && reached === 0)) return undefined;
    if (rest.isList || rest.isComment || (rest.closes.size === 0 && !rest.hasWords))
      return this.stop("lineEnd");
    this.fallback = { index: reached, reason: "lineEnd" };
    return undefined;
  }

  private stop(reason: StopReason): End {
    return { index: this.fallback?.index ?? this.reached, natural: true, stopped: reason };
  }
}
