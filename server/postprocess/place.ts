/** The surroundings of a cursor that decide which part of a completion is shown and where it ends. */
import {
  type Grammars,
  type LanguageRules,
  type Lexicon,
  languageRules,
  regionAt,
  type StringRule,
  withoutEmbedded,
} from "../syntax/index.ts";
import { closedFrames } from "./closed.ts";
import { fencedAround } from "./fence.ts";
import { type IndentationStyle, indentation, indentationStyle } from "./indentation.ts";
import { isOfSeries } from "./repeats.ts";
import { type Rest, restOf, unopenedClosers } from "./rest.ts";
import { type Frame, Scanner, type State } from "./scanner.ts";
import { Syntax } from "./syntax.ts";
import { withTextBrackets } from "./textBrackets.ts";

/** Characters on either side of the cursor that are looked at. */
const WINDOW = { before: 8_000, after: 8_000 };
/** Lines above the cursor that a completion is compared with. */
const LINES_ABOVE = 8;
const TAIL = 100;

/** The lines at the cursor. */
interface CursorLines {
  /** The cursor's line up to the cursor. */
  readonly linePrefix: string;
  /** The cursor's line after the cursor. */
  readonly lineSuffix: string;
  /** The next line that is not blank, with its indentation; empty if there is none. */
  readonly nextLine: string;
  /** Lines above all of the document, the nearest last: those of a notebook's other cells. */
  readonly linesAbove?: readonly string[];
}

export interface Place extends CursorLines {
  readonly indentation: IndentationStyle;
  readonly rules: LanguageRules;
  /** Whether the document is text in which lines of code are marked by fences. */
  readonly isProse: boolean;
  /** The lines above the cursor's, the nearest last, without blanks at their ends. */
  readonly above: readonly string[];
  /** The line that is not blank below `nextLine`; empty if there is none. */
  readonly lineAfterNext: string;
  /** Whether `nextLine` is one of several that differ little. */
  readonly isInSeries: () => boolean;
  /** What is open at the cursor. */
  readonly start: State;
  /** Whether the cursor stands within a tag that the document ends. */
  readonly isInTag: boolean;
  /** The end of the text before the cursor. */
  readonly tail: string;
  /** The frames of `start` that the document closes itself. */
  readonly closed: ReadonlySet<Frame>;
  /** The closers after the cursor that close nothing opened there, in order. */
  readonly closers: readonly string[];
  readonly rest: Rest;
  /** What a parser knows of the place; undefined while there is none. */
  readonly syntax: () => Syntax | undefined;
}

/** A place of which only the lines are known, without a language. */
export function barePlace(lines: CursorLines): Place {
  const { linePrefix, lineSuffix, nextLine } = lines;
  const around = { before: linePrefix, after: `${lineSuffix}\n${nextLine}`, partial: false };
  return placeOf(around, { ...around, languageId: "" }, lines);
}

/** The document's text around the cursor, from the start of a line on. */
interface Around {
  readonly before: string;
  readonly after: string;
  /** Whether the document continues after `after`. */
  readonly partial: boolean;
}

/** The part of it that is in the language of the cursor. */
interface Code {
  readonly before: string;
  readonly after: string;
  readonly languageId: string;
}

