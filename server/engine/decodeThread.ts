/**
 * A dedicated thread for decoding, always the same one. Node's workers take turns; each wakes on the processor where it last
 * ran, which may be the one that the decode's other thread runs on. The two then wait for each other in turn until the kernel
 * moves one of them: with two threads on two processors one decode in thirty took 20 ms instead of 4.
 */
import { Worker } from "node:worker_threads";
import type { BatchStruct, Library, Pointer } from "./libllama.ts";

/** A request for a decode. The batch's arrays must outlive it. */
export interface DecodeRequest {
  readonly context: Pointer;
  readonly batch: BatchStruct;
}

/** What the worker is made with. */
export interface DecodeWorkerData {
  /** The folder of the libraries. */
  readonly directory: string;
}

/** Asks the worker to end. */
export const END = "end";

/** The worker's message once it can decode; after that each message is the result of a decode. */
export const READY = "ready";

/** Its heap holds next to nothing. */
const HEAP_MEGABYTES = 16;

export class DecodeThread {
  private users = 1;
  private hasEnded = false;
  private asked: { resolve(code: number): void; reject(error: Error): void } | undefined;

  private constructor(private readonly worker: Worker) {
    worker.on("message", (code: number) => this.takeAsked()?.resolve(code));
    const fail = (error: Error) => {
      this.hasEnded = true;
      this.takeAsked()?.reject(error);
    };
    worker.on("error", fail);
    worker.on("exit", () => fail(new Error("The thread that decodes has ended.")));
    // The process may end while nothing is decoded.
    worker.unref();
  }

  /** Starts a thread. Undefined if that fails: decodes then run on Node's workers. @param script the worker's code */
  static start(library: Pick<Library, "directory">, script: string): Promise<DecodeThread | undefined> {
    const workerData: DecodeWorkerData = { directory: library.directory };
    return new Promise(resolve => {
      const worker = new Worker(script, {
        workerData,
        name: "decode",
        resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
      });
      const fail = () => resolve(undefined);
      worker.once("error", fail);
      worker.once("exit", fail);
      worker.once("message", () => {
        worker.off("error", fail);
        worker.off("exit", fail);
        resolve(new DecodeThread(worker));
      });
    });
  }

  /** False once it has ended by a fault, or was freed. */
  get isRunning(): boolean {
    return !this.hasEnded;
  }

  /** Resolves to what `llama_decode` returns, once it is computed. One at a time. */
  decode(context: Pointer, batch: BatchStruct): Promise<number> {
    if (this.asked) throw new Error("a decode is under way");
    return new Promise((resolve, reject) => {
      this.asked = { resolve, reject };
      // The process must not end within a decode that somebody waits for.
      this.worker.ref();
      this.worker.postMessage({ context, batch } satisfies DecodeRequest);
    }).finally(() => this.worker.unref()) as Promise<number>;
  }

  /** Takes the pending promise of the decode under way, for the caller to settle. */
  private takeAsked(): typeof this.asked {
    const { asked } = this;
    this.asked = undefined;
    return asked;
  }

  /** The same thread for another engine, which must never compute at the same time. */
  share(): DecodeThread {
    this.users++;
    return this;
  }

  /** To be called by each user that no longer decodes; the last call ends the thread. */
  free(): void {
    if (--this.users > 0) return;
    // The worker ends by itself: terminating it within native code may end the process.
    this.worker.postMessage(END);
  }
}
