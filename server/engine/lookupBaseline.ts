/**
 * node-llama-cpp's own evaluation, plain and with its `InputLookupTokenPredictor`: the performance of the same libraries
 * without this engine. For benchmarks only: nothing else imports it, and it loads node-llama-cpp only when it is opened.
 */
import type { Token as LibraryToken, LlamaContextSequence } from "node-llama-cpp";
import type { Token } from "./engine.ts";

interface BaselineOptions {
  readonly modelPath: string;
  /** `cpu`, `vulkan`, `cuda` or `metal`, as in `EngineInfo`. */
  readonly backend: string;
  readonly threads: number;
  readonly contextTokens: number;
}

interface BaselineRun {
  /** The tokens decided, the one that ends the text included. */
  readonly tokens: Token[];
  readonly prefillMs: number;
  readonly decodeMs: number;
  /** Forward passes after the prefill. */
  readonly decodes: number;
  /** Predicted tokens that were verified along with others. */
  readonly drafted: number;
}

interface BaselineRunOptions {
  /** Whether the predictor is used. */
  readonly lookup: boolean;
  /** Whether the whole prompt is computed again, rather than reusing what it shares with the last run. */
  readonly fresh: boolean;
}

export interface Baseline {
  /** Decodes greedily from `prompt`, whose last token is the first one decoded. */
  run(prompt: Int32Array, maxTokens: number, options: BaselineRunOptions): Promise<BaselineRun>;
  dispose(): Promise<void>;
}

const GPU = { cuda: "cuda", vulkan: "vulkan", metal: "metal" } as const;
const isGpu = (backend: string): backend is keyof typeof GPU => backend in GPU;

/** Tokens of the library's type: numbers under another name. */
const libraryTokens = (tokens: Int32Array) => Array.from(tokens) as LibraryToken[];

/**
 * Loads the model a second time, in node-llama-cpp. Flash attention is on, as in the engine; everything
 * else is the default: batches of 512, predictions of up to 3 tokens.
 */
export async function openBaseline(options: BaselineOptions): Promise<Baseline> {
  const { getLlama, InputLookupTokenPredictor, LlamaLogLevel } = await import("node-llama-cpp");
  const llama = await getLlama({
    gpu: isGpu(options.backend) ? GPU[options.backend] : false,
    build: "never",
    skipDownload: true,
    logLevel: LlamaLogLevel.disabled,
    maxThreads: options.threads,
  });
  const model = await llama.loadModel({ modelPath: options.modelPath });
  // One context for each kind: a sequence keeps its predictor, and a context of two sequences halves the room.
  const newContext = () =>
    model.createContext({
      contextSize: options.contextTokens,
      sequences: 1,
      threads: options.threads,
      flashAttention: true,
    });
  const predictor = new InputLookupTokenPredictor();
  const plain = (await newContext()).getSequence();
  const predicting = (await newContext()).getSequence({ tokenPredictor: predictor });

  return {
    async run(prompt, maxTokens, { lookup, fresh }) {
      const sequence = lookup ? predicting : plain;
      const context = libraryTokens(prompt.subarray(0, -1));
      if (fresh) await sequence.clearHistory();
      else await sequence.adaptStateToTokens(context, false);
      predictor.updateInputTokens(libraryTokens(prompt));
      const start = performance.now();
      const unknown = context.slice(sequence.contextTokens.length);
      if (unknown.length > 0) await sequence.evaluateWithoutGeneratingNewTokens(unknown);
      const prefilled = performance.now();
      const before = sequence.tokenPredictions;
      const tokens = await decode(sequence, libraryTokens(prompt.subarray(-1)), maxTokens);
      const decodeMs = performance.now() - prefilled;
      const after = sequence.tokenPredictions;
      const verified = (counts: typeof before) => counts.validated + counts.refuted;
      return {
        tokens,
        prefillMs: prefilled - start,
        decodeMs,
        // A correctly predicted token came out of the forward pass of an earlier one.
        decodes: tokens.length - (after.used - before.used),
        drafted: verified(after) - verified(before),
      };
    },
    dispose: () => llama.dispose(),
  };
}

async function decode(
  sequence: LlamaContextSequence,
  root: LibraryToken[],
  maxTokens: number,
): Promise<Token[]> {
  const tokens: Token[] = [];
  const steps = sequence.evaluate(root, { temperature: 0, yieldEogToken: true });
  for await (const token of steps) {
    tokens.push(token);
    if (tokens.length >= maxTokens || sequence.model.isEogToken(token)) break;
  }
  return tokens;
}
