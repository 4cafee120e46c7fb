/** The shapes of random-weight models: their metadata and tensors. */
import type { Metadatum } from "./gguf.ts";
import type { TensorMaker } from "./tensorMaker.ts";

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
 * `tiny-mamba` cannot be rolled back, `tiny-swa` looks back 64 tokens in most of its layers, `tiny-gpt2` adds a learned
 * embedding of each position, `tiny-smollm3` does not rotate the keys of its fourth layer, and `tiny-mla` has keys of which values
 * are a part.
 */
const TINY: Readonly<Record<string, () => Body>> = {
  "tiny-mamba": mamba,
  "tiny-swa": slidingWindow,
  "tiny-gpt2": learnedPositions,
  "tiny-smollm3": unrotatedLayers,
  "tiny-mla": latentAttention,
};

export const SHAPES = [...Object.keys(QWEN), SHORT, ...Object.keys(TINY)];

/** Tokens of Qwen2.5's embedding matrix. */
const QWEN_VOCABULARY = 151_936;
const CONTEXT_TOKENS = 32_768;
/** A standard deviation of the embedding that lets the layers influence the next token. */
const EMBEDDING_SPREAD = 0.05;
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
export interface Body {
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

/** SmolLM3's layout, Llama's without rotary embedding in each fourth layer. */
function unrotatedLayers(): Body {
  const shape = { layers: 4, dim: 256, heads: 4, keyValueHeads: 2, feedForward: 512, tied: true };
  return {
    architecture: "smollm3",
    metadata: transformerMetadata("smollm3", shape),
    tensors(make, vocabulary) {
      make.vocabularyMatrix("token_embd.weight", shape.dim, vocabulary, EMBEDDING_SPREAD);
      make.floats("output_norm.weight", [shape.dim], 1);
      for (let i = 0; i < shape.layers; i++) transformerMatrices(make, `blk.${i}`, shape, 64);
    },
  };
}

/** The multi-head latent attention of DeepSeek-V2 (https://arxiv.org/abs/2405.04434, section 2.1), all layers dense. */
function latentAttention(): Body {
  const shape = { layers: 2, dim: 256, heads: 4, keyValueHeads: 1, feedForward: 512, tied: true };
  // Values of a compressed key, of the rotated and the other part of a head's key, and of a head's value.
  const [latent, rotated, plain, value, queries] = [256, 64, 64, 64, 64];
  const key = plain + rotated;
  const entries = {
    "attention.kv_lora_rank": latent,
    "attention.q_lora_rank": queries,
    "attention.key_length": latent + rotated,
    "attention.value_length": latent,
    "attention.key_length_mla": key,
    "attention.value_length_mla": value,
    "rope.dimension_count": rotated,
    leading_dense_block_count: shape.layers,
    expert_count: 2,
    expert_used_count: 1,
    expert_feed_forward_length: 64,
    expert_shared_count: 1,
    expert_gating_func: 1,
  };
  return {
    architecture: "deepseek2",
    metadata: [
      ...transformerMetadata("deepseek2", shape),
      ...Object.entries(entries).map(([name, number]): [string, Metadatum] => [
        `deepseek2.${name}`,
        u32(number),
      ]),
    ],
    tensors(make, vocabulary) {
      const { dim, heads, feedForward } = shape;
      make.vocabularyMatrix("token_embd.weight", dim, vocabulary, EMBEDDING_SPREAD);
      make.floats("output_norm.weight", [dim], 1);
      for (let i = 0; i < shape.layers; i++) {
        const layer = `blk.${i}`;
        for (const [name, size] of [
          ["attn_norm", dim],
          ["attn_q_a_norm", queries],
          ["attn_kv_a_norm", latent],
          ["ffn_norm", dim],
        ] as const)
          make.floats(`${layer}.${name}.weight`, [size], 1);
        make.matrix(`${layer}.attn_q_a.weight`, dim, queries);
        make.matrix(`${layer}.attn_q_b.weight`, queries, heads * key);
        make.matrix(`${layer}.attn_kv_a_mqa.weight`, dim, latent + rotated);
        make.floats(`${layer}.attn_k_b.weight`, [plain, latent, heads], 0, 1 / Math.sqrt(plain));
        make.floats(`${layer}.attn_v_b.weight`, [latent, value, heads], 0, 1 / Math.sqrt(latent));
        make.matrix(`${layer}.attn_output.weight`, heads * value, dim);
        make.matrix(`${layer}.ffn_gate.weight`, dim, feedForward);
        make.matrix(`${layer}.ffn_up.weight`, dim, feedForward);
        make.matrix(`${layer}.ffn_down.weight`, feedForward, dim);
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

export function bodyOf(shape: string): Body {
  const tiny = TINY[shape];
  if (tiny) return tiny();
  const known = QWEN[shape === SHORT ? "0.5b" : shape];
  if (!known) throw new RangeError(`no shape ${shape}, expected one of ${SHAPES.join(", ")}`);
  if (shape !== SHORT) return qwen(known);
  const { vocabulary: _, ...short } = qwen({ ...known, layers: SHORT_LAYERS });
  return short;
}