function placeOf({ before, after, partial }: Around, code: Code, lines: CursorLines): Place {
  const language = languageRules(code.languageId);
  const scanner = new Scanner(language.lexicon);
  scanner.scan(code.before);
  const isPlain = scanner.isInScalar(/^\s*/.exec(lines.linePrefix)?.[0] ?? "");
  const lexicon = isPlain ? languageRules("plaintext").lexicon : language.lexicon;
  const rules = { ...language, lexicon };
  const tail = code.before.slice(-TAIL);
  const inText = withTextBrackets(scanner.state, lines, lexicon);
  const isInTag = endsTag(lines, code.languageId);
  const isProse = !lexicon.brackets && lexicon.strings.length === 0;
  const fenced = isProse ? fencedAround(before, after) : undefined;
  const style = documentStyle(fenced ?? before + after, lines.linePrefix, rules);
  // Where a tab is in place of eight spaces, it looks less deep than they do.
  const isUncertain = style.kind === "mixed" && lines.linePrefix.includes("\t");
  const contained = isUncertain ? inText : withHeaders(inText, code.before, lines.linePrefix);
  const state = opened(contained, unopenedClosers(lines.lineSuffix, lexicon, inText, tail));
  const start = withAngle(withCharacter(state, lines, lexicon), lines, isInTag);
  const above = [...(lines.linesAbove ?? []), ...before.split("\n").slice(0, -1)]
    .slice(-LINES_ABOVE)
    .map(line => line.trimEnd());
  const lineAfterNext = lineAfter(after);
  let inSeries: boolean | undefined;
  return {
    ...lines,
    indentation: style,
    rules,
    isProse,
    above,
    lineAfterNext,
    isInSeries: () => (inSeries ??= isOfSeries({ nextLine: lines.nextLine, lineAfterNext, above })),
    start,
    isInTag,
    tail,
    ...closedFrames(start, lexicon, code.after, { tail, partial }),
    rest: restOf(lines.lineSuffix, lexicon, start, tail),
    syntax: () => undefined,
  };
}

/** The second line of `after` that is not blank, below the cursor's. */
const lineAfter = (after: string): string =>
  after
    .split("\n")
    .slice(1)
    .filter(line => line.trim() !== "")[1]
    ?.trimEnd() ?? "";

/**
 * `state` where the headers of blocks are less deep than what is in them: a brace may end a deeper line that continues its
 * header, such as one with `throws`.
 */
function withHeaders(state: State, before: string, linePrefix: string): State {
  let columns = indentation(linePrefix);
  // A brace at the end of the cursor's line has no contents yet, and a cursor at the margin may yet be indented.
  if (columns === 0 || linePrefix.trimEnd().endsWith("{")) return state;
  const frames: Frame[] = [];
  for (let at = state; at; at = at.parent) {
    const isContinued = at.block && columns > 0 && columns <= at.indentation;
    frames.push(isContinued ? { ...at, indentation: columnsAbove(before, columns) } : at);
    columns = Math.min(columns, frames.at(-1)?.indentation ?? columns);
  }
  return frames.reduceRight<State>((parent, frame) => ({ ...frame, parent }), undefined);
}

/** Columns of the last line of `before` that is less deep than `columns`. */
function columnsAbove(before: string, columns: number): number {
  const isLessDeep = (line: string) => line.trim() !== "" && indentation(line) < columns;
  return indentation(before.split("\n").findLast(isLessDeep) ?? "");
}

/** `state` within further brackets, which `closers` close from the inside out: what was opened out of sight. */
function opened(state: State, closers: readonly string[]): State {
  const frames: Omit<Frame, "parent" | "depth">[] = [];
  for (let at = state; at; at = at.parent) frames.unshift(at);
  for (const close of closers) frames.unshift({ kind: "bracket", close, indentation: 0, block: false });
  let outer: State;
  for (const [index, frame] of frames.entries()) outer = { ...frame, parent: outer, depth: index + 1 };
  return outer;
}

/** Languages with tags. */
const MARKUP =
  /^(html|xml|xsl|svg|vue.*|svelte|astro|php|blade|handlebars|razor|aspnetcorerazor|erb|(java|type)scriptreact)$/;

/** Whether the cursor stands within a tag that the rest of the line ends. */
const endsTag = ({ linePrefix, lineSuffix }: CursorLines, languageId: string): boolean =>
  MARKUP.test(languageId) && /^\s*\/?>/.test(lineSuffix) && /<[A-Za-z][\w.:-]*(\s[^<>]*)?$/.test(linePrefix);

const CHARACTER: StringRule = { open: "'", close: "'", long: false, escape: "backslash" };

