/**
 * The engine on llama.cpp: owns one native model and one native context, and turns a token tree into one
 * `llama_decode` over a unified KV cache with one sequence per branch.
 *
 * Exactness. A row's result does not depend on how many other rows there are, as long as all go through the
 * same kernels. So trees have at most as many rows as were found to equal single ones (`exactness.ts`), decodes
 * are padded with dummy rows where that was found to be needed and cheap, and accepted tokens whose cells are out
 * of position order are fed again (`pending`).
 */
import { LargestLogits } from "./argmax.ts";
import { BatchDecoder, type RunResult } from "./batchDecoder.ts";
import { type EngineConfiguration, LARGEST_CHUNK, LARGEST_PADDING } from "./configuration.ts";
import { SIZES } from "./costModel.ts";
import { decodedRows } from "./decodedRows.ts";
import type { DecodeThread } from "./decodeThread.ts";
import type {
  DecodeOutcome,
  Engine,
  EngineInfo,
  NotComputed,
  PrefillOutcome,
  PromptTail,
  TokenTree,
} from "./engine.ts";
import type { GrowingContext } from "./growingContext.ts";
import type { KvCache } from "./kvCache.ts";
import type { Library, Pointer } from "./libllama.ts";
import type { LongPrompts } from "./longPrompts.ts";
import { PromptCache, type ReuseMode } from "./promptCache.ts";
import type { SavedState } from "./savedStates.ts";
import type { ThreadGovernor } from "./threadGovernor.ts";
import type { ThreadPool } from "./threadPool.ts";
import { TreePlan } from "./treePlan.ts";
import type { LlamaVocabulary } from "./vocabulary.ts";

/** What `llama_decode` returns when a graph cannot be given its memory. */
const ALLOCATION_FAILED = -2;
/** A chunk of a prompt that is expected to take longer is ended by an abort. */
const FINISHED_CHUNK_MS = 500;
const NEVER = new AbortController().signal;
/** Most tokens of a prompt that are left to the first decode: about as many as cost as much as one row alone saves. */
const MAX_DEFERRED_TOKENS = 16;
/** Cells that a prompt's completion is likely to want. */
const COMPLETION_TOKENS = 160;
/** Share of a tree's rows that they may take. */
const DEFERRED_SHARE = 1 / 4;
/** The native objects an engine is built over; the engine frees them. */
interface NativeObjects {
  readonly library: Library;
  readonly model: Pointer;
  readonly context: GrowingContext;
  readonly cache: KvCache;
  readonly vocabulary: LlamaVocabulary;
  /** A sequence no branch uses, for the dummy row. */
  readonly spareSequence: number;
  /** Most rows of a tree and what goes with it that the context was made for. */
  readonly rows: number;
  /** Whether tokens can be taken back out of the cache one by one (not so for recurrent state). */
  readonly canRollBack: boolean;
  /** Whether the cells of cached tokens can be given other positions. */
  readonly canShift: boolean;
  readonly reuse: ReuseMode;
  /** Absent where the engine's own context computes long prompts as quickly. */
  readonly longPrompts: LongPrompts | undefined;
  /** Size of the model's file. */
  readonly modelBytes: number;
  readonly threadPool: ThreadPool | undefined;
  readonly decodeThread: DecodeThread | undefined;
  /** Absent where the processor does not compute, or its use is fixed. */
  readonly governor: ThreadGovernor | undefined;
}

export class LlamaEngine implements Engine {
  readonly vocabulary: LlamaVocabulary;
  /** Computes batches; public for who measures what threads and the load of the machine are worth. */
  readonly decoder: BatchDecoder;
  private readonly prompts: PromptCache;
  private readonly plan: TreePlan;
  private readonly largest: LargestLogits;
  /** Tokens of the context whose KV cells are still to be made: head of the next batch. */
  private pending: number[] = [];
  private tree: TokenTree | undefined;
  /** Most rows of a tree and what goes with it, where not those that are exact: for benchmarks. */
  private rowLimit: number | undefined;
  private disposed = false;
  private threadPool: ThreadPool | undefined;
  /** A context for a long prompt, and a larger one of the engine's own: both end before the model does. */
  private filling: Promise<unknown> = Promise.resolve();
  private growing: Promise<unknown> = Promise.resolve();

