/** Tokenizing away from the thread that asks: builds and the workspace index never make a completion wait. */
import { Worker } from "node:worker_threads";
import type { BatchTokenizer } from "../../datastores/build/index.ts";

export interface TokenizeRequest {
  readonly id: number;
  readonly texts: readonly string[];
}

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
/** Failures without a batch between them after which a thread is not made again: it does not start at all. */
const MOST_FAILURES = 3;

/**
 * Worker threads with a model's tokenizer. A batch goes to the thread with the least to do. A thread that fails, or
 * takes too long, fails its batches and is made anew for the next.
 */
export class TokenizerPool implements BatchTokenizer {
  readonly parallel: number;
  private readonly threads: TokenizerThread[];

  /** @param script the bundled `tokenizeWorker.ts` @param patienceMs longest time for a batch */
  constructor(script: string, modelPath: string, threads: number, patienceMs = PATIENCE_MS) {
    this.parallel = threads;
    this.threads = Array.from({ length: threads }, () => new TokenizerThread(script, modelPath, patienceMs));
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
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly script: string,
    private readonly modelPath: string,
    private readonly patienceMs: number,
  ) {}

  /** Batches under way. */
  get load(): number {
    return this.waiting.size;
  }

  tokenize(texts: readonly string[]): Promise<Int32Array[]> {
    return new Promise((resolve, reject) => {
      if (this.failure && this.failures >= MOST_FAILURES) return reject(this.failure);
      this.worker ??= this.start();
      const id = this.nextId++;
      this.waiting.set(id, { resolve, reject });
      const request: TokenizeRequest = { id, texts };
      this.worker.postMessage(request);
      this.timer ??= this.watch(this.worker);
    });
  }

  async dispose(): Promise<void> {
    const { worker } = this;
    this.failures = MOST_FAILURES;
    this.failure = new Error("the tokenizer was disposed");
    if (worker) await this.fail(worker, this.failure);
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
    clearTimeout(this.timer);
    this.waiting.get(id)?.resolve(each);
    this.waiting.delete(id);
    this.timer = this.waiting.size > 0 ? this.watch(worker) : undefined;
  }

  private watch(worker: Worker): NodeJS.Timeout {
    const late = () => this.failed(worker, new Error("a tokenizer thread took too long for its texts"));
    return setTimeout(late, this.patienceMs).unref();
  }

  private failed(worker: Worker, error: Error): void {
    // A thread that cannot be ended has nothing more to report.
    this.fail(worker, error).catch(() => {});
  }

  private async fail(worker: Worker, error: Error): Promise<void> {
    if (worker !== this.worker) return;
    this.worker = undefined;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.failures++;
    this.failure = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    await worker.terminate();
  }
}
