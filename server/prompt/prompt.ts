/**
 * Turns a `Snapshot` into the token ids of a prompt in the model's format. Pure: text in, tokens out.
 *
 * The window of text is chosen in characters and moves in strides, not with each keystroke: a prompt that
 * begins where the last one began shares its KV cache.
 */

import { type Snapshot, withLineFeeds } from "../text/index.ts";
import { formatOf, joined, type PromptFormat, type PromptVocabulary, textTokens } from "./formats.ts";
import { nextSuffix } from "./suffix.ts";

/** A text that is put before the document. */
export interface ContextFile {
  readonly path: string;
  readonly text: string;
}

export interface PromptOptions {
  readonly format: PromptFormat;
  /** From the document's last prompt. */
  readonly previous?: ReusablePrompt | undefined;
  /** Name of the workspace, used if other files are put in front. */
  readonly repository?: string | undefined;
  /** Other files, those that change least first. Left out if the format has no place for them. */
  readonly files?: readonly ContextFile[] | undefined;
}

export interface Prompt {
  readonly tokens: Int32Array;
  /** The document's tokens before the cursor that drafts search; a superset of the prompt's. */
  readonly history: Int32Array;
  /** The document's tokens after the cursor that are in the prompt. */
  readonly after: Int32Array;
}

interface TokenizedText {
  readonly text: string;
  readonly tokens: Int32Array;
}

/** Parts of a prompt for reuse in the document's next one: texts that seldom change from key to key. */
export interface ReusablePrompt {
  readonly vocabulary: PromptVocabulary;
  /** The text after the cursor, as the model sees it. */
  readonly suffix: TokenizedText;
  /** The text before the prompt's window, for drafts. */
  readonly earlier: TokenizedText;
}

interface BuiltPrompt extends Prompt {
  /** To be passed to the document's next prompt. */
  readonly parts: ReusablePrompt;
}

/** Share of the prompt that goes to the text after the cursor. */
const SUFFIX_SHARE = 0.2;
/** Largest share of the prompt that goes to other files. */
const FILES_SHARE = 0.3;
/** More characters per token than this is rare in code; bounds the text that is tokenized at all. */
const CHARACTERS_PER_TOKEN = 4;
/** Characters before the prompt's window that drafts search. */
const HISTORY_CHARACTERS = 24_000;

const isLowSurrogate = (code: number) => code >= 0xdc00 && code <= 0xdfff;
const isHighSurrogate = (code: number) => code >= 0xd800 && code <= 0xdbff;

/** A cut that does not split a surrogate pair. */
function cut(text: string, index: number): number {
  return index > 0 &&
    index < text.length &&
    isLowSurrogate(text.charCodeAt(index)) &&
    isHighSurrogate(text.charCodeAt(index - 1))
    ? index - 1
    : index;
}

/** Start of the window of about `reach` characters before the cursor: a point on a coarse grid, or the next line's start. */
function windowStart(text: string, offset: number, reach: number): number {
  if (offset <= reach) return 0;
  const stride = Math.max(1, Math.floor(reach / 4));
  const grid = Math.ceil((offset - reach) / stride) * stride;
  const lineStart = text.indexOf("\n", grid) + 1;
  // The end of a long line may be right before the cursor: from there on, little or no text would be left.
  return lineStart > 0 && lineStart <= grid + stride ? lineStart : cut(text, grid);
}

/** Tokens of the text's end, at most `limit`; cut in strides too, for the same reason. */
function lastTokens(tokens: Int32Array, limit: number): Int32Array {
  const stride = Math.max(1, Math.floor(limit / 4));
  const excess = Math.max(0, tokens.length - limit);
  return tokens.subarray(Math.ceil(excess / stride) * stride);
}

/**
 * @param budget most tokens of the prompt, control tokens included; at least 8
 */
