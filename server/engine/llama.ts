/**
 * The engine on llama.cpp: owns one native model and one native context, and turns a token tree into one
 * `llama_decode` over a unified KV cache with one sequence per branch.
 *
 * Exactness. A row's result does not depend on how many other rows there are, as long as all go through the
 * same kernels. So trees have at most as many rows as were found to equal single ones (`exactness.ts`), decodes
 * are padded with dummy rows where that was found to be needed and cheap, and accepted tokens whose cells are out
 * of position order are fed again (`pending`).
 */
import { type CopyPart, LargestLogits } from "./argmax.ts";
import { Batch } from "./batch.ts";
import { type EngineConfiguration, LARGEST_CHUNK, LARGEST_PADDING } from "./configuration.ts";
import { CostModel, SIZES } from "./costModel.ts";
import type {
  Decoded,
  DecodeOutcome,
  Engine,
  EngineInfo,
  NotComputed,
  PrefillOutcome,
  TokenTree,
} from "./engine.ts";
import type { KvCache } from "./kvCache.ts";
import { addressOf, inBackground, type Library, type Pointer } from "./libllama.ts";
import { planReuse, type Run } from "./reuse.ts";
import { commonPrefix, type SavedState, SavedStates } from "./savedStates.ts";
import type { ThreadGovernor } from "./threadGovernor.ts";
import type { ThreadPool } from "./threadPool.ts";
import { TreePlan } from "./treePlan.ts";
import type { LlamaVocabulary } from "./vocabulary.ts";

/** What `llama_decode` returns when a graph cannot be given its memory. */
const ALLOCATION_FAILED = -2;
/** Memory for contexts that may be wanted again: four of 2,000 tokens of a model of 1.5 B parameters. */
const SAVED_STATE_BYTES = 256 << 20;
/** Fewer tokens than this are computed again rather than copied. */
const MIN_SAVED_TOKENS = 64;

/**
 * When parts of the KV cache are moved to where a changed prompt has them: never, always, or where computing them
 * anew would keep a person waiting.
 */
export type ReuseMode = "exact" | "shifted" | "auto";
/** Waiting that `auto` does not put up with. */
const PATIENCE_MS = 50;

/** The native objects an engine is built over; the engine frees them. */
interface NativeParts {
  readonly library: Library;
  readonly model: Pointer;
  readonly context: Pointer;
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
  readonly threadPool: ThreadPool | undefined;
  /** Absent where the processor does not compute, or its use is fixed. */
  readonly governor: ThreadGovernor | undefined;
}

type RunResult = "ok" | "aborted" | "noRoom" | { readonly code: number };

export class LlamaEngine implements Engine {
  readonly vocabulary: LlamaVocabulary;
  private readonly batch: Batch;
  private readonly plan: TreePlan;
  private readonly largest: LargestLogits;
  /** A C string that is empty until an abort is wanted; `strlen` of it is the abort predicate. */
  private readonly abortFlag = new Uint8Array(4096);
  /** Tokens accepted already whose KV cells are still to be made: head of the next batch. */
  private pending: number[] = [];
  private tree: TokenTree | undefined;
  private running: Promise<unknown> = Promise.resolve();
  /** Most rows of a tree and what goes with it, where not those that are exact: for benchmarks. */
  private rowLimit: number | undefined;
  /** What decodes cost, by the number of threads; kept current by every decode of a tree. */
  private readonly costs = new Map<number, CostModel>();
  /** Threads of the next decode; fewer than configured while other programs are busy. */
  private threads: number;
  private followsLoad = true;

  private disposed = false;
  private readonly savedStates = new SavedStates(SAVED_STATE_BYTES);
  /** Whether the context was decoded from: what was only prefilled, and typed over, is not worth keeping. */
  private decodedFrom = false;

  constructor(
    public info: EngineInfo,
    private readonly native: NativeParts,
    private config: EngineConfiguration,
  ) {
    const { library, context, vocabulary } = native;
    this.vocabulary = vocabulary;
    this.threads = config.threads;
    this.batch = new Batch(LARGEST_CHUNK, info.maxBranches);
    this.plan = new TreePlan(info.maxTreeNodes);
    this.largest = new LargestLogits(vocabulary.size);
    library.setAbortCallback(context, library.stringLength, addressOf(this.abortFlag));
  }

  get configuration(): EngineConfiguration {
    return this.config;
  }

  /** Computes in another way from the next decode on. Costs that come with it take the place of those known. */
  configure(configuration: EngineConfiguration): void {
    this.config = configuration;
    const { threads, costs } = configuration;
    if (costs) this.costs.set(threads, new CostModel(costs));
    this.useThreads(threads);
    this.info = { ...this.info, threads };
  }