/** `state` within a character's literal that the rest of the line closes; where there are lifetimes, one quote begins none. */
function withCharacter(state: State, { linePrefix, lineSuffix }: CursorLines, { lifetimes }: Lexicon): State {
  const isIn = lifetimes && lineSuffix.startsWith("'") && /(^|[^\w'])b?'$/.test(linePrefix);
  if (!isIn || (state && state.kind !== "bracket")) return state;
  return { ...within(state, "'"), kind: "string", rule: CHARACTER };
}

/** A bracket in `state`, known from the rest of the line. */
const within = (state: State, close: string): Frame => ({
  kind: "bracket",
  close,
  parent: state,
  depth: (state?.depth ?? 0) + 1,
  indentation: 0,
  block: false,
});

/** `state` within the angle bracket of a list of types or of a tag, where the rest of the line closes one. */
function withAngle(state: State, { linePrefix, lineSuffix }: CursorLines, isInTag: boolean): State {
  const isList = /^\s*>(?![=>])/.test(lineSuffix) && /([\w:]|#\s*include\s*)<[^<>()]*$/.test(linePrefix);
  if (!isList && !isInTag) return state;
  return within(state, ">");
}

/** How the document indents, or its language must. The cursor's own line counts too. */
function documentStyle(
  text: string,
  linePrefix: string,
  { indentation: forced, indented }: LanguageRules,
): IndentationStyle {
  const style = indentationStyle(text);
  // GNU's style has a tab in place of eight spaces, and further spaces after it.
  const isTabs = style.kind === "mixed" && /^\t+$/.test(linePrefix) && !/^\t+ {2,7}\S/m.test(text);
  // Within a conditional of a makefile, spaces stand before what is no recipe.
  const isNoRecipe = indented && linePrefix.startsWith(" ");
  if ((forced === "tabs" && !isNoRecipe) || isTabs) return { kind: "tabs" };
  return forced === "spaces" && style.kind !== "spaces" ? { kind: "spaces", unit: 2, regular: false } : style;
}

/**
 * The place of a completion in a document. A parser is asked for only when a line has ended: most
 * completions are over before.
 * @param offset the cursor, in UTF-16 units
 * @returns the place, and what frees its syntax trees
 */
export function placeAt(
  { text, offset, languageId }: { text: string; offset: number; languageId: string },
  lines: CursorLines,
  grammars: Grammars | undefined,
): { place: Place; dispose: () => void } {
  const region = regionAt({ text, offset, languageId });
  const language = region.languageId;
  const from = windowStart(text, offset);
  const to = offset + WINDOW.after;
  const code = {
    before: withoutEmbedded(text.slice(Math.max(region.from, from), offset).replaceAll("\r", ""), language),
    after: withoutEmbedded(text.slice(offset, Math.min(region.to, to)).replaceAll("\r", ""), language),
    languageId: language,
  };
  const around = {
    before: text.slice(from, offset).replaceAll("\r", ""),
    after: text.slice(offset, to).replaceAll("\r", ""),
    partial: to < region.to,
  };
  const place = placeOf(around, code, lines);
  // Requested now, so that it is loaded by the end of the first line; whether it is loaded is only checked once.
  grammars?.prepare(language);
  let syntax: { readonly known: Syntax | undefined } | undefined;
  const parsed = () => {
    const parser = grammars?.parser(language);
    return parser && new Syntax(parser, place.rules, { before: code.before, ...lines, start: place.start });
  };
  return {
    place: {
      ...place,
      syntax: () => {
        syntax ??= { known: parsed() };
        return syntax.known;
      },
    },
    dispose: () => syntax?.known?.dispose(),
  };
}

/** What begins a definition at the margin in most languages; a line of prose in a string seldom does. */
const DEFINITION =
  /\n(?=(export |pub |async |static |public |private )*(def|class|function|fn|func|impl|struct|enum|interface|type|const|let|var|import|from|use|package|namespace|#include)\b|@\w)/;

/** The same within a class: in text that begins within a string, code and strings would be exchanged. */
const MEMBER =
  /\n(?=[ \t]+((export |pub |async |static )*(def|class|function|fn|func|fun)|public|private|protected|internal|override) )/;

/** The first definition within reach, or else the first line; the cursor's own at the latest. */
function windowStart(text: string, offset: number): number {
  if (offset <= WINDOW.before) return 0;
  const from = offset - WINDOW.before;
  const window = text.slice(from, offset);
  const far = window.slice(0, WINDOW.before / 2);
  const definition = DEFINITION.exec(far) ?? MEMBER.exec(window);
  const line = definition?.index ?? window.indexOf("\n");
  return line < 0 ? from : from + line + 1;
}
