/**
 * How byte-pair tokenizers cut a text into words before they merge bytes. No token reaches over such a cut,
 * so a word always has the same tokens, wherever it stands. The patterns are those of llama.cpp
 * (`llm_tokenizer_bpe`), by the value of `tokenizer.ggml.pre`.
 */

/** White space as in llama.cpp: with U+0085 and without U+FEFF. JavaScript's `\s` is the other way round. */
const SPACE = String.raw`\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const CONTRACTION = "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";
const SPACES = `[${SPACE}]+(?![^${SPACE}])|[${SPACE}]+`;
const GPT2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^${SPACE}\p{L}\p{N}]+|${SPACES}`;
/** The digits of a number are words of at most `digits`. */
const withDigits = (digits: string) =>
  String.raw`${CONTRACTION}|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}${digits}| ?[^${SPACE}\p{L}\p{N}]+[\r\n]*|[${SPACE}]*[\r\n]+|${SPACES}`;

const PATTERNS: Readonly<Record<string, string>> = {
  "gpt-2": GPT2,
  phi: GPT2,
  "jina-es": GPT2,
  "jina-de": GPT2,
  qwen2: withDigits(""),
  "deepseek-r1-qwen": withDigits(""),
  stablelm2: withDigits(""),
  "llama-bpe": withDigits("{1,3}"),
  llama3: withDigits("{1,3}"),
  "llama-v3": withDigits("{1,3}"),
  dbrx: withDigits("{1,3}"),
  smaug: withDigits("{1,3}"),
};

/** These cut at every digit first, and the text between the digits as GPT-2 does. */
const DIGITS_FIRST = new Set(["starcoder", "refact", "command-r", "smollm", "codeshell", "exaone"]);

/** Cuts a text into words; `undefined` where a tokenizer's way of cutting is not known. */
export type Cut = (text: string) => readonly string[];

/** @param kind value of `tokenizer.ggml.pre` */
export function pretokenizer(kind: string): Cut | undefined {
  const known = Object.hasOwn(PATTERNS, kind) ? PATTERNS[kind] : undefined;
  const source = known ?? (DIGITS_FIRST.has(kind) ? GPT2 : undefined);
  if (!source) return undefined;
  const words = new RegExp(source, "gu");
  const cut: Cut = text => text.match(words) ?? [];
  if (!DIGITS_FIRST.has(kind)) return cut;
  return text => text.split(/(\p{N})/u).flatMap(part => (part === "" ? [] : cut(part)));
}
