/**
 * Random-weight models of real shapes: the cost of a decode depends on a model's shape and number format,
 * not on its training. They need no download, and their text is meaningless.
 */

import { type Metadatum, readGguf, type TensorPlan, type Value, writeGguf } from "./gguf.ts";
import { Bits, FORMATS, type FormatName, floats, randomWeights } from "./weights.ts";

/** Formats a model can be made in. */
export const MODEL_TYPES = ["q8_0", "q4_k", "q4_0", "f16"] as const;
export type ModelType = (typeof MODEL_TYPES)[number];

/** llama.cpp's `general.file_type` of each. */
const FILE_TYPE: Record<ModelType, number> = { f16: 1, q4_0: 2, q8_0: 7, q4_k: 14 };

/** A transformer with grouped-query attention and a gated feed-forward. */
interface TransformerShape {
  readonly layers: number;
  /** Width of the residual stream. */
  readonly dim: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly feedForward: number;
  /** Whether the output matrix is the token embedding. */
  readonly tied: boolean;
}

/** Qwen2.5-Coder's shapes, from the `config.json` of the published models, and a tiny one for tests. */
const QWEN: Record<string, TransformerShape> = {
  "0.5b": { layers: 24, dim: 896, heads: 14, keyValueHeads: 2, feedForward: 4864, tied: true },
  "1.5b": { layers: 28, dim: 1536, heads: 12, keyValueHeads: 2, feedForward: 8960, tied: true },
  "7b": { layers: 28, dim: 3584, heads: 28, keyValueHeads: 4, feedForward: 18944, tied: false },
  "14b": { layers: 48, dim: 5120, heads: 40, keyValueHeads: 8, feedForward: 13824, tied: false },
  tiny: { layers: 2, dim: 256, heads: 4, keyValueHeads: 2, feedForward: 512, tied: true },
};

/** Four of the 24 layers of 0.5b, and no more vocabulary than the tokenizer has: the same kernels in a fifth of the time. */
const SHORT = "0.5b-short";
const SHORT_LAYERS = 4;

/**
 * `tiny-mamba` cannot be rolled back, `tiny-swa` looks back 64 tokens in most of its layers, and `tiny-gpt2` adds a learned
 * embedding of each position.
 */
export const SHAPES = [...Object.keys(QWEN), SHORT, "tiny-mamba", "tiny-swa", "tiny-gpt2"];

/** Tokens of Qwen2.5's embedding matrix. */
const QWEN_VOCABULARY = 151_936;
const CONTEXT_TOKENS = 32_768;
/** A standard deviation of the embedding that lets the layers influence the next token. */
const EMBEDDING_SPREAD = 0.05;
/** ggml's token type of entries that stand for no text. */
const UNUSED_TOKEN = 5;

export interface ModelPlan {
  readonly shape: string;
  readonly type: ModelType;
  readonly seed: number;
  /** A GGUF file whose tokenizer the model gets. */
  readonly tokenizerPath: string;
  /** Entries that are added to the shape's metadata, or replace them. */
  readonly metadata?: Readonly<Record<string, Metadatum>>;
}

/** Makes the tensors of one model, drawing all weights from one stream of random bits. */
class TensorMaker {
  readonly tensors: TensorPlan[] = [];
  private readonly bits: Bits;

  constructor(
    private readonly type: ModelType,
    seed: number,
  ) {
    this.bits = new Bits(seed);
  }

  /** A matrix `columns` -> `rows`; by default with the spread that keeps the size of its input. */
  matrix(name: string, columns: number, rows: number, spread = 1 / Math.sqrt(columns)): void {
    this.weights(name, columns, rows, spread, this.type);
  }

  /**
   * The embedding or output matrix. Beside 4-bit weights it is kept at 8 bits, where llama.cpp's own
   * quantisation takes 6 to 8.
   */
  vocabularyMatrix(name: string, columns: number, rows: number, spread: number): void {
    this.weights(name, columns, rows, spread, this.type === "f16" ? "f16" : "q8_0");
  }

  /** Single-precision numbers around a mean: norms, biases and what llama.cpp never quantises. */
  floats(name: string, shape: readonly number[], mean: number, spread = 0): void {
    this.tensors.push({ name, shape, format: FORMATS.f32, fill: floats(mean, spread, this.bits) });
  }

