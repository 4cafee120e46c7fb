/**
 * Models that generate one text, whatever the prompt. One layer whose weights are zero leaves in the residual stream
 * the last token's one-hot embedding, so the output matrix is a table of transitions: the token that ends a
 * fill-in-the-middle prompt, then piece by piece the text, then the end token.
 */
import { type Metadatum, type TensorPlan, writeGguf } from "../bench/gguf.ts";
import { FORMATS } from "../bench/weights.ts";

/** A piece of a text: itself, bytes in hexadecimal that are no text by themselves, or a control token. */
export type Piece = string | { readonly hex: string } | { readonly token: string };

const CONTROLS = [
  "<|fim_prefix|>",
  "<|fim_suffix|>",
  "<|fim_middle|>",
  "<|fim_pad|>",
  "<|endoftext|>",
] as const;
/** Two and four blanks, in the tokenizer's letters. */
const MERGES = ["\u0120 \u0120", "\u0120\u0120 \u0120\u0120"];
/** llama.cpp's types of tokens. */
const TYPE = { normal: 1, control: 3 };
/** With more tokens the server's default for a completion's length would end the text. */
const MOST_TOKENS = 90;
const HEAD = 32;

/** GPT-2's alphabet: a visible character for each byte. */
const LETTERS: readonly string[] = (() => {
  const isVisible = (byte: number) =>
    (byte > 32 && byte < 127) || (byte > 160 && byte < 173) || (byte > 173 && byte < 256);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isVisible(byte) ? byte : next++));
})();

const spelled = (bytes: Uint8Array) => Array.from(bytes, byte => LETTERS[byte]).join("");
const encoded = (text: string) => spelled(new TextEncoder().encode(text));

/** A token of the chain, in the tokenizer's letters. */
interface Token {
  readonly text: string;
  readonly isControl: boolean;
}

/** Words, blanks and marks one by one; coarser where that makes too many tokens. */
function split(text: string): Token[] {
  const patterns = [/\n|[^\S\n]+|\w+|[^\w\s]/gu, /\n[^\S\n]*|[^\S\n]*\w+|[^\S\n]*[^\w\s]+|[^\S\n]+/gu];
  const tokens = patterns.map(pattern =>
    distinct((text.match(pattern) ?? []).map(part => ({ text: encoded(part), isControl: false }))),
  );
  return tokens.find(each => each.length <= MOST_TOKENS) ?? tokens.at(-1) ?? [];
}

function tokensOf(model: string | readonly Piece[]): Token[] {
  if (typeof model === "string") return split(model);
  return distinct(
    model.map(piece => {
      if (typeof piece === "string") return { text: encoded(piece), isControl: false };
      if ("token" in piece) return { text: piece.token, isControl: true };
      return { text: spelled(Buffer.from(piece.hex, "hex")), isControl: false };
    }),
  );
}

/** The same text in tokens none of which occurs twice: one that was used is joined with what follows it, or precedes. */
function distinct(tokens: readonly Token[]): Token[] {
  const done: Token[] = [];
  const isUsed = (text: string) => done.some(each => each.text === text);
  for (let i = 0; i < tokens.length; i++) {
    let { text, isControl } = tokens[i] as Token;
    if (!isControl) {
      while (isUsed(text) && tokens[i + 1]?.isControl === false) text += (tokens[++i] as Token).text;
      while (isUsed(text) && done.at(-1)?.isControl === false) text = (done.pop() as Token).text + text;
    }
    if (isUsed(text)) throw new Error(`${text} cannot be made unlike the tokens before it`);
    done.push({ text, isControl });
  }
  return done;
}

/** A matrix of zeros with ones at the given places. */
function sparse(
  name: string,
  width: number,
  rows: number,
  ones: Iterable<readonly [row: number, column: number]>,
) {
  const values = new Float32Array(width * rows);
  for (const [row, column] of ones) values[row * width + column] = 1;
  return tensor(name, [width, rows], values);
}

function tensor(name: string, shape: readonly number[], values: Float32Array): TensorPlan {
  const bytes = new Uint8Array(values.buffer);
  let written = 0;
  const fill = (chunk: Uint8Array) => {
    chunk.set(bytes.subarray(written, written + chunk.length));
    written += chunk.length;
  };
  return { name, shape, format: FORMATS.f32, fill };
}