  constructor(
    public info: EngineInfo,
    private readonly native: NativeObjects,
    configuration: EngineConfiguration,
  ) {
    this.vocabulary = native.vocabulary;
    this.threadPool = native.threadPool;
    this.decoder = new BatchDecoder({ ...native, branches: info.maxBranches }, configuration);
    this.prompts = new PromptCache({ ...native, prefillMs: tokens => this.prefillMs(tokens) });
    this.plan = new TreePlan(info.maxTreeNodes);
    this.largest = new LargestLogits(native.vocabulary.size);
  }

  get configuration(): EngineConfiguration {
    return this.decoder.configuration;
  }

  /** Computes in another way from the next decode on. */
  configure(configuration: EngineConfiguration): void {
    this.decoder.configure(configuration);
    this.info = { ...this.info, threads: configuration.threads };
  }

  /**
   * Computes with another engine's threads from now on, where both compute on the same device, in turn with it: threads that wait for more of one engine's work
   * would stand in the way of the other's. Neither may compute now, nor ever both at once.
   */
  shareThreadsOf(other: LlamaEngine): void {
    const { library, context } = this.native;
    const pool = other.info.backend === this.info.backend ? other.threadPool?.share() : undefined;
    if (!pool) return;
    library.attachThreadPool(context.pointer, pool.pointer, pool.pointer);
    // It computes with the pool that is freed.
    this.native.longPrompts?.close();
    this.threadPool?.free();
    this.threadPool = pool;
    this.decoder.useThreadOf(other.decoder);
  }

  saveEnergy(on: boolean): void {
    this.decoder.savesEnergy = on;
  }

  /** For methods whose trees are larger than what is exact, or smaller. Undefined: as large as is exact. */
  limitRows(rows: number | undefined): void {
    this.rowLimit = rows;
  }

  get prefillMsPerToken(): number | undefined {
    return this.configuration.prefillMsPerToken;
  }

  cost(nodes: number): number {
    return this.decoder.costModel.time(nodes + this.pending.length, this.native.cache.length);
  }

  get waitingMs(): number {
    const { costModel } = this.decoder;
    const { length } = this.native.cache;
    return costModel.time(1 + this.pending.length, length) - costModel.time(1, length);
  }

  get slowdownMs(): number {
    // With tokens that wait, the next decode has several rows in any case.
    return this.pending.length > 0 ? 0 : this.decoder.slowdownMs(this.native.cache.length);
  }

  get measuredSizes(): readonly number[] {
    return this.decoder.costModel.measuredSizes(this.native.cache.length);
  }

  private prefillMs(tokens: number): number {
    const known = this.prefillMsPerToken;
    if (known !== undefined) return known * tokens;
    const largest = SIZES[SIZES.length - 1];
    return (tokens / largest) * this.decoder.costModel.time(largest, this.native.cache.length);
  }

  private get mostRows(): number {
    const { rows } = this.native;
    const { exactRows, rowPadding } = this.configuration;
    const limit = Math.min(rows, this.rowLimit ?? exactRows);
    return rowPadding === 4 && limit >= 4 ? limit - (limit % 4) : limit;
  }

  room(): number {
    // Cells are kept for the dummy rows.
    const cells =
      this.info.contextTokens - this.native.cache.length - this.pending.length - LARGEST_PADDING + 1;
    return Math.max(0, Math.min(cells, this.info.maxTreeNodes, this.mostRows - this.pending.length));
  }

  async prefill(
    tokens: Int32Array,
    signal: AbortSignal,
    tail: PromptTail = "computed",
  ): Promise<PrefillOutcome> {
    if (this.disposed) return { kind: "aborted" };
    if (tokens.length + 2 > this.info.contextTokens) return { kind: "contextFull" };
    const { cache, longPrompts } = this.native;
    // A tree that was decoded and never accepted has left its cells after.
    if (this.tree) cache.commit(this.plan.leaves, 0, []);
    this.pending = [];
    this.tree = undefined;
    const narrow = await this.makeRoom(tokens.length, COMPLETION_TOKENS);
    if (narrow) return narrow;
    const runs = this.prompts.begin(tokens);
    const before = Math.max(cache.length, longPrompts?.known(tokens) ?? 0);
    let moved = 0;
    for (const [index, { to, length }] of runs.entries()) {
      const failure = await this.fill(tokens.subarray(0, to), signal);
      if (failure) {
        cache.dropParked(runs.length);
        return failure;
      }
      cache.unpark(index, tokens.subarray(to, to + length));
      moved += length;
    }
    const deferred = tail === "deferred" ? this.deferrable(tokens.length - cache.length) : 0;
    const now = tokens.length - deferred;
    const failure = await this.fill(tokens.subarray(0, now), signal);
    if (failure) return failure;
    this.pending = [...tokens.subarray(now)];
    const reused = before + moved;
    return { kind: "prefilled", reused, computed: tokens.length - reused };
  }