  private weights(
    name: string,
    columns: number,
    rows: number,
    spread: number,
    requestedBackend: Exclude<FormatName, "f32">,
  ): void {
    const type = fitting(requestedBackend, columns);
    const fill = randomWeights(type, spread, this.bits);
    this.tensors.push({ name, shape: [columns, rows], format: FORMATS[type], fill });
  }
}

/** The format of a matrix whose rows are not whole blocks: llama.cpp's own fallbacks. */
function fitting(requestedBackend: Exclude<FormatName, "f32">, columns: number): Exclude<FormatName, "f32"> {
  if (columns % FORMATS[requestedBackend].blockValues === 0) return requestedBackend;
  return requestedBackend === "q4_k" && columns % FORMATS.q5_0.blockValues === 0 ? "q5_0" : "f16";
}

/** Feed-forward and attention matrices that all transformers here share. */
function transformerMatrices(make: TensorMaker, layer: string, shape: TransformerShape, headDim: number) {
  const { dim, heads, keyValueHeads, feedForward } = shape;
  make.floats(`${layer}.attn_norm.weight`, [dim], 1);
  make.matrix(`${layer}.attn_q.weight`, dim, heads * headDim);
  make.matrix(`${layer}.attn_k.weight`, dim, keyValueHeads * headDim);
  make.matrix(`${layer}.attn_v.weight`, dim, keyValueHeads * headDim);
  make.matrix(`${layer}.attn_output.weight`, heads * headDim, dim);
  make.floats(`${layer}.ffn_norm.weight`, [dim], 1);
  make.matrix(`${layer}.ffn_gate.weight`, dim, feedForward);
  make.matrix(`${layer}.ffn_up.weight`, dim, feedForward);
  make.matrix(`${layer}.ffn_down.weight`, feedForward, dim);
}

const u32 = (value: number): Metadatum => ({ type: "u32", value });
const f32 = (value: number): Metadatum => ({ type: "f32", value });
const text = (value: string): Metadatum => ({ type: "string", value });

/** Metadata of every transformer. */
function transformerMetadata(architecture: string, shape: TransformerShape): [string, Metadatum][] {
  return [
    [`${architecture}.context_length`, u32(CONTEXT_TOKENS)],
    [`${architecture}.embedding_length`, u32(shape.dim)],
    [`${architecture}.block_count`, u32(shape.layers)],
    [`${architecture}.feed_forward_length`, u32(shape.feedForward)],
    [`${architecture}.attention.head_count`, u32(shape.heads)],
    [`${architecture}.attention.head_count_kv`, u32(shape.keyValueHeads)],
    [`${architecture}.attention.layer_norm_rms_epsilon`, f32(1e-6)],
    [`${architecture}.rope.freq_base`, f32(1e6)],
  ];
}

/** A model without its tokenizer. */
interface Body {
  readonly architecture: string;
  /** Vocabulary size; entries beyond the tokenizer's are padded. Undefined: the tokenizer's size. */
  readonly vocabulary?: number;
  readonly metadata: [string, Metadatum][];
  readonly tensors: (make: TensorMaker, vocabulary: number) => void;
}

function qwen(shape: TransformerShape): Body {
  const headDim = shape.dim / shape.heads;
  return {
    architecture: "qwen2",
    vocabulary: QWEN_VOCABULARY,
    metadata: transformerMetadata("qwen2", shape),
    tensors(make, vocabulary) {
      make.vocabularyMatrix("token_embd.weight", shape.dim, vocabulary, EMBEDDING_SPREAD);
      make.floats("output_norm.weight", [shape.dim], 1);
      if (!shape.tied)
        make.vocabularyMatrix("output.weight", shape.dim, vocabulary, 1 / Math.sqrt(shape.dim));
      for (let i = 0; i < shape.layers; i++) {
        const layer = `blk.${i}`;
        transformerMatrices(make, layer, shape, headDim);
        make.floats(`${layer}.attn_q.bias`, [shape.heads * headDim], 0, 0.1);
        make.floats(`${layer}.attn_k.bias`, [shape.keyValueHeads * headDim], 0, 0.1);
        make.floats(`${layer}.attn_v.bias`, [shape.keyValueHeads * headDim], 0, 0.1);
      }
    },
  };
}

