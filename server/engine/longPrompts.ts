/**
 * Computes long prompts faster than the engine's own context can on a processor. Keys in Q8_0 make decoding fast, but ggml's
 * flash attention then computes a prompt row by row; with keys and values both in F16 it computes tiles of 64 rows. So a long
 * prompt is computed in a separate context, and its cells are copied over with keys in Q8_0. That context lasts until the
 * prompt is complete. After an abort, as while the user types, the next prompt with the same prefix continues it.
 */
import type { RunResult } from "./batchDecoder.ts";
import { anotherContext } from "./context.ts";
import type { Library, Pointer } from "./libllama.ts";
import { commonPrefix } from "./savedStates.ts";
import { firstKeysAgree, withKeysInQ8 } from "./stateKeys.ts";
import { freeStateBytes, newStateBytes } from "./stateMemory.ts";
import type { ThreadPool } from "./threadPool.ts";

/** With fewer tokens, making the context would take longer than it saves. */
const LEAST_TOKENS = 192;
/**
 * Limits the part of a prompt that the engine holds already, which is computed once more: half of a prompt with this many
 * tokens or more, a smaller share of a shorter one. The more tokens precede a row, the more that row gains.
 */
const HALF_KNOWN_TOKENS = 1500;
/** How long an aborted prompt is kept for one that continues it. */
const KEPT_MS = 10_000;
/** Cells in addition to the prompt's, for text that is typed until the prompt is complete. */
const SPARE_CELLS = 128;

/** A prompt under way. */
interface Begun {
  readonly context: Pointer;
  /** Most tokens it has room for. */
  readonly room: number;
  /** The tokens computed so far. */
  tokens: Int32Array;
}

interface PromptOptions {
  readonly threads: number;
  readonly pool: ThreadPool | undefined;
  /** Tokens of one decode. */
  readonly chunkTokens: number;
  /** Decodes tokens after the first `start` of a context. */
  readonly decode: (context: Pointer, chunk: Int32Array, start: number) => Promise<RunResult>;
  /** The state of the engine's own context with at least the prompt's first token; called once. */
  readonly own: () => Promise<Uint8Array | undefined>;
}

export class LongPrompts {
  private begun: Begun | undefined;
  /** Frees a prompt that was begun and is not continued. */
  private closing: NodeJS.Timeout | undefined;
  /** Whether converted keys were found to equal those that the engine's own context computes. */
  private isProved = false;
  /** Set if they were not, or no context could be made: long prompts are then computed like all others. */
  private isOff = false;

  constructor(
    private readonly library: Library,
    private readonly model: Pointer,
    /** Values of a key in one head. */
    private readonly headValues: number,
  ) {}

  /** Tokens at the start of a prompt that an aborted one has computed; 0 unless they are most of what it computed. */
  known(tokens: Int32Array): number {
    const { begun } = this;
    if (!begun || begun.room < tokens.length) return 0;
    const common = commonPrefix(begun.tokens, tokens);
    // Attention would still go over the cells that are no longer needed.
    return 2 * common > begun.tokens.length ? common : 0;
  }

  /** Whether a separate context pays for a prompt whose first `known` tokens the engine holds already. */
  pays(tokens: Int32Array, known: number): boolean {
    if (this.isOff) return false;
    return (
      this.known(tokens) > known ||
      (tokens.length - known >= LEAST_TOKENS &&
        known <= (tokens.length / 2) * Math.min(1, tokens.length / HALF_KNOWN_TOKENS))
    );
  }

  /** Computes a prompt. Resolves to its state in the form of the engine's own context; undefined if it is not complete. */
  async compute(tokens: Int32Array, options: PromptOptions): Promise<Uint8Array | undefined> {
    clearTimeout(this.closing);
    const begun = await this.beginning(tokens, options);
    if (!begun) return undefined;
    const { context } = begun;
    while (begun.tokens.length < tokens.length) {
      const start = begun.tokens.length;
      const chunk = tokens.subarray(start, start + options.chunkTokens);
      const result = await options.decode(context, chunk, start);
      if (result === "aborted") return this.closeLater();
      if (result !== "ok") return this.turnOff();
      begun.tokens = tokens.slice(0, start + chunk.length);
      if (!this.isProved && !(await this.prove(begun, options))) return this.turnOff();
    }
    const state = await this.stateOf(begun);
    this.close();
    return state ?? this.turnOff();
  }

  private closeLater(): undefined {
    this.closing = setTimeout(() => this.close(), KEPT_MS);
    this.closing.unref();
  }

  /** Frees the context of a prompt that was not completed. */
  close(): void {
    clearTimeout(this.closing);
    if (this.begun) this.library.contextFree(this.begun.context);
    this.begun = undefined;
  }

  /** The context, cut to the beginning it shares with a prompt; a new, empty one if it shares none or has no room. */
  private async beginning(tokens: Int32Array, { threads, pool }: PromptOptions): Promise<Begun | undefined> {
    const { library, begun } = this;
    const common = this.known(tokens);
    if (begun && common > 0) {
      begun.tokens = begun.tokens.subarray(0, common);
      // Cells of a chunk that was aborted may have been written.
      library.sequenceRemove(library.memoryOf(begun.context), 0, common, -1);
      return begun;
    }
    this.close();
    const room = tokens.length + SPARE_CELLS;
    const context = await anotherContext(library, this.model, { contextTokens: room, keys: "f16", threads });
    if (context === null) return this.turnOff();
    if (pool) library.attachThreadPool(context, pool.pointer, pool.pointer);
    this.begun = { context, room, tokens: new Int32Array(0) };
    return this.begun;
  }

  private async stateOf({ context, tokens }: Begun): Promise<Uint8Array | undefined> {
    const { library } = this;
    const bytes = newStateBytes(library.stateBytes(context, 0));
    if (library.stateRead(context, bytes, bytes.length, 0) !== bytes.length) return undefined;
    return withKeysInQ8(library, bytes, tokens.length, this.headValues);
  }

  /** Compares the first token's keys with those of the engine's own context: early, since all work is lost if they differ. */
  private async prove(begun: Begun, { own }: PromptOptions): Promise<boolean> {
    const state = await this.stateOf(begun);
    const known = state && (await own());
    this.isProved = state !== undefined && known !== undefined && firstKeysAgree(state, known);
    for (const bytes of [state, known]) if (bytes) freeStateBytes(bytes);
    return this.isProved;
  }

  private turnOff(): undefined {
    this.close();
    this.isOff = true;
    return undefined;
  }
}
