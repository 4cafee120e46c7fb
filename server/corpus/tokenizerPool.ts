/** Tokenizing away from the thread that asks: builds and the workspace index never make a completion wait. */
import { setTimeout as pause } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { BatchTokenizer } from "../../datastores/build/index.ts";

export interface TokenizeRequest {
  readonly id: number;
  readonly texts: readonly string[];
}

/** Asks a thread to give its memory back and to end. */
export const END = "end";

export interface TokenizeResponse {
  readonly id: number;
  /** The tokens of all texts, one after the other, and how many each text has. */
  readonly tokens: Int32Array;
  readonly lengths: Int32Array;
}

interface Waiting {
  readonly resolve: (tokens: Int32Array[]) => void;
  readonly reject: (error: Error) => void;
}

/** Longest a thread may take for its oldest batch, of a megabyte or less, in milliseconds; it takes a second. */
const PATIENCE_MS = 60_000;
/** A thread without work for this long ends: it uses 60 MB, and starting a new one takes half a second. */
const IDLE_MS = 30_000;
/** Longest wait for a thread that was asked to end. It is never terminated: within native code that may end the process. */
const ENDING_MS = 2_000;
/** After so many failures without a finished batch between them no thread is started again: threads cannot start at all. */
const MOST_FAILURES = 3;

/**
 * Worker threads with a model's tokenizer. A batch goes to the thread with the least to do. A thread that fails or takes
 * too long fails its batches and is replaced for the next one. A thread without work ends until there is some.
 */
export class TokenizerPool implements BatchTokenizer {
  readonly parallel: number;
  private readonly threads: TokenizerThread[];

  /** @param script the bundled `tokenizeWorker.ts` @param patienceMs longest time for a batch @param idleMs until a thread ends */
  constructor(
    script: string,
    modelPath: string,
    threads: number,
    { patienceMs = PATIENCE_MS, idleMs = IDLE_MS } = {},
  ) {
    this.parallel = threads;
    this.threads = Array.from(
      { length: threads },
      () => new TokenizerThread(script, modelPath, { patienceMs, idleMs }),
    );
  }

  tokenize(texts: readonly string[]): Promise<Int32Array[]> {
    return this.threads.reduce((a, b) => (b.load < a.load ? b : a)).tokenize(texts);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.threads.map(thread => thread.dispose()));
  }
}

class TokenizerThread {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 0;
  /** Since the last batch that was answered. */
  private failures = 0;
  private failure: Error | undefined;
  /** Until the oldest batch is late, or the thread has been idle for long. */
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly script: string,
    private readonly modelPath: string,
    private readonly limits: { readonly patienceMs: number; readonly idleMs: number },
  ) {}

  /** Batches under way. */
  get load(): number {
    return this.waiting.size;
  }

  tokenize(texts: readonly string[]): Promise<Int32Array[]> {
    return new Promise((resolve, reject) => {
      if (this.failure && this.failures >= MOST_FAILURES) return reject(this.failure);
      this.worker ??= this.start();
      if (this.waiting.size === 0) this.watch(this.worker);
      const id = this.nextId++;
      this.waiting.set(id, { resolve, reject });
      const request: TokenizeRequest = { id, texts };
      this.worker.postMessage(request);
    });
  }

  async dispose(): Promise<void> {
    const { worker } = this;
    this.failures = MOST_FAILURES;
    this.failure = new Error("the tokenizer was disposed");
    if (worker) {
      this.giveUp(worker, this.failure);
      await ended(worker);
    }
  }

  private start(): Worker {
    const worker = new Worker(this.script, { workerData: { modelPath: this.modelPath } });
    worker.on("message", (response: TokenizeResponse) => this.answer(worker, response));
    worker.on("error", error => this.failed(worker, error as Error));
    worker.on("exit", code => this.failed(worker, new Error(`a tokenizer thread ended with code ${code}`)));
    return worker;
  }

  private answer(worker: Worker, { id, tokens, lengths }: TokenizeResponse): void {
    if (worker !== this.worker) return;
    let end = 0;
    const each = Array.from(lengths, length => {
      end += length;
      return tokens.subarray(end - length, end);
    });
    this.failures = 0;
    this.waiting.get(id)?.resolve(each);
    this.waiting.delete(id);
    if (this.waiting.size > 0) this.watch(worker);
    else this.after(this.limits.idleMs, () => this.rest(worker));
  }

  private watch(worker: Worker): void {
    const late = () => this.failed(worker, new Error("a tokenizer thread took too long for its texts"));
    this.after(this.limits.patienceMs, late);
  }

  private after(ms: number, act: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, ms).unref();
  }

  private rest(worker: Worker): void {
    this.worker = undefined;
    this.timer = undefined;
    ended(worker).catch(() => {});
  }

  private failed(worker: Worker, error: Error): void {
    this.giveUp(worker, error);
    ended(worker).catch(() => {});
  }

  /** Fails all batches under way. The next one gets another thread. */
  private giveUp(worker: Worker, error: Error): void {
    if (worker !== this.worker) return;
    this.worker = undefined;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.failures++;
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

/** Asks a thread to end, since only the thread itself can free its model's memory, and waits a while for that. */
async function ended(worker: Worker): Promise<void> {
  // A thread that has already ended does not report it again.
  if (worker.threadId < 0) return;
  const exited = new Promise<void>(resolve => worker.once("exit", () => resolve()));
  worker.postMessage(END);
  // The process may end while it is at work.
  worker.unref();
  const waiting = new AbortController();
  const late = pause(ENDING_MS, undefined, { signal: waiting.signal }).catch(() => {});
  await Promise.race([exited, late]);
  waiting.abort();
}