  /** Whether fewer threads compute while other programs are busy; not while it is measured what threads are worth. */
  followLoad(follow: boolean): void {
    this.followsLoad = follow;
    if (!follow) this.useThreads(this.config.threads);
  }

  /** Processors that other programs keep busy; 0 where that is not watched. */
  get otherLoad(): number {
    return this.native.governor?.load ?? 0;
  }

  /** For methods whose trees are larger than what is exact, or smaller. Undefined: as large as is exact. */
  limitRows(rows: number | undefined): void {
    this.rowLimit = rows;
  }

  get prefillMsPerToken(): number | undefined {
    return this.config.prefillMsPerToken;
  }

  cost(nodes: number): number {
    return this.costModel.time(nodes + this.pending.length, this.native.cache.length);
  }

  private get costModel(): CostModel {
    const known = this.costs.get(this.threads);
    if (known) return known;
    const model = new CostModel();
    this.costs.set(this.threads, model);
    return model;
  }

  private useThreads(threads: number): void {
    if (threads === this.threads) return;
    this.threads = threads;
    this.native.library.setThreads(this.native.context, threads, threads);
  }

  private get mostRows(): number {
    const { rows } = this.native;
    const limit = Math.min(rows, this.rowLimit ?? this.config.exactRows);
    return this.config.rowPadding === 4 && limit >= 4 ? limit - (limit % 4) : limit;
  }

  room(): number {
    // Cells are kept for the dummy rows.
    const cells =
      this.info.contextTokens - this.native.cache.length - this.pending.length - LARGEST_PADDING + 1;
    return Math.max(0, Math.min(cells, this.info.maxTreeNodes, this.mostRows - this.pending.length));
  }

  async prefill(tokens: Int32Array, signal: AbortSignal): Promise<PrefillOutcome> {
    if (this.disposed) return { kind: "aborted" };
    if (tokens.length + 2 > this.info.contextTokens) return { kind: "contextFull" };
    const { cache } = this.native;
    // A tree that was decoded and never accepted has left its cells after.
    if (this.tree) cache.commit(this.plan.leaves, 0, []);
    this.pending = [];
    this.tree = undefined;
    const runs = this.reusePromptCache(tokens);
    const before = cache.length;
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
    const failure = await this.fill(tokens, signal);
    if (failure) return failure;
    const reused = before + moved;
    return { kind: "prefilled", reused, computed: tokens.length - reused };
  }

  /** Computes the part of `tokens` that is not in the cache yet, chunk by chunk. */
  private async fill(tokens: Int32Array, signal: AbortSignal): Promise<NotComputed | undefined> {
    const { cache, library } = this.native;
    while (cache.length < tokens.length) {
      const start = cache.length;
      const chunk = tokens.subarray(start, start + this.config.chunkTokens);
      this.batch.clear();
      for (let i = 0; i < chunk.length; i++) this.batch.add(chunk[i], start + i, 0, 1, false);
      const result = await this.run(signal);
      if (result !== "ok") {
        // Cells of the unfinished chunk may have been written.
        library.sequenceRemove(this.memory, 0, start, -1);
        return this.failure(result);
      }
      cache.append(chunk);
    }
    return undefined;
  }

  async decode(tree: TokenTree, signal: AbortSignal): Promise<DecodeOutcome> {
    if (this.disposed) return { kind: "aborted" };
    if (tree.count > this.room()) return { kind: "contextFull" };
    const { cache } = this.native;
    const { plan, batch, pending } = this;
    plan.set(tree);
    if (plan.leaves > this.info.maxBranches)
      throw new RangeError(`tree of ${plan.leaves} branches, expected at most ${this.info.maxBranches}`);
    cache.fork(plan.leaves);
    batch.clear();
    for (let i = 0; i < pending.length; i++) batch.add(pending[i], cache.length + i, 0, plan.leaves, true);
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
    const result = await this.run(signal);
    if (result !== "ok") {
      cache.commit(plan.leaves, 0, []);
      return this.failure(result);
    }
    this.decodedFrom = true;
    const ms = performance.now() - start;
    this.costModel.observe(rows, cache.length, ms);
    this.tree = tree;
    return { kind: "decoded", decoded: this.decoded(pending.length, ms) };
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
    this.savedStates.clear();
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    this.abortFlag[0] = 1;
    await this.running;
    // Whoever waited for the same decode puts the cache in order first.
    await new Promise(resolve => setImmediate(resolve));
    const { library, context, model, threadPool } = this.native;
    library.contextFree(context);
    threadPool?.free();
    library.modelFree(model);
  }

  private get memory(): Pointer {
    return this.native.library.memoryOf(this.native.context);
  }

