/**
 * The engine on llama.cpp: owns one native model and one native context, and turns a token tree into one
 * `llama_decode` over a unified KV cache with one sequence per branch.
 *
 * Exactness. A row's result does not depend on how many other rows there are, as long as all go through the same kernels. So
 * trees have at most as many rows as were found to equal single ones (`exactness.ts`), decodes are padded with dummy rows where
 * that was found to be needed and cheap, and accepted tokens whose cells are out of position order are decoded again
 * (`pending`).
 */
import { LargestLogits } from "./argmax.ts";
import { BatchDecoder, type RunResult } from "./batchDecoder.ts";
import { type EngineConfiguration, LARGEST_PADDING } from "./configuration.ts";
import { SIZES } from "./costModel.ts";
import { decodedRows, holdsNumbers } from "./decodedRows.ts";
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
import { PromptReader } from "./promptReader.ts";
import type { SavedState } from "./savedStates.ts";
import { freeStateBytes } from "./stateMemory.ts";
import type { ThreadGovernor } from "./threadGovernor.ts";
import { createThreadPool, type ThreadPool } from "./threadPool.ts";
import { TreePlan } from "./treePlan.ts";
import type { LlamaVocabulary } from "./vocabulary.ts";

/** What `llama_decode` returns when a graph cannot be given its memory. */
const ALLOCATION_FAILED = -2;
/** Most tokens of a prompt that are left to the first decode: with more they cost more than saving one decode gains. */
const MAX_DEFERRED_TOKENS = 16;
/** Share of a tree's rows that these tokens may take. */
const DEFERRED_SHARE = 1 / 4;
/** Cells that a prompt's completion is likely to need. */
const COMPLETION_TOKENS = 160;

/** The native objects an engine is built over; the engine frees them. */
interface NativeObjects {
  readonly library: Library;
  readonly model: Pointer;
  readonly context: GrowingContext;
  readonly cache: KvCache;
  readonly vocabulary: LlamaVocabulary;
  /** A sequence no branch uses, for the dummy row. */
  readonly spareSequence: number;
  /** Most rows of a tree, with pending tokens and dummies, that the context was made for. */
  readonly rows: number;
  /** Whether tokens can be taken back out of the cache one by one (not so for recurrent state). */
  readonly canRollBack: boolean;
  /** Whether the cells of cached tokens can be given other positions. */
  readonly canShift: boolean;
  /** Whether layers attend only to a sliding window. */
  readonly hasWindow: boolean;
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
  /** Computes batches; public for benchmarks of threads and of the machine's load. */
  readonly decoder: BatchDecoder;
  private readonly prompts: PromptCache;
  private readonly reader: PromptReader;
  private readonly plan: TreePlan;
  private readonly largest: LargestLogits;
  /** Tokens of the context whose KV cells are not computed yet: they go first in the next batch. */
  private pending: number[] = [];
  private tree: TokenTree | undefined;
  /** Most rows of a tree, with pending tokens and dummies, if not the number that is exact: for benchmarks. */
  private rowLimit: number | undefined;
  private disposed = false;
  private threadPool: ThreadPool | undefined;

  constructor(
    public info: EngineInfo,
    private readonly native: NativeObjects,
    configuration: EngineConfiguration,
  ) {
    this.vocabulary = native.vocabulary;
    this.threadPool = native.threadPool;
    this.decoder = new BatchDecoder({ ...native, branches: info.maxBranches }, configuration);
    const prefillMs = (tokens: number) => this.prefillMs(tokens);
    this.prompts = new PromptCache({ ...native, prefillMs });
    this.reader = new PromptReader({
      ...native,
      prefillMs,
      decoder: this.decoder,
      prompts: this.prompts,
      threadPool: () => this.threadPool,
    });
    this.plan = new TreePlan(info.maxTreeNodes);
    this.largest = new LargestLogits(native.vocabulary.size);
  }

  get configuration(): EngineConfiguration {
    return this.decoder.configuration;
  }

  /** Uses another configuration from the next decode on. Not while one is under way. */
  configure(configuration: EngineConfiguration): void {
    this.fitThreadPool(configuration.threads);
    this.decoder.configure(configuration);
    this.info = { ...this.info, threads: configuration.threads };
  }

  /**
   * Computes with another engine's threads from now on, if both compute on the same device: threads that poll for more work of
   * one engine would slow down those of the other. Neither may be computing now, and both may never compute at once.
   */
  shareThreadsOf(other: LlamaEngine): void {
    const pool = other.info.backend === this.info.backend ? other.threadPool?.share() : undefined;
    if (!pool) return;
    this.exchangeThreadPool(pool);
    this.decoder.useThreadOf(other.decoder);
  }

  /** Gives the pool as many threads as decodes should use: fewer would limit them, further ones would get in the way. */
  private fitThreadPool(threads: number): void {
    const { threadPool } = this;
    if (!threadPool || threads < 2 || threadPool.threads === threads) return;
    const pool = createThreadPool(this.native.library, threads);
    if (pool) this.exchangeThreadPool(pool);
  }

  private exchangeThreadPool(pool: ThreadPool): void {
    const { library, context, longPrompts } = this.native;
    library.attachThreadPool(context.pointer, pool.pointer, pool.pointer);
    // Its context uses the pool that is about to be freed.
    longPrompts?.close();
    if (this.threadPool) this.decoder.retire(this.threadPool);
    this.threadPool = pool;
  }