/** Writes a model that generates a text to a GGUF file. */
export function writeScriptedModel(path: string, model: string | readonly Piece[]): void {
  const chain = tokensOf(model);
  const vocabulary = [...LETTERS, ...CONTROLS, ...MERGES.map(merge => merge.replace(" ", ""))];
  for (const { text } of chain) if (!vocabulary.includes(text)) vocabulary.push(text);
  const id = (text: string) => vocabulary.indexOf(text);
  const end = id("<|endoftext|>");
  const following = vocabulary.map(() => end);
  let last = id("<|fim_middle|>");
  for (const { text } of chain) {
    following[last] = id(text);
    last = id(text);
  }
  following[last] = end;
  writeGguf(path, metadataOf(vocabulary), tensorsOf(following));
}

/** @param following by token, the one that is generated after it */
function tensorsOf(following: readonly number[]): TensorPlan[] {
  const count = following.length;
  const width = Math.ceil(count / 32) * 32;
  const zeros = (name: string, columns: number, rows: number) => sparse(name, columns, rows, []);
  const ones = (name: string) => tensor(name, [width], new Float32Array(width).fill(1));
  const block = (name: string) => `blk.0.${name}.weight`;
  return [
    sparse(
      "token_embd.weight",
      width,
      count,
      following.map((_, token) => [token, token] as const),
    ),
    sparse(
      "output.weight",
      width,
      count,
      following.map((next, token) => [next, token] as const),
    ),
    ones("output_norm.weight"),
    ones(block("attn_norm")),
    zeros(block("attn_q"), width, HEAD),
    zeros(block("attn_k"), width, HEAD),
    zeros(block("attn_v"), width, HEAD),
    zeros(block("attn_output"), HEAD, width),
    ones(block("ffn_norm")),
    zeros(block("ffn_gate"), width, HEAD),
    zeros(block("ffn_up"), width, HEAD),
    zeros(block("ffn_down"), HEAD, width),
  ];
}

function metadataOf(vocabulary: readonly string[]): Map<string, Metadatum> {
  const u32 = (value: number): Metadatum => ({ type: "u32", value });
  const string = (value: string): Metadatum => ({ type: "string", value });
  const id = (text: (typeof CONTROLS)[number]) => u32(vocabulary.indexOf(text));
  const isControl = (text: string) => CONTROLS.some(each => each === text);
  return new Map<string, Metadatum>([
    ["general.architecture", string("llama")],
    ["general.name", string("scripted")],
    ["general.file_type", u32(0)],
    ["llama.vocab_size", u32(vocabulary.length)],
    ["llama.context_length", u32(8192)],
    ["llama.embedding_length", u32(Math.ceil(vocabulary.length / 32) * 32)],
    ["llama.block_count", u32(1)],
    ["llama.feed_forward_length", u32(HEAD)],
    ["llama.attention.head_count", u32(1)],
    ["llama.attention.head_count_kv", u32(1)],
    ["llama.attention.key_length", u32(HEAD)],
    ["llama.attention.value_length", u32(HEAD)],
    ["llama.attention.layer_norm_rms_epsilon", { type: "f32", value: 1e-6 }],
    ["llama.rope.dimension_count", u32(HEAD)],
    ["tokenizer.ggml.model", string("gpt2")],
    ["tokenizer.ggml.pre", string("qwen2")],
    ["tokenizer.ggml.tokens", { type: "strings", value: vocabulary }],
    [
      "tokenizer.ggml.token_type",
      { type: "i32s", value: vocabulary.map(text => (isControl(text) ? TYPE.control : TYPE.normal)) },
    ],
    ["tokenizer.ggml.merges", { type: "strings", value: MERGES }],
    ["tokenizer.ggml.bos_token_id", id("<|endoftext|>")],
    ["tokenizer.ggml.eos_token_id", id("<|endoftext|>")],
    ["tokenizer.ggml.fim_pre_token_id", id("<|fim_prefix|>")],
    ["tokenizer.ggml.fim_suf_token_id", id("<|fim_suffix|>")],
    ["tokenizer.ggml.fim_mid_token_id", id("<|fim_middle|>")],
    ["tokenizer.ggml.fim_pad_token_id", id("<|fim_pad|>")],
    ["tokenizer.ggml.add_bos_token", { type: "bool", value: false }],
  ]);
}