  /**
   * Makes the context a beginning of `tokens`, the longest there is a state of. Returns the parts of the old
   * context that follows it and are set aside.
   */
  private reusePromptCache(tokens: Int32Array): Run[] {
    const { cache, canRollBack } = this.native;
    const common = commonPrefix(cache.trunk(), tokens);
    const continues = common === cache.length;
    const usable = continues || canRollBack ? common : 0;
    // Another document, or another place in a long one. What is typed or undone at one place costs little anew.
    const leaving = this.decodedFrom && cache.length - usable >= Math.max(MIN_SAVED_TOKENS, usable);
    if (leaving) this.saveState();
    // Read again, as in pauses, it is still the context that was decoded from.
    if (cache.length - usable >= usable) this.decodedFrom = false;
    const saved = this.savedStates.find(tokens, usable + MIN_SAVED_TOKENS, !canRollBack);
    if (saved && this.restoreState(saved)) {
      const restored = commonPrefix(saved.tokens, tokens);
      if (restored < cache.length) cache.truncate(restored);
      return [];
    }
    if (usable === cache.length) return [];
    const runs = this.mayMove(tokens.length - usable) ? planReuse(cache.trunk(), tokens, usable) : [];
    if (runs.length > 0) cache.park(runs, usable);
    else if (usable === 0) cache.clear();
    else cache.truncate(usable);
    return runs;
  }

  private mayMove(wantingTokens: number): boolean {
    const { canShift, reuse } = this.native;
    if (!canShift || reuse === "exact") return false;
    const chunkMs = this.costModel.time(SIZES[SIZES.length - 1], this.native.cache.length);
    return reuse === "shifted" || (wantingTokens / SIZES[SIZES.length - 1]) * chunkMs > PATIENCE_MS;
  }

  private saveState(): void {
    const { library, context, cache } = this.native;
    if (this.savedStates.holds(cache.trunk())) return;
    const size = library.stateBytes(context, 0);
    if (!this.savedStates.fits(size)) return;
    const bytes = new Uint8Array(size);
    if (library.stateRead(context, bytes, size, 0) === size)
      this.savedStates.keep({ tokens: cache.trunk().slice(), bytes });
  }

  /** Whether the state is the context now. Where not, the context is empty. */
  private restoreState({ tokens, bytes }: SavedState): boolean {
    const { library, context, cache } = this.native;
    cache.clear();
    if (library.stateWrite(context, bytes, bytes.length, 0) !== bytes.length) {
      cache.clear();
      return false;
    }
    cache.append(tokens);
    return true;
  }

  private decoded(firstRow: number, ms: number): Decoded {
    const { library, context, vocabulary } = this.native;
    const rowOf = (node: number): bigint => {
      const address = library.logitsAt(context, firstRow + this.plan.rowOf[node]);
      if (address === null) throw new Error(`llama.cpp has no logits for node ${node}`);
      return address;
    };
    const partsOf = (node: number): CopyPart => {
      const row = rowOf(node);
      return (part, start) => void library.copyMemory(part, row + BigInt(start * 4), part.byteLength);
    };
    return {
      ms,
      logits: (node, out) => void library.copyMemory(out, rowOf(node), vocabulary.size * 4),
      argmax: node => this.largest.argmax(partsOf(node)),
      top: (node, count, ids, logits) => this.largest.top(partsOf(node), count, ids, logits),
    };
  }

  /** Decodes the batch on a worker thread. */
  private async run(signal: AbortSignal): Promise<RunResult> {
    if (signal.aborted || this.disposed) return "aborted";
    const { library, context, spareSequence, governor } = this.native;
    const rows = this.batch.rows;
    // Dummies ask for logits too: the last layer is computed for such rows alone.
    const { rowPadding } = this.config;
    const full = rowPadding === 4 ? Math.ceil(rows / 4) * 4 : Math.max(rows, rowPadding);
    for (let row = rows; row < full; row++) this.batch.add(0, row - rows, spareSequence, 1, true);
    if (governor && this.followsLoad) this.useThreads(governor.threads(this.config.threads));
    const abort = () => {
      this.abortFlag[0] = 1;
    };
    signal.addEventListener("abort", abort, { once: true });
    const decoding = inBackground(library.decode, context, this.batch.struct);
    this.running = decoding;
    try {
      const code = await decoding;
      if (code === 0) return "ok";
      return code === 2 ? "aborted" : code === 1 ? "noRoom" : { code };
    } finally {
      signal.removeEventListener("abort", abort);
      this.abortFlag[0] = 0;
      if (full > rows) library.sequenceRemove(this.memory, spareSequence, -1, -1);
    }
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
