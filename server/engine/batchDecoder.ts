/**
 * One `llama_decode` at a time: pads the batch as configured, runs it off the main thread, with as many compute threads as the
 * machine has free, ends it on an abort, and records what decodes cost.
 */
import { Batch } from "./batch.ts";
import { type EngineConfiguration, LARGEST_CHUNK } from "./configuration.ts";
import { CostModel } from "./costModel.ts";
import type { DecodeThread } from "./decodeThread.ts";
import type { GrowingContext } from "./growingContext.ts";
import type { KvCache } from "./kvCache.ts";
import { addressOf, type BatchStruct, inBackground, type Library, type Pointer } from "./libllama.ts";
import type { ThreadGovernor } from "./threadGovernor.ts";
import type { ThreadPool } from "./threadPool.ts";

interface DecoderDependencies {
  readonly library: Library;
  readonly context: Pick<GrowingContext, "pointer">;
  readonly cache: Pick<KvCache, "isShifting" | "clear">;
  /** Most sequences that a row belongs to. */
  readonly branches: number;
  /** A sequence that no branch uses, for dummy rows. */
  readonly spareSequence: number;
  /** Absent where the processor does not compute, or its use is fixed. */
  readonly governor: ThreadGovernor | undefined;
  /** The thread that decodes; absent: Node's own. It is freed with the decoder's `stop`. */
  readonly decodeThread: DecodeThread | undefined;
}

export type RunResult = "ok" | "aborted" | "noRoom" | { readonly code: number };

export class BatchDecoder {
  readonly batch: Batch;
  /** For the row of a decode that only shifts cells. */
  private readonly dummy = new Batch(1, 1);
  /** Whether half of the threads are left idle, where their number is not fixed. */
  savesEnergy = false;
  /** A C string that is empty until an abort is wanted; `strlen` of it is the abort predicate. */
  private readonly abortFlag = new Uint8Array(4096);
  private running: Promise<unknown> = Promise.resolve();
  private stopped = false;
  /** What decodes cost, by the number of threads; kept current by every decode of a tree. */
  private readonly costs = new Map<number, CostModel>();
  /** Threads of the next decode; fewer than configured while other programs are busy. */
  private threads: number;
  private followsLoad = true;
  private thread: DecodeThread | undefined;
  private readonly retired: ThreadPool[] = [];
  /** Decodes of a single row since the last one of several. */
  private singles = 0;
  /** Whether a decode may return before it is computed, which only those of graphics devices do. */
  private readonly mayComputeOn: boolean;

  constructor(
    private readonly parts: DecoderDependencies,
    private config: EngineConfiguration,
  ) {
    const { context, branches, library } = parts;
    this.mayComputeOn = library.supportsGpu();
    this.threads = config.threads;
    this.thread = parts.decodeThread;
    this.batch = new Batch(LARGEST_CHUNK, branches);
    this.adopt(context.pointer);
  }

  get configuration(): EngineConfiguration {
    return this.config;
  }

  /** Uses another configuration from the next decode on. Costs in it replace those known so far. */
  configure(configuration: EngineConfiguration): void {
    this.config = configuration;
    const { threads, costs } = configuration;
    if (costs) this.costs.set(threads, new CostModel(costs));
    this.useThreads(threads);
  }

  /** Whether fewer threads compute while other programs are busy; off while the effect of threads is measured. */
  followLoad(follow: boolean): void {
    this.followsLoad = follow;
    if (!follow) this.useThreads(this.config.threads);
  }

  /** Processors that other programs keep busy; 0 where that is not watched. */
  get otherLoad(): number {
    return this.parts.governor?.load ?? 0;
  }

  get threadsInUse(): number {
    return this.threads;
  }

  /** What decodes cost with the threads in use. */
  get costModel(): CostModel {
    const known = this.costs.get(this.threads);
    if (known) return known;
    const model = new CostModel();
    this.costs.set(this.threads, model);
    return model;
  }

  /** Decodes on another decoder's thread from now on. Neither may be decoding now, and both may never decode at once. */
  useThreadOf(other: BatchDecoder): void {
    const before = this.thread;
    this.thread = other.thread?.share();
    before?.free();
  }

  /** Milliseconds by which a next decode of several rows slows later single rows, beyond what the last one still does. */
  slowdownMs(contextTokens: number): number {
    const { costModel } = this;
    return costModel.slowdownMs(0, contextTokens) - costModel.slowdownMs(this.singles, contextTokens);
  }

  /** Records what the decode that has just ended cost. */
  observe(rows: number, contextTokens: number, ms: number): void {
    this.costModel.observe(rows, contextTokens, ms, this.singles - 1);
  }

