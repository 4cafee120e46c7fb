/**
 * What the rest of the server knows of a model: text to tokens and back, and the evaluation of a tree of
 * candidate tokens in one forward pass. Nothing here names llama.cpp, LSP or an editor.
 */

/** Token ids are non-negative 32-bit integers below `Vocabulary.size`. */
export type Token = number;

/** Text to tokens and back. Shared by all requests; holds no state of any of them. */
export interface Vocabulary {
  readonly size: number;
  readonly special: SpecialTokens;
  /** Names the tokenizer: models with equal ones give equal tokens. */
  readonly fingerprint: string;
  /**
   * Tokens of a text. Markers such as `<|fim_middle|>` inside `text` are text, never control tokens.
   * Lone surrogates are read as U+FFFD.
   * @param isContinued whether it follows other text, so that it gets no blank in front, as some tokenizers put there
   */
  tokenize(text: string, isContinued?: boolean): Int32Array;
  /** Texts of tokens that the tokenizer looks for in a text before it splits it. */
  readonly userDefined: readonly string[];
  /** Control tokens by the text they are written as, such as `<|im_end|>`. */
  readonly controlTokens: ReadonlyMap<string, Token>;
  /** The control token that is written `text`; undefined where the model has none. */
  find(text: string): Token | undefined;
  /** UTF-8 bytes of one token; a character may be spread over several tokens. Empty for control tokens. */
  bytes(token: Token): Uint8Array;
  /** Whether the model ends its text with this token. */
  endsText(token: Token): boolean;
}

/** Control tokens, where the model has them. */
export interface SpecialTokens {
  /** Present when the model wants it at the start of every prompt. */
  readonly beginning: Token | undefined;
  readonly fillPrefix: Token | undefined;
  readonly fillSuffix: Token | undefined;
  readonly fillMiddle: Token | undefined;
}

/**
 * Candidate tokens to be evaluated together. Node 0 is the root: the token that is known to come next.
 * `parents[0]` is -1 and `parents[i] < i`; a node is evaluated as if the path from the root to it had
 * been appended to the context. Siblings carry different tokens.
 */
export interface TokenTree {
  /** Number of nodes, the root included. At least 1. */
  readonly count: number;
  readonly tokens: Int32Array;
  readonly parents: Int32Array;
}

/** What the model predicts at the nodes of one decoded tree. Valid until the next call to the engine. */
export interface Decoded {
  /** Milliseconds of the forward pass alone. */
  readonly ms: number;
  /** The most likely token after the path to `node`; the lowest id among equals. */
  argmax(node: number): Token;
  /** Copies the logits after the path to `node` into `out` (vocabulary size). */
  logits(node: number, out: Float32Array): void;
  /**
   * Writes the `count` most likely tokens after the path to `node` and their logits, most likely first and the
   * lowest id first among equals. Returns how many there are: fewer where fewer are possible at all.
   */
  top(node: number, count: number, ids: Int32Array, logits: Float32Array): number;
  /** The probability the model gives `token` after the path to `node`, from 0 to 1. */
  probability(node: number, token: Token): number;
}

/**
 * Why nothing was computed. A full context is an expected end of a completion; `outOfMemory` is the memory of
 * the device that computes. The engine stays usable.
 */
export type NotComputed =
  | { readonly kind: "aborted" | "contextFull" | "outOfMemory" }
  | { readonly kind: "failed"; readonly message: string };

export type DecodeOutcome = { readonly kind: "decoded"; readonly decoded: Decoded } | NotComputed;

export type PromptTail = "computed" | "deferred";

export type PrefillOutcome =
  | { readonly kind: "prefilled"; readonly reused: number; readonly computed: number }
  | NotComputed;

/** A model's own way to write a conversation. */
export interface ChatFormat {
  /** `tokenizer.chat_template`: a template in Jinja's language, over `messages`. */
  readonly template: string;
  /** The texts of the tokens that templates call `bos_token` and `eos_token`; empty where the model has none. */
  readonly beginning: string;
  readonly end: string;
}

