/**
 * Brings a prompt into the context: the part it shares with an earlier prompt is reused, the rest is computed chunk by chunk.
 * A long prompt is computed in a separate context.
 */
import type { BatchDecoder, RunResult } from "./batchDecoder.ts";
import { LARGEST_CHUNK } from "./configuration.ts";
import type { GrowingContext } from "./growingContext.ts";
import type { KvCache } from "./kvCache.ts";
import type { Library, Pointer } from "./libllama.ts";
import type { LongPrompts } from "./longPrompts.ts";
import type { PromptCache } from "./promptCache.ts";
import { freeStateBytes } from "./stateMemory.ts";
import type { ThreadPool } from "./threadPool.ts";

/** An abort ends a chunk of a prompt if it is expected to take longer than this. */
const FINISHED_CHUNK_MS = 500;
const NEVER = new AbortController().signal;

/** Why a prompt is not in the context. */
type NotRead = Exclude<RunResult, "ok">;

type ReadOutcome =
  | {
      readonly kind: "read";
      /** Tokens that need not be computed. */
      readonly reused: number;
      /** Tokens at the prompt's end that are left to the first decode. */
      readonly deferred: number;
    }
  | { readonly kind: "notRead"; readonly result: NotRead };

interface PromptReaderDependencies {
  readonly library: Library;
  readonly context: GrowingContext;
  readonly cache: KvCache;
  /** Absent where the engine's own context computes long prompts as quickly. */
  readonly longPrompts: LongPrompts | undefined;
  readonly decoder: BatchDecoder;
  readonly prompts: PromptCache;
  /** Milliseconds that computing so many tokens of a prompt takes. */
  prefillMs(tokens: number): number;
  threadPool(): ThreadPool | undefined;
}

export class PromptReader {
  private stopped = false;
  /** The computation of a long prompt, which must end before the model is freed. */
  private filling: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: PromptReaderDependencies) {}

  /** @param mostDeferred tokens at the prompt's end that may be left to the first decode */
  async read(tokens: Int32Array, signal: AbortSignal, mostDeferred: number): Promise<ReadOutcome> {
    const { cache, longPrompts, prompts, decoder } = this.parts;
    if (cache.isShifting && prompts.isLeftFor(tokens)) await decoder.settle();
    let runs = prompts.begin(tokens);
    const before = Math.max(cache.length, longPrompts?.known(tokens) ?? 0);
    const known = runs.reduce((sum, { length }) => sum + length, cache.length);
    const apart = longPrompts?.pays(tokens, known) ? longPrompts : undefined;
    if (apart) {
      // Copying the prompt's state clears the cache, including the parts set aside in it.
      cache.dropParked(runs.length);
      runs = [];
    }
    let moved = 0;
    for (const [index, { to, length }] of runs.entries()) {
      const result = await this.fill(tokens.subarray(0, to), signal);
      if (result !== "ok") {
        cache.dropParked(runs.length);
        return { kind: "notRead", result };
      }
      cache.unpark(index, tokens.subarray(to, to + length));
      moved += length;
    }
    const rest = (tokens.length - cache.length) % this.chunkTokens;
    const deferred = rest <= mostDeferred ? rest : 0;
    const wanted = tokens.subarray(0, tokens.length - deferred);
    if (apart) await this.fillApart(apart, wanted, signal);
    const result = await this.fill(wanted, signal);
    return result === "ok" ? { kind: "read", reused: before + moved, deferred } : { kind: "notRead", result };
  }

  /** Frees the context of an aborted prompt, and waits for a prompt under way. No prompt may be read afterwards. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.filling;
    this.parts.longPrompts?.close();
  }

  private get chunkTokens(): number {
    return this.parts.decoder.configuration.chunkTokens;
  }

  /**
   * Computes the part of `tokens` that is not in the cache yet, chunk by chunk. A chunk that has begun is finished even after
   * an abort, unless it takes long: while the user types, the next prompt begins with nearly all of it, and keys that come
   * faster than chunks would otherwise keep any chunk from being computed.
   */
  private async fill(tokens: Int32Array, signal: AbortSignal): Promise<RunResult> {
    const { cache, context, library } = this.parts;
    while (cache.length < tokens.length) {
      if (signal.aborted) return "aborted";
      const start = cache.length;
      const chunk = tokens.subarray(start, start + this.chunkTokens);
      const result = await this.compute(chunk, start, signal);
      if (result !== "ok") {
        // Cells of the unfinished chunk may have been written.
        library.sequenceRemove(context.memory, 0, start, -1);
        return result;
      }
      cache.append(chunk);
    }
    return "ok";
  }

  /** Decodes tokens of a prompt. @param apart another context than the engine's own */
  private async compute(
    chunk: Int32Array,
    start: number,
    signal: AbortSignal,
    apart?: Pointer,
  ): Promise<RunResult> {
    const { decoder, prefillMs, cache } = this.parts;
    const { batch } = decoder;
    batch.clear();
    for (let i = 0; i < chunk.length; i++) batch.add(chunk[i], start + i, 0, 1, false);
    const isFinished = prefillMs(chunk.length) <= FINISHED_CHUNK_MS;
    if (!isFinished && !apart && cache.isShifting) {
      const settled = await decoder.settle();
      if (settled !== "ok") return settled;
    }
    return decoder.run(isFinished ? NEVER : signal, apart);
  }

  /** Computes a long prompt in a separate context and copies its state; does nothing more if it is aborted. */
  private async fillApart(longPrompts: LongPrompts, tokens: Int32Array, signal: AbortSignal): Promise<void> {
    const { decoder, prompts, threadPool } = this.parts;
    // Otherwise a context would be made for a model that is about to be freed.
    if (this.stopped) return;
    const filling = longPrompts.compute(tokens, {
      threads: decoder.configuration.threads,
      pool: threadPool(),
      chunkTokens: Math.min(LARGEST_CHUNK, 2 * this.chunkTokens),
      decode: async (context, chunk, start) =>
        signal.aborted ? "aborted" : this.compute(chunk, start, signal, context),
      own: () => this.stateWith(tokens.subarray(0, 1)),
    });
    this.filling = filling;
    const bytes = await filling;
    if (!bytes) return;
    if (!this.stopped) prompts.restoreState({ tokens: tokens.slice(), bytes });
    freeStateBytes(bytes);
  }

  /** The state of the engine's own context, which begins with these tokens at least. */
  private async stateWith(tokens: Int32Array): Promise<Uint8Array | undefined> {
    const { cache, prompts, decoder } = this.parts;
    await decoder.settle();
    if (cache.length === 0 && (await this.compute(tokens, 0, NEVER)) === "ok") cache.append(tokens);
    return prompts.copyState()?.bytes;
  }
}