  saveEnergy(on: boolean): void {
    this.decoder.savesEnergy = on;
  }

  /** For methods whose trees are larger or smaller than the exact size. Undefined: the exact size. */
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
    // With pending tokens the next decode has several rows in any case.
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
    // A tree that was decoded but never accepted has left its cells behind.
    if (this.tree) this.dropTree();
    this.pending = [];
    this.tree = undefined;
    const growing = this.makeRoom(tokens.length, COMPLETION_TOKENS);
    const narrow = growing && (await growing);
    if (narrow) return narrow;
    const most = tail === "deferred" ? Math.min(MAX_DEFERRED_TOKENS, this.mostRows * DEFERRED_SHARE) : 0;
    const read = await this.reader.read(tokens, signal, most);
    if (read.kind !== "read") return this.failure(read.result);
    this.pending = [...tokens.subarray(tokens.length - read.deferred)];
    return { kind: "prefilled", reused: read.reused, computed: tokens.length - read.reused };
  }

  /** Provides cells for so many tokens and the dummy rows of one decode. Undefined if there are enough, as nearly always. */
  private makeRoom(tokens: number, ahead = 0): Promise<NotComputed | undefined> | undefined {
    const cells = tokens + LARGEST_PADDING - 1;
    return this.native.context.hasRoom(cells, ahead) ? undefined : this.grow(cells, ahead);
  }

  private async grow(cells: number, ahead: number): Promise<NotComputed | undefined> {
    const { context, library, cache } = this.native;
    const { length } = cache;
    await this.decoder.settle();
    const room = await context.grow(cells, ahead, {
      take: () => this.prompts.copyWholeState(),
      adopt: larger => {
        const { threadPool } = this;
        if (threadPool) library.attachThreadPool(larger, threadPool.pointer, threadPool.pointer);
        this.decoder.adopt(larger);
      },
      put: state => {
        cache.clear();
        if (!state) return;
        this.prompts.restoreState(state);
        freeStateBytes(state.bytes);
      },
    });
    if (room === "freed") return { kind: "aborted" };
    this.info = { ...this.info, contextTokens: context.mostTokens };
    if (room === "tooFew") return { kind: "outOfMemory" };
    if (cache.length === length) return undefined;
    // Its content could not be moved, so nothing may be decoded after it.
    this.abandon();
    return { kind: "failed", message: "the context could not be made larger" };
  }

  async decode(tree: TokenTree, signal: AbortSignal): Promise<DecodeOutcome> {
    if (this.disposed) return { kind: "aborted" };
    if (tree.count > this.room()) return { kind: "contextFull" };
    const { cache } = this.native;
    const { plan, pending } = this;
    const { batch } = this.decoder;
    const growing = this.makeRoom(cache.length + pending.length + tree.count);
    const narrow = growing && (await growing);
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
      this.dropTree();
      return this.failure(result);
    }
    if (!holdsNumbers(this.native, pending.length + plan.rowOf[0])) {
      // Logits computed from these cells would not be numbers either.
      this.abandon();
      return { kind: "failed", message: "the model's logits are not numbers (NaN)" };
    }
    this.prompts.decoded();
    const ms = performance.now() - start;
    // Rows without logits cost less than those of a tree.
    if (padded || pending.length === 0) this.decoder.observe(rows, cache.length, ms);
    this.tree = tree;
    return {
      kind: "decoded",
      decoded: decodedRows(this.native, row => pending.length + plan.rowOf[row], this.largest, ms),
    };
  }

  accept(path: readonly number[]): void {
    const { tree, plan, pending } = this;
    if (!tree) throw new Error("accept needs a decoded tree");
    this.tree = undefined;
    // Recurrent state has advanced beyond the accepted tokens.
    if (!this.native.canRollBack && path.length < tree.count) {
      this.abandon();
      return;
    }
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

  /** Makes the context fit to be copied; if that fails, empties it. */
  async settle(): Promise<void> {
    await this.decoder.settle();
  }

  /**
   * Replaces the context by another one, or by an empty one, and returns a copy of the old one: undefined if it was empty or
   * is too large to be kept. Not while a tree is decoded. Frees the memory of `other`.
   */
  exchangeContext(other: SavedState | undefined): SavedState | undefined {
    const present = this.disposed ? undefined : this.prompts.copyState();
    this.abandon();
    if (!other) return present;
    if (!this.disposed) this.prompts.restoreState(other);
    freeStateBytes(other.bytes);
    return present;
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    // A caller that still holds the engine must not keep its saved states alive.
    this.prompts.forget();
    await this.decoder.stop();
    await this.reader.stop();
    const { library, context, model } = this.native;
    // Meanwhile a decode that was under way cleans up the cache.
    await context.free();
    this.decoder.freeRetired();
    this.threadPool?.free();
    library.modelFree(model);
  }

  /** Removes the cells of a tree of which nothing is accepted. */
  private dropTree(): void {
    if (this.native.canRollBack) this.native.cache.commit(this.plan.leaves, 0, []);
    else this.abandon();
  }

  private failure(result: Exclude<RunResult, "ok">): NotComputed {
    // Recurrent state has advanced and cannot be rolled back.
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