/** Gemma 3's layout: five of six layers only see a window. */
function slidingWindow(): Body {
  const shape = { layers: 6, dim: 256, heads: 4, keyValueHeads: 2, feedForward: 512, tied: true };
  const headDim = 64;
  return {
    architecture: "gemma3",
    metadata: [
      ...transformerMetadata("gemma3", shape),
      ["gemma3.attention.key_length", u32(headDim)],
      ["gemma3.attention.value_length", u32(headDim)],
      ["gemma3.attention.sliding_window", u32(64)],
    ],
    tensors(make, vocabulary) {
      make.vocabularyMatrix("token_embd.weight", shape.dim, vocabulary, EMBEDDING_SPREAD);
      make.floats("output_norm.weight", [shape.dim], 1);
      for (let i = 0; i < shape.layers; i++) {
        const layer = `blk.${i}`;
        transformerMatrices(make, layer, shape, headDim);
        make.floats(`${layer}.attn_q_norm.weight`, [headDim], 1);
        make.floats(`${layer}.attn_k_norm.weight`, [headDim], 1);
        make.floats(`${layer}.post_attention_norm.weight`, [shape.dim], 1);
        make.floats(`${layer}.post_ffw_norm.weight`, [shape.dim], 1);
      }
    },
  };
}

/** GPT-2's layout, which StarCoder shares except for its number of heads of keys. */
function learnedPositions(): Body {
  const shape = { layers: 2, dim: 256, heads: 4, keyValueHeads: 4, feedForward: 512, tied: true };
  // No whole number of the units that llama.cpp makes contexts in.
  const contextTokens = 300;
  return {
    architecture: "gpt2",
    metadata: [
      ...transformerMetadata("gpt2", shape),
      ["gpt2.context_length", u32(contextTokens)],
      ["gpt2.attention.layer_norm_epsilon", f32(1e-5)],
    ],
    tensors(make, vocabulary) {
      const { dim, feedForward } = shape;
      const withBias = (name: string, columns: number, rows: number) => {
        make.matrix(`${name}.weight`, columns, rows);
        make.floats(`${name}.bias`, [rows], 0, 0.1);
      };
      const norm = (name: string) => {
        make.floats(`${name}.weight`, [dim], 1);
        make.floats(`${name}.bias`, [dim], 0);
      };
      make.vocabularyMatrix("token_embd.weight", dim, vocabulary, EMBEDDING_SPREAD);
      make.floats("position_embd.weight", [dim, contextTokens], 0, EMBEDDING_SPREAD);
      norm("output_norm");
      for (let i = 0; i < shape.layers; i++) {
        norm(`blk.${i}.attn_norm`);
        withBias(`blk.${i}.attn_qkv`, dim, 3 * dim);
        withBias(`blk.${i}.attn_output`, dim, dim);
        norm(`blk.${i}.ffn_norm`);
        withBias(`blk.${i}.ffn_up`, dim, feedForward);
        withBias(`blk.${i}.ffn_down`, feedForward, dim);
      }
    },
  };
}

/** Mamba (https://arxiv.org/abs/2312.00752): a recurrent state in place of a cache of keys and values. */
function mamba(): Body {
  const [dim, layers, inner, kernel, state] = [256, 4, 512, 4, 16];
  const stepRank = dim / 16;
  return {
    architecture: "mamba",
    metadata: [
      ["mamba.context_length", u32(CONTEXT_TOKENS)],
      ["mamba.embedding_length", u32(dim)],
      ["mamba.feed_forward_length", u32(0)],
      ["mamba.attention.head_count", u32(0)],
      ["mamba.block_count", u32(layers)],
      ["mamba.ssm.conv_kernel", u32(kernel)],
      ["mamba.ssm.inner_size", u32(inner)],
      ["mamba.ssm.state_size", u32(state)],
      ["mamba.ssm.time_step_rank", u32(stepRank)],
      ["mamba.attention.layer_norm_rms_epsilon", f32(1e-5)],
    ],
    tensors(make, vocabulary) {
      make.vocabularyMatrix("token_embd.weight", dim, vocabulary, 0.5);
      make.floats("output_norm.weight", [dim], 1);
      make.vocabularyMatrix("output.weight", dim, vocabulary, 1 / Math.sqrt(dim));
      for (let i = 0; i < layers; i++) {
        const layer = `blk.${i}`;
        make.floats(`${layer}.attn_norm.weight`, [dim], 1);
        make.matrix(`${layer}.ssm_in.weight`, dim, 2 * inner);
        make.floats(`${layer}.ssm_conv1d.weight`, [kernel, inner], 0, 0.5);
        make.floats(`${layer}.ssm_conv1d.bias`, [inner], 0);
        make.matrix(`${layer}.ssm_x.weight`, inner, stepRank + 2 * state);
        make.matrix(`${layer}.ssm_dt.weight`, stepRank, inner);
        make.floats(`${layer}.ssm_dt.bias`, [inner], 0);
        // The state decays, so the matrix is negative throughout.
        make.floats(`${layer}.ssm_a`, [state, inner], -1, 0.3);
        make.floats(`${layer}.ssm_d`, [inner], 1);
        make.matrix(`${layer}.ssm_out.weight`, inner, dim);
      }
    },
  };
}