/** What a loaded model can do on this machine. */
export interface EngineInfo {
  readonly modelPath: string;
  readonly modelName: string;
  /** `foretoken.fim_order` and `foretoken.fim_files` of the model file, where it has them. */
  readonly fimOrder?: string | undefined;
  readonly fimFiles?: string | undefined;
  /** How conversations are written, where the model was trained for them. */
  readonly chat?: ChatFormat | undefined;
  readonly architecture: string;
  /** `cpu`, `vulkan`, `cuda` or `metal`. */
  readonly backend: string;
  /** What the driver calls the graphics device that computes; undefined where none does. */
  readonly graphicsDevice?: string | undefined;
  /** Memory of the graphics device that computes; undefined where none does or it does not say. */
  readonly graphicsBytes?: number | undefined;
  /** Layers in its memory, -1 all; undefined where the processor computes. */
  readonly graphicsLayers?: number | undefined;
  /** The release of the back end's libraries. */
  readonly release: string;
  readonly threads: number;
  /** Type of the keys in the KV cache; the values are F16. */
  readonly keys: "q8_0" | "f16";
  readonly contextTokens: number;
  /** Largest tree of one decode, root included; 1 where the architecture cannot verify drafts. */
  readonly maxTreeNodes: number;
  /** Most leaves of one tree. */
  readonly maxBranches: number;
  /** What the user should know of this model, in sentences. Written to the log once. */
  readonly notes: readonly string[];
}

/**
 * One loaded model with one context. Calls must not overlap: `prefill`, then any number of
 * `decode` + `accept`. Whoever creates an engine disposes it.
 */
export interface Engine {
  readonly info: EngineInfo;
  readonly vocabulary: Vocabulary;
  /** Estimated milliseconds that a decode of a tree of `nodes` takes after the present context. */
  cost(nodes: number): number;
  /** The part of that time, in milliseconds, for tokens that wait for the next decode, whatever its tree. */
  readonly waitingMs: number;
  /** Milliseconds by which a next decode of several nodes slows down the decodes of single nodes after it. */
  readonly slowdownMs: number;
  /** Sizes of trees whose cost is known from decodes; others are estimated from them. */
  readonly measuredSizes?: readonly number[] | undefined;
  /** Milliseconds of prefill per token, once it has been measured. */
  readonly prefillMsPerToken?: number | undefined;
  /**
   * Makes the context hold exactly `tokens`, computing only those that it does not hold already.
   * An abort is seen between chunks; finished chunks stay in the cache for the next call.
   * @param tail whether all tokens are computed now, or the last few may be left to the next decode, which computes them
   *   together with its tree for less than the cost of two decodes. They count as computed.
   */
  prefill(tokens: Int32Array, signal: AbortSignal, tail?: PromptTail): Promise<PrefillOutcome>;
  /** Nodes the next tree may have, root included; 0 when the context is full. */
  room(): number;
  /** Evaluates a tree after the context. The context itself is unchanged until `accept`. */
  decode(tree: TokenTree, signal: AbortSignal): Promise<DecodeOutcome>;
  /** Appends a path of the tree just decoded (node numbers from the root down) to the context. */
  accept(path: readonly number[]): void;
  /** Whether to save energy from the next decode on: fewer threads compute, unless the user has set their number. */
  saveEnergy(on: boolean): void;
  /** Drops the context and all saved ones, so that the next prefill computes all of its tokens. */
  forget(): void;
  dispose(): Promise<void>;
}

/** Why a model cannot be used, in words a user can act on. */
export interface EngineProblem {
  readonly code: "modelMissing" | "modelInvalid" | "modelUnsuitable" | "backendMissing" | "layout" | "memory";
  readonly message: string;
  readonly remedy: string;
}
