/**
 * `Snapshot` to the token ids of a fill-in-the-middle prompt. Pure: text in, tokens out.
 *
 * The window of text is chosen in characters and moves in strides, not with each keystroke: a prompt that
 * begins where the last one began shares its KV cache.
 */
import type { Snapshot } from "./snapshot.ts";

/** The part of a vocabulary a prompt needs. */
export interface PromptVocabulary {
  readonly special: {
    readonly beginning: number | undefined;
    readonly fillPrefix: number | undefined;
    readonly fillSuffix: number | undefined;
    readonly fillMiddle: number | undefined;
  };
  tokenize(text: string): Int32Array;
}

export interface Prompt {
  readonly tokens: Int32Array;
  /** The document's tokens before the cursor, as far as drafts look back; a superset of the prompt's. */
  readonly history: Int32Array;
  /** The document's tokens behind the cursor, as many as the prompt has. */
  readonly behind: Int32Array;
}

/** Share of the prompt that goes to the text behind the cursor. */
const SUFFIX_SHARE = 0.2;
/** Fewer characters per token than this is rare in code; bounds the text that is tokenized at all. */
const CHARACTERS_PER_TOKEN = 4;
/** Characters before the cursor that drafts are looked for in. */
const HISTORY_CHARACTERS = 24_000;

const isLowSurrogate = (code: number) => code >= 0xdc00 && code <= 0xdfff;
const isHighSurrogate = (code: number) => code >= 0xd800 && code <= 0xdbff;

/** A cut that does not part a surrogate pair. */
function cut(text: string, index: number): number {
  return index > 0 &&
    index < text.length &&
    isLowSurrogate(text.charCodeAt(index)) &&
    isHighSurrogate(text.charCodeAt(index - 1))
    ? index - 1
    : index;
}

/** Start of the window of about `reach` characters before the cursor: a line start on a coarse grid. */
function windowStart(text: string, offset: number, reach: number): number {
  if (offset <= reach) return 0;
  const stride = Math.max(1, Math.floor(reach / 4));
  const grid = Math.ceil((offset - reach) / stride) * stride;
  const lineStart = text.indexOf("\n", grid) + 1;
  return lineStart > 0 && lineStart <= offset ? lineStart : cut(text, Math.min(grid, offset));
}

const normalised = (text: string) => text.replaceAll("\r\n", "\n");

/** Tokens of the text's end, at most `limit`; cut in strides too, for the same reason. */
function lastTokens(tokens: Int32Array, limit: number): Int32Array {
  const stride = Math.max(1, Math.floor(limit / 4));
  const excess = Math.max(0, tokens.length - limit);
  return tokens.subarray(Math.ceil(excess / stride) * stride);
}

/**
 * @param budget most tokens of the prompt, control tokens included; at least 8
 */
export function buildPrompt(snapshot: Snapshot, vocabulary: PromptVocabulary, budget: number): Prompt {
  const { text, offset } = snapshot;
  const { beginning, fillPrefix, fillSuffix, fillMiddle } = vocabulary.special;
  const fills = fillPrefix !== undefined && fillSuffix !== undefined && fillMiddle !== undefined;
  const room = budget - 4;
  const suffixLimit = fills ? Math.floor(room * SUFFIX_SHARE) : 0;
  const suffixEnd = cut(text, Math.min(text.length, offset + suffixLimit * CHARACTERS_PER_TOKEN));
  const suffix = vocabulary.tokenize(normalised(text.slice(offset, suffixEnd))).subarray(0, suffixLimit);

  const prefixLimit = room - suffix.length;
  const start = windowStart(text, offset, Math.floor(prefixLimit * CHARACTERS_PER_TOKEN * 0.75));
  const prefix = lastTokens(vocabulary.tokenize(normalised(text.slice(start, offset))), prefixLimit);

  const earlier = normalised(text.slice(cut(text, Math.max(0, offset - HISTORY_CHARACTERS)), start));
  const before = start > 0 ? vocabulary.tokenize(earlier) : new Int32Array(0);
  const history = new Int32Array(before.length + prefix.length);
  history.set(before);
  history.set(prefix, before.length);

  const head = beginning === undefined ? [] : [beginning];
  const tokens = fills
    ? [...head, fillPrefix, ...prefix, fillSuffix, ...suffix, fillMiddle]
    : [...head, ...prefix];
  return { tokens: Int32Array.from(tokens), history, behind: suffix };
}