  /**
   * Decodes the batch off the main thread. If moved cells are still to be shifted, that is done first and no abort ends the
   * decode: an abort would leave the keys of some layers shifted, and the next decode would shift all of them.
   * @param apart another context of the model, for a part of a prompt
   */
  async run(signal: AbortSignal, apart?: Pointer): Promise<RunResult> {
    if (signal.aborted || this.stopped) return "aborted";
    const { library, spareSequence, governor, cache } = this.parts;
    const context = apart ?? this.parts.context.pointer;
    const rows = this.batch.rows;
    const full = apart ? rows : this.pad();
    const isAbortable = apart !== undefined || !cache.isShifting;
    if (governor && this.followsLoad) this.useThreads(governor.threads(this.wantedThreads));
    if (apart) this.adopt(apart);
    const abort = () => {
      this.abortFlag[0] = 1;
    };
    if (isAbortable) signal.addEventListener("abort", abort, { once: true });
    this.singles = full === 1 ? this.singles + 1 : 0;
    try {
      const result = await this.decodeRows(context, this.batch);
      if (result === "ok" && !apart) this.computed();
      return result;
    } finally {
      signal.removeEventListener("abort", abort);
      this.abortFlag[0] = 0;
      if (full > rows) library.sequenceRemove(library.memoryOf(context), spareSequence, -1, -1);
    }
  }

  /**
   * Shifts the keys of moved cells, so that the context can be copied and decodes aborted. If that fails the cache is emptied,
   * since it is not known which keys were shifted.
   */
  async settle(): Promise<RunResult> {
    const { library, context, cache, spareSequence } = this.parts;
    if (!cache.isShifting) return "ok";
    if (this.stopped) return "aborted";
    this.dummy.clear();
    this.dummy.add(0, 0, spareSequence, 1, false);
    const result = await this.decodeRows(context.pointer, this.dummy);
    library.sequenceRemove(library.memoryOf(context.pointer), spareSequence, -1, -1);
    if (result === "ok") this.computed();
    else cache.clear();
    return result;
  }

  /**
   * Frees a thread pool once the context has computed with the one that replaced it. Until then the context's back end refers
   * to the old pool, and pauses its threads when it takes the new one.
   */
  retire(pool: ThreadPool): void {
    this.retired.push(pool);
  }

  /** Frees the retired pools. To be called where no context refers to them any more. */
  freeRetired(): void {
    for (const pool of this.retired.splice(0)) pool.free();
  }

  /** The engine's own context has computed. */
  private computed(): void {
    this.parts.cache.isShifting = false;
    this.freeRetired();
  }

  private async decodeRows(context: Pointer, { struct }: Batch): Promise<RunResult> {
    const decoding = this.thread?.isRunning
      ? this.thread.decode(context, struct)
      : this.decodeInBackground(context, struct);
    this.running = decoding;
    const code = await decoding;
    if (code === 0) return "ok";
    return code === 2 ? "aborted" : code === 1 ? "noRoom" : { code };
  }

  /**
   * A graphics device computes on after a decode has returned. This waits for it. Otherwise reading the logits would block the
   * thread that serves the editor, and the time measured for a prompt would only be the time to hand it over.
   */
  private async decodeInBackground(context: Pointer, batch: BatchStruct): Promise<number> {
    const { library } = this.parts;
    const code = await inBackground(library.decode, context, batch);
    if (this.mayComputeOn) await inBackground(library.synchronize, context);
    return code;
  }

  /** Pads the batch with dummies and returns its rows. Dummies ask for logits: the last layer only computes such rows. */
  private pad(): number {
    const { batch, config, parts } = this;
    const { rows } = batch;
    const full = config.rowPadding === 4 ? Math.ceil(rows / 4) * 4 : Math.max(rows, config.rowPadding);
    for (let row = rows; row < full; row++) batch.add(0, row - rows, parts.spareSequence, 1, true);
    return full;
  }

  /** Sets a context up to compute with the threads in use and to be aborted in the same way as the engine's own. */
  adopt(context: Pointer): void {
    const { library } = this.parts;
    library.setAbortCallback(context, library.stringLength, addressOf(this.abortFlag));
    library.setThreads(context, this.threads, this.threads);
  }

  /** Ends the decode under way, if there is one, and allows no more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.abortFlag[0] = 1;
    await this.running;
    this.thread?.free();
    this.thread = undefined;
  }

  private get wantedThreads(): number {
    const { threads } = this.config;
    return this.savesEnergy ? Math.ceil(threads / 2) : threads;
  }

  private useThreads(threads: number): void {
    if (threads === this.threads) return;
    this.threads = threads;
    this.parts.library.setThreads(this.parts.context.pointer, threads, threads);
  }
}
