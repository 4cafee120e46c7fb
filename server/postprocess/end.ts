/**
 * Where a completion ends. The model is trusted: if it generates its end token, or reaches the text that follows in
 * the document, all lines before that are kept if they can stand there. If it does not stop, only the statement or
 * block at the cursor is kept.
 */
import { type Belonging, belongs, isInside, isJumpBefore, type Line, mayFollow } from "./block.ts";
import { indentation } from "./indentation.ts";
import { alike, mayBecomeAlike } from "./likeness.ts";
import { LineRepetition } from "./lineRepetition.ts";
import type { Place } from "./place.ts";
import { fitsAt, type Reading } from "./reading.ts";
import { type Repeated, repeatsBelow } from "./repeats.ts";
import { repeatOf } from "./rest.ts";

/** Why the text ends before the model ends it. */
export type StopReason =
  | "lineEnd"
  | "maxLines"
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
  /** Whether the text is complete there; otherwise it may end at any word. */
  readonly natural: boolean;
  /** Set once no further text can change that. */
  readonly stopped?: StopReason;
  /** Whether a line may yet turn out to be the document's next one, wherever the text must end. */
  readonly isUndecided?: boolean;
}

/** Blank lines in a row that end a block, as between top-level definitions. */
const BLANK_LINES = 2;