  /**
   * Gives the context cells for so many tokens, and `ahead` more where it needs larger ones in any case; what is in it
   * stays. Where there is no memory for them it remains as long as it is.
   */
  private async makeRoom(tokens: number, ahead = 0): Promise<NotComputed | undefined> {
    const { context, library, cache } = this.native;
    const needed = tokens + LARGEST_PADDING;
    const wanted = Math.min(context.mostTokens, needed + ahead);
    if (wanted <= context.cells) return undefined;
    const growing = context.larger(wanted);
    this.growing = growing;
    const larger = await growing;
    if (this.disposed) {
      if (larger) library.contextFree(larger);
      return { kind: "aborted" };
    }
    if (!larger) {
      this.info = { ...this.info, contextTokens: context.cells };
      return needed <= context.cells ? undefined : { kind: "contextFull" };
    }
    const { length } = cache;
    const state = this.prompts.copyWholeState();
    if (this.threadPool) library.attachThreadPool(larger, this.threadPool.pointer, this.threadPool.pointer);
    this.decoder.adopt(larger);
    context.replaceBy(larger);
    cache.clear();
    if (state) this.prompts.restoreState(state);
    // Whoever decodes must not go on after a context that was lost.
    return cache.length === length ? undefined : { kind: "contextFull" };
  }

  /** How many of the last `uncomputed` tokens the next decode computes. */
  private deferrable(uncomputed: number): number {
    const rest = uncomputed % this.configuration.chunkTokens;
    return rest <= Math.min(MAX_DEFERRED_TOKENS, this.mostRows * DEFERRED_SHARE) ? rest : 0;
  }

  /**
   * Computes the part of `tokens` that is not in the cache yet, chunk by chunk. A chunk that has begun is finished though
   * it is aborted, unless it takes long: as one types the next prompt begins with nearly all of it, and keys that come
   * faster than chunks would otherwise keep any from being computed.
   */
  private async fill(tokens: Int32Array, signal: AbortSignal): Promise<NotComputed | undefined> {
    const { cache, library, longPrompts } = this.native;
    if (longPrompts?.pays(tokens, cache.length)) await this.fillApart(longPrompts, tokens, signal);
    while (cache.length < tokens.length) {
      if (signal.aborted) return { kind: "aborted" };
      const start = cache.length;
      const chunk = tokens.subarray(start, start + this.configuration.chunkTokens);
      const result = await this.compute(chunk, start, signal);
      if (result !== "ok") {
        // Cells of the unfinished chunk may have been written.
        library.sequenceRemove(this.memory, 0, start, -1);
        return this.failure(result);
      }
      cache.append(chunk);
    }
    return undefined;
  }

  /** Decodes tokens of a prompt. @param apart another context than the engine's own */
  private compute(
    chunk: Int32Array,
    start: number,
    signal: AbortSignal,
    apart?: Pointer,
  ): Promise<RunResult> {
    const { batch } = this.decoder;
    batch.clear();
    for (let i = 0; i < chunk.length; i++) batch.add(chunk[i], start + i, 0, 1, false);
    const isFinished = this.prefillMs(chunk.length) <= FINISHED_CHUNK_MS;
    return this.decoder.run(isFinished ? NEVER : signal, apart);
  }

  /** Computes a long prompt in a context of its own and takes it over; nothing where an abort comes before its end. */
  private async fillApart(prompts: LongPrompts, tokens: Int32Array, signal: AbortSignal): Promise<void> {
    const { threads, chunkTokens } = this.configuration;
    const filling = prompts.compute(tokens, {
      threads,
      pool: this.threadPool,
      chunkTokens: Math.min(LARGEST_CHUNK, 2 * chunkTokens),
      decode: async (context, chunk, start) =>
        signal.aborted ? "aborted" : this.compute(chunk, start, signal, context),
      own: () => this.stateWith(tokens.subarray(0, 1)),
    });
    this.filling = filling;
    const bytes = await filling;
    if (bytes && !this.disposed) this.prompts.restoreState({ tokens: tokens.slice(), bytes });
  }

