/** Speed of computing a prompt, by the size of its chunks, and the time to the first token. */
import type { LlamaEngine } from "../../server/engine/index.ts";
import { UsageError } from "../../server/system/index.ts";
import { fittingTokens, someContext } from "./cost.ts";
import { formatSpread, type Spread, spread, table } from "./figures.ts";

interface PrefillOptions {
  readonly contextTokens: number;
  /** Sizes of chunks, each one of `CHUNK_SIZES`. */
  readonly chunks: readonly number[];
  /** Measurements of each size, after one chunk that is not counted. */
  readonly runs: number;
}

export interface PrefillRow {
  readonly contextTokens: number;
  readonly chunkTokens: number;
  readonly tokensPerSecond: Spread;
  /** From the beginning of the prompt to the first token the model chooses. */
  readonly firstTokenMs: Spread;
}

/** Computes a prompt in chunks of each size without a cache, and one token after it. Restores the engine's chunk size. */
export async function measurePrefill(
  engine: LlamaEngine,
  { contextTokens, chunks, runs }: PrefillOptions,
  signal: AbortSignal,
): Promise<PrefillRow[]> {
  const fitting = fittingTokens(engine, contextTokens, 1);
  const prompt = someContext(engine, fitting);
  const before = engine.configuration;
  const rows: PrefillRow[] = [];
  try {
    for (const chunkTokens of chunks) {
      engine.configure({ ...engine.configuration, chunkTokens });
      await promptTimes(engine, prompt.subarray(0, chunkTokens + 1), signal);
      const times = [];
      for (let run = 0; run < runs; run++) times.push(await promptTimes(engine, prompt, signal));
      const tokensPerSecond = spread(times.map(({ prefillMs }) => ((fitting - 1) * 1000) / prefillMs));
      const firstTokenMs = spread(times.map(each => each.firstTokenMs));
      if (tokensPerSecond && firstTokenMs)
        rows.push({ contextTokens: fitting, chunkTokens, tokensPerSecond, firstTokenMs });
    }
  } finally {
    engine.configure(before);
  }
  return rows;
}

async function promptTimes(engine: LlamaEngine, prompt: Int32Array, signal: AbortSignal) {
  engine.forget();
  const start = performance.now();
  const filled = await engine.prefill(prompt.subarray(0, -1), signal);
  if (filled.kind !== "prefilled")
    throw new UsageError(`A prompt of ${prompt.length} tokens: ${filled.kind}.`);
  const prefillMs = performance.now() - start;
  const root = { count: 1, tokens: prompt.subarray(-1), parents: Int32Array.of(-1) };
  const outcome = await engine.decode(root, signal);
  if (outcome.kind !== "decoded") throw new UsageError(`The token after the prompt: ${outcome.kind}.`);
  outcome.decoded.argmax(0);
  engine.accept([]);
  return { prefillMs, firstTokenMs: performance.now() - start };
}

export const prefillTable = (rows: readonly PrefillRow[]) =>
  table(
    ["prompt", "tokens a chunk", "prefill tok/s", "ms to the first token"],
    rows.map(({ contextTokens, chunkTokens, tokensPerSecond, firstTokenMs }) => [
      String(contextTokens),
      String(chunkTokens),
      formatSpread(tokensPerSecond, 0),
      formatSpread(firstTokenMs, 1),
    ]),
  );