function bodyOf(shape: string): Body {
  if (shape === "tiny-mamba") return mamba();
  if (shape === "tiny-swa") return slidingWindow();
  if (shape === "tiny-gpt2") return learnedPositions();
  const known = QWEN[shape === SHORT ? "0.5b" : shape];
  if (!known) throw new RangeError(`no shape ${shape}, expected one of ${SHAPES.join(", ")}`);
  if (shape !== SHORT) return qwen(known);
  const { vocabulary: _, ...short } = qwen({ ...known, layers: SHORT_LAYERS });
  return short;
}

/** A metadata value of another file, to be written as it was read. */
function copied(key: string, value: Value): Metadatum {
  if (typeof value === "boolean") return { type: "bool", value };
  if (typeof value === "string") return text(value);
  if (typeof value === "number") return u32(value);
  if (value.every(item => typeof item === "string")) return { type: "strings", value };
  if (value.every(item => Number.isInteger(item))) return { type: "i32s", value: value as number[] };
  throw new Error(`${key} has elements that are neither text nor whole numbers`);
}

/** The tokenizer of another model, its vocabulary padded with unused tokens to `size`. */
function tokenizer(path: string, size: number | undefined): { entries: [string, Metadatum][]; size: number } {
  const { metadata } = readGguf(path);
  const entries = new Map<string, Metadatum>();
  for (const [key, value] of metadata)
    if (key.startsWith("tokenizer.ggml.")) entries.set(key, copied(key, value));
  const tokens = entries.get("tokenizer.ggml.tokens");
  if (tokens?.type !== "strings") throw new Error(`${path} has no tokens`);
  const count = tokens.value.length;
  const padding = Math.max(0, (size ?? count) - count);
  const names = Array.from({ length: padding }, (_, i) => `[UNUSED${count + i}]`);
  entries.set("tokenizer.ggml.tokens", { type: "strings", value: [...tokens.value, ...names] });
  const types = entries.get("tokenizer.ggml.token_type");
  if (types?.type === "i32s") {
    const unused = new Array<number>(padding).fill(UNUSED_TOKEN);
    entries.set("tokenizer.ggml.token_type", { type: "i32s", value: [...types.value, ...unused] });
  }
  return { entries: [...entries], size: count + padding };
}

/** Writes a random-weight model; the same plan gives the same file. Returns its size in bytes. */
export function makeModel(plan: ModelPlan, path: string): number {
  const body = bodyOf(plan.shape);
  const vocabulary = tokenizer(plan.tokenizerPath, body.vocabulary);
  const make = new TensorMaker(plan.type, plan.seed);
  body.tensors(make, vocabulary.size);
  const metadata = new Map<string, Metadatum>([
    ["general.architecture", text(body.architecture)],
    ["general.name", text(`Random weights, ${plan.shape} ${plan.type}`)],
    ["general.file_type", u32(FILE_TYPE[plan.type])],
    ["general.quantization_version", u32(2)],
    ...body.metadata,
    [`${body.architecture}.vocab_size`, u32(vocabulary.size)],
    ...vocabulary.entries,
    ...Object.entries(plan.metadata ?? {}),
  ]);
  return writeGguf(path, metadata, make.tensors);
}
