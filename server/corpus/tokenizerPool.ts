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

/** Worker threads with a model's tokenizer. A batch goes to the thread with the least to do. */
export class TokenizerPool implements BatchTokenizer {
  readonly parallel: number;
  private readonly threads: { readonly worker: Worker; readonly waiting: Map<number, Waiting> }[];
  private nextId = 0;
  private failure: Error | undefined;

  /** @param script the bundled `tokenizeWorker.ts` */
  constructor(script: string, modelPath: string, threads: number) {
    this.parallel = threads;
    this.threads = Array.from({ length: threads }, () => {
      const worker = new Worker(script, { workerData: { modelPath } });
      const waiting = new Map<number, Waiting>();
      worker.on("message", ({ id, tokens, lengths }: TokenizeResponse) => {
        let end = 0;
        const each = Array.from(lengths, length => {
          end += length;
          return tokens.subarray(end - length, end);
        });
        waiting.get(id)?.resolve(each);
        waiting.delete(id);
      });
      const fail = (error: Error) => {
        this.failure ??= error;
        for (const { reject } of waiting.values()) reject(error);
        waiting.clear();
      };
      worker.on("error", fail);
      worker.on("exit", code => fail(new Error(`a tokenizer thread ended with code ${code}`)));
      return { worker, waiting };
    });
  }

  tokenize(texts: readonly string[]): Promise<Int32Array[]> {
    return new Promise((resolve, reject) => {
      if (this.failure) return reject(this.failure);
      const thread = this.threads.reduce((a, b) => (b.waiting.size < a.waiting.size ? b : a));
      const id = this.nextId++;
      thread.waiting.set(id, { resolve, reject });
      const request: TokenizeRequest = { id, texts };
      thread.worker.postMessage(request);
    });
  }

  async dispose(): Promise<void> {
    await Promise.all(this.threads.map(({ worker }) => worker.terminate()));
  }
}