export function buildPrompt(
  snapshot: Snapshot,
  vocabulary: PromptVocabulary,
  budget: number,
  options: PromptOptions = { format: formatOf(vocabulary, { modelName: "" }) },
): BuiltPrompt {
  const { text, offset } = snapshot;
  const { format } = options;
  const { fill } = format;
  const tokensOf = (part: string, isContinued = false) =>
    textTokens(withLineFeeds(part), vocabulary, format, isContinued);
  const room = budget - 4;
  const suffixLimit = fill ? Math.floor(room * SUFFIX_SHARE) : 0;
  const suffixEnd = cut(text, Math.min(text.length, offset + suffixLimit * CHARACTERS_PER_TOKEN));
  const after = withLineFeeds(text.slice(offset, suffixEnd));
  const previous = options.previous?.vocabulary === vocabulary ? options.previous : undefined;
  const shown = fill?.suffixFirst ? nextSuffix(previous?.suffix.text, after) : after;
  const tokenized = (part: string, known: TokenizedText | undefined, isContinued = false): TokenizedText =>
    known?.text === part ? known : { text: part, tokens: tokensOf(part, isContinued) };
  const wholeSuffix = tokenized(shown, previous?.suffix, true);
  const suffix = wholeSuffix.tokens.subarray(0, suffixLimit);

  const own = room - suffix.length;
  const startFor = (limit: number) =>
    windowStart(text, offset, Math.floor(limit * CHARACTERS_PER_TOKEN * 0.75));
  const share = Math.floor(room * FILES_SHARE);
  // A notebook's cells belong together: other files get the space that cells leave.
  const cells = snapshot.notebook && {
    start: startFor(own),
    tokens: tokensOf(text.slice(startFor(own), offset)),
  };
  const left = cells ? (cells.start > 0 ? 0 : own - cells.tokens.length) : share;
  const files = fileTokens(snapshot, options, tokensOf, share, left);
  const prefixLimit = own - files.length;
  const start = cells?.start ?? startFor(prefixLimit);
  const prefix = lastTokens(cells?.tokens ?? tokensOf(text.slice(start, offset)), prefixLimit);

  const earlier = tokenized(
    text.slice(windowStart(text, start, HISTORY_CHARACTERS), start),
    previous?.earlier,
  );
  const head = format.beginning === undefined ? [] : [format.beginning];
  return {
    tokens: joined([head, files, ...middle(format, prefix, suffix)]),
    history: joined([earlier.tokens, prefix]),
    after: suffix,
    parts: { vocabulary, suffix: wholeSuffix, earlier },
  };
}

/** Prefix and suffix in the model's order. */
function middle({ fill }: PromptFormat, prefix: Int32Array, suffix: Int32Array) {
  if (!fill) return [prefix];
  const end = fill.middle === undefined ? [] : [fill.middle];
  return fill.suffixFirst
    ? [[fill.suffix], suffix, [fill.prefix], prefix, end]
    : [[fill.prefix], prefix, [fill.suffix], suffix, end];
}

/**
 * Other files and the names of all; a file that does not fit is left out entirely.
 * @param limit most tokens in total @param filesLimit most tokens in total if there are files
 */
function fileTokens(
  { uri }: Snapshot,
  { format, repository, files = [] }: PromptOptions,
  tokensOf: (text: string) => Int32Array,
  limit: number,
  filesLimit: number,
): Int32Array {
  const marks = format.files;
  if (!marks) return new Int32Array(0);
  const mark = (token: number | undefined) => (token === undefined ? [] : [token]);
  const own = [mark(marks.before), tokensOf(`${pathOf(uri)}\n`)];
  const name =
    marks.repository === undefined || repository === undefined
      ? []
      : [[marks.repository], tokensOf(`${repository}\n`)];
  const nameTokens = joined([...name, ...own]).length;
  if (nameTokens > limit) return new Int32Array(0);
  let left = Math.min(limit, filesLimit) - nameTokens;
  const parts: Int32Array[] = [];
  for (const { path, text } of files) {
    const part = joined([mark(marks.before), tokensOf(`${path}\n${text.trimEnd()}\n`), mark(marks.after)]);
    if (part.length > left) continue;
    parts.push(part);
    left -= part.length;
  }
  return parts.length > 0 || marks.alone ? joined([...name, ...parts, ...own]) : new Int32Array(0);
}

/** A document's name: the last part of its URI's path. A fragment names a cell of a notebook. */
function pathOf(uri: string): string {
  const last = /[^/:]*$/.exec(uri.replace(/#.*$/, ""))?.[0] ?? "";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