  /** The state of the engine's own context, which begins with these tokens at least. */
  private async stateWith(tokens: Int32Array): Promise<Uint8Array | undefined> {
    const { cache } = this.native;
    if (cache.length === 0 && (await this.compute(tokens, 0, NEVER)) === "ok") cache.append(tokens);
    return this.prompts.copyState()?.bytes;
  }

  async decode(tree: TokenTree, signal: AbortSignal): Promise<DecodeOutcome> {
    if (this.disposed) return { kind: "aborted" };
    if (tree.count > this.room()) return { kind: "contextFull" };
    const { cache, context } = this.native;
    const { plan, pending } = this;
    const { batch } = this.decoder;
    const narrow = await this.makeRoom(cache.length + pending.length + tree.count);
    if (narrow) return narrow;
    plan.set(tree);
    if (plan.leaves > this.info.maxBranches)
      throw new RangeError(`tree of ${plan.leaves} branches, expected at most ${this.info.maxBranches}`);
    cache.fork(plan.leaves);
    batch.clear();
    // Where decodes are padded, the last layer must have as many rows as the others.
    const padded = this.configuration.rowPadding > 1;
    for (let i = 0; i < pending.length; i++) batch.add(pending[i], cache.length + i, 0, plan.leaves, padded);
    const rootPosition = cache.length + pending.length;
    for (let row = 0; row < plan.count; row++) {
      const node = plan.nodeAt[row];
      batch.add(
        tree.tokens[node],
        rootPosition + plan.depth[node],
        plan.firstLeaf[node],
        plan.leafCount[node],
        true,
      );
    }
    const rows = batch.rows;
    const start = performance.now();
    const result = await this.decoder.run(signal);
    if (result !== "ok") {
      cache.commit(plan.leaves, 0, []);
      return this.failure(result);
    }
    this.prompts.decoded();
    const ms = performance.now() - start;
    // Rows without logits cost less than those of a tree.
    if (padded || pending.length === 0) this.decoder.observe(rows, cache.length, ms);
    this.tree = tree;
    return {
      kind: "decoded",
      decoded: decodedRows(
        { ...this.native, context: context.pointer },
        row => pending.length + plan.rowOf[row],
        this.largest,
        ms,
      ),
    };
  }

  accept(path: readonly number[]): void {
    const { tree, plan, pending } = this;
    if (!tree) throw new Error("accept needs a decoded tree");
    this.tree = undefined;
    let inOrder = 0;
    while (inOrder < path.length && plan.rowOf[path[inOrder]] === inOrder) inOrder++;
    const tokens = path.map(node => tree.tokens[node]);
    const winner = path.length === 0 ? 0 : plan.firstLeaf[path[path.length - 1]];
    this.native.cache.commit(plan.leaves, winner, [...pending, ...tokens.slice(0, inOrder)]);
    this.pending = tokens.slice(inOrder);
  }

  forget(): void {
    this.abandon();
    this.prompts.forget();
    this.native.longPrompts?.close();
  }

  /**
   * Makes another context the present one, or an empty one, and returns what was there: undefined where nothing was,
   * or where it is too large to be kept. Not while a tree is decoded.
   */
  exchangeContext(other: SavedState | undefined): SavedState | undefined {
    const present = this.disposed ? undefined : this.prompts.copyState();
    this.abandon();
    if (other && !this.disposed) this.prompts.restoreState(other);
    return present;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    // Whoever still holds the engine must not hold the states of its contexts along.
    this.prompts.forget();
    await this.decoder.stop();
    await this.filling;
    await this.growing;
    this.native.longPrompts?.close();
    // Whoever waited for the same decode puts the cache in order first.
    await new Promise(resolve => setImmediate(resolve));
    const { library, context, model } = this.native;
    context.free();
    this.threadPool?.free();
    library.modelFree(model);
  }

  private get memory(): Pointer {
    return this.native.context.memory;
  }

  private failure(result: Exclude<RunResult, "ok">): NotComputed {
    // Recurrent state has moved on and cannot be taken back.
    if (!this.native.canRollBack) this.abandon();
    if (result === "aborted") return { kind: "aborted" };
    if (result === "noRoom") return { kind: "contextFull" };
    // The cache's state is unknown after an error in the middle of a graph.
    this.abandon();
    if (result.code === ALLOCATION_FAILED) return { kind: "outOfMemory" };
    return { kind: "failed", message: `llama_decode returned ${result.code}` };
  }

  /** The context is lost; states of others are kept. */
  private abandon(): void {
    this.native.cache.clear();
    this.pending = [];
    this.tree = undefined;
  }
}