/** Ends of lines whose expression continues in the next line. */
const GOES_ON = /([,({[+\-*/&|=?:.\\]|[-=]>|\b(and|or|in))$/;

/** Where the text ends if the model does not end it properly later. */
interface Fallback {
  readonly index: number;
  readonly reason: StopReason;
}

/** The text that the model has generated at a place so far. */
interface Generated {
  /** The normalised text up to its limit. */
  readonly text: string;
  /** The states of the scanner along the text. */
  readonly reading: Reading;
  readonly place: Place;
  /** All of the normalised text, and whether no more of it follows. */
  readonly all: string;
  readonly ended: boolean;
  /** Whether the text is over, at a limit or where it has ended. */
  readonly over: boolean;
  /** Whether the text ends with the model's end token, or where the document continues. */
  readonly trusted: boolean;
}

/** Reads the lines of a text from the first to the one where it ends. */
export class EndFinder {
  /** The complete lines so far that are not blank, and what they repeat. */
  private readonly repetition: LineRepetition;
  /** Index after the last whole line that is not blank. */
  private reached = 0;
  private blankLines = 0;
  private fallback: Fallback | undefined;

  constructor(private readonly generated: Generated) {
    this.repetition = new LineRepetition(generated.place);
  }

  find(): End {
    const { text, place, over } = this.generated;
    const lines = text.split("\n");
    let from = 0;
    for (const [index, added] of lines.entries()) {
      const whole = over || index < lines.length - 1;
      const line = (index === 0 ? place.linePrefix + added : added).trimEnd();
      const end = this.line({ line, whole, from }, index, added);
      if (end) return end;
      from += added.length + 1;
    }
    if (over && (isTrusted(this.generated) || !this.fallback))
      return { index: this.trustedEnd(text.length), natural: true };
    return this.held();
  }

  /** `index`, or the fallback if the next line of the document cannot follow there. */
  private trustedEnd(index: number): number {
    const { nextLine, rules } = this.generated.place;
    const last = this.repetition.last ?? "";
    const isDeeper = rules.indented && nextLine !== "" && indentation(nextLine) > indentation(last);
    return this.fallback && isDeeper && !/[:,({[\\]$/.test(last) ? this.fallback.index : index;
  }

  /** The end up to which text can be shown, whatever follows. */
  private held(): End {
    const { above, duplicateFrom } = this.repetition;
    if (above === "undecided" && !this.generated.over) return { index: 0, natural: true };
    return { index: this.fallback?.index ?? duplicateFrom ?? this.reached, natural: true };
  }

  private line(at: Line, index: number, added: string): End | undefined {
    const { line, whole, from } = at;
    const { text, place, reading } = this.generated;
    const inLine = place.rest.text.trim() !== "";
    const blocked = index > 0 && !inLine ? this.continuation(at) : undefined;
    if (blocked) return blocked;
    if (line.trim() === "" && (index > 0 || place.linePrefix.trim() === "")) {
      if (index > 0 && !isInside(reading, from, place)) this.blankLines++;
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
    const isLast = this.reached >= text.length;
    return inLine && !isLast ? this.lineEnd(index) : undefined;
  }

  /** The first line is shown word by word, later lines once they are whole. */
  private partial({ from }: Line, index: number, added: string): End {
    return index === 0 ? { index: from + added.length, natural: false } : this.held();
  }

  /** The end where a line does not belong to what is completed. */
  private continuation(at: Line): End | undefined {
    const { place, reading, text } = this.generated;
    const begun = this.reached > 0 || place.linePrefix.trim() !== "";
    if (this.fallback) return this.trusting(at) ? undefined : this.stop(this.fallback.reason);
    const belonging: Belonging = begun ? belongs(at, text, place, reading) : "yes";
    if (belonging === "yes") return undefined;
    if (belonging === "undecided") return this.held();
    const reason = place.syntax()?.wanted === "statement" ? "statementEnd" : "blockEnd";
    this.fallback = { index: this.reached, reason };
    // After the block of a header in the cursor's line, the next statement is not part of the completion.
    const isBeyond = belonging === "outside" && place.linePrefix.trim() !== "";
    return !isBeyond && this.trusting(at) && !this.isUnreachable(at) ? undefined : this.stop(reason);
  }

  /** Whether a line follows a `return` or the like in its block. */
  private isUnreachable(at: Line): boolean {
    const { place, reading, text } = this.generated;
    if (this.reached === 0 || at.line.trim() === "" || indentation(at.line) < indentation(place.linePrefix))
      return false;
    return isJumpBefore(at.from, text, place, reading);
  }

  /** Whether a line after the fallback can be kept if the text ends properly, or may be where the document continues. */
  private trusting({ line, whole, from }: Line): boolean {
    const { reading, place } = this.generated;
    const mayStay = line.trim() === "" || isInside(reading, from, place) || mayFollow(line, place);
    return mayStay || repeatsBelow(line, whole, place) !== "no";
  }

  /** The end where the text repeats the document or itself; a line's decision is recorded once the line is complete. */
  private repeated(at: Line): End | undefined {
    const { line, whole } = at;
    const { repetition, generated, reached } = this;
    const isAlone = generated.place.rest.text.trim() === "";
    const below = isAlone ? repeatsNextLine(beyondLimit(at, generated), reached, generated) : "no";
    if (below === "yes") return { index: this.trustedEnd(reached), natural: true, stopped: "suffix" };
    if (repetition.repeatsAbove(line, whole) === "yes")
      return { index: 0, natural: true, stopped: "repetition" };
    const looping = repetition.isLooping(line, whole);
    if (looping === "yes") return { ...this.held(), stopped: "repetition" };
    const undecided = [below, looping, repetition.above].includes("undecided");
    if (below === "undecided") return { ...this.held(), isUndecided: true };
    if (!whole) return undecided ? this.held() : undefined;
    repetition.record(line, reached);
    return undefined;
  }

  /** The end before a beginning of the line's suffix. */
  private rest({ whole, from }: Line, added: string): End | undefined {
    const { rest } = this.generated.place;
    const repeat = rest.isRepeatable && !whole ? repeatOf(added, rest.text) : undefined;
    if (!repeat) return undefined;
    return from > 0 ? this.held() : { index: repeat.from, natural: false };
  }

  /** The end of the text after a whole line, if the cursor's line has a suffix. */
  private lineEnd(index: number): End | undefined {
    const { reached } = this;
    const { place, reading, text } = this.generated;
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

/** Whether lines after the fallback are kept. Inside brackets that the cursor's line closes, the text must close them. */
function isTrusted({ text, reading, place, trusted }: Generated): boolean {
  if (!trusted || place.rest.closes.size === 0) return trusted;
  return (fitsAt(reading, text.trimEnd().length, place)?.length ?? 0) > 0;
}

/** A line as far as it is generated: one that the text must end within may be the document's next one. */
function beyondLimit(at: Line, { text, all, ended, over }: Generated): Line {
  const kept = text.slice(at.from);
  if (!over || kept.includes("\n") || kept.trim() === "") return at;
  const end = all.indexOf("\n", at.from);
  const added = all.slice(text.length, end < 0 ? all.length : end);
  return {
    ...at,
    line: (at.line + kept.slice(kept.trimEnd().length) + added).trimEnd(),
    whole: ended || end >= 0,
  };
}

/** Whether a line repeats the document's next one. @param reached index after the last whole line before it */
function repeatsNextLine({ line, whole, from }: Line, reached: number, generated: Generated): Repeated {
  const { place, reading, all, ended } = generated;
  // The document closes what the text has opened.
  const isSame = whole && line === place.nextLine;
  if (isSame && isInside(reading, reached, place) && fitsAt(reading, reached, place)) return "yes";
  const repeats = repeatsBelow(line, whole, place);
  if (repeats !== "yes" || place.lineAfterNext === "") return repeats;
  // Deeper lines, such as `return None`, occur in several blocks, and headers, such as `it("works", () => {`, begin
  // several: the line after it decides whether it is this one.
  const isDeeper = indentation(place.nextLine) > indentation(place.linePrefix);
  const isHeader = indentation(place.lineAfterNext) > indentation(place.nextLine);
  if (!isDeeper && !isHeader) return repeats;
  const following = all.slice(from).split("\n").slice(1);
  const index = following.findIndex(each => each.trim() !== "");
  if (index < 0) return ended ? "yes" : "undecided";
  const next = following[index] ?? "";
  const isWhole = ended || index < following.length - 1;
  if (isWhole) return alike(next, place.lineAfterNext) ? "yes" : "no";
  return mayBecomeAlike(next, place.lineAfterNext) ? "undecided" : "no";
}
