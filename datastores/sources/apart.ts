/**
 * Reads a file in a separate thread. Damaged files can make a decoder run forever; then the thread is ended, and another one
 * continues without the page that caused it.
 */
import { Worker } from "node:worker_threads";
import {
  type SourceDocument,
  StoreError,
  type StoreProblem,
  storeError,
  throwIfCancelled,
} from "../index.ts";
import type { LocalInput } from "./input.ts";
import type { ReadOptions, SkipReason } from "./reading.ts";

export interface ReadRequest {
  readonly input: LocalInput;
  readonly contentColumn: string | undefined;
  /** Number of documents that were read before, and are skipped. */
  readonly passed: number;
  readonly badPages: readonly number[];
  /** Position of the page being decoded in its file, in bytes; -1 before the first. */
  readonly page: BigInt64Array;
}

/** Messages of the thread; after `some` it waits for an answer, and `alive` says that it is still reading. */
export type ReadResponse =
  | {
      readonly kind: "some";
      readonly documents: readonly SourceDocument[];
      readonly skipped: readonly (readonly [SkipReason, string])[];
      readonly progress: readonly [read: number, total: number] | undefined;
    }
  | { readonly kind: "end" }
  | { readonly kind: "alive" }
  | { readonly kind: "problem"; readonly problem: StoreProblem };

/** A response of the thread, its failure, or a timeout, after which it is ended. */
type Event = ReadResponse | { readonly kind: "failed"; readonly error: Error } | { readonly kind: "late" };

/** Longest time between two messages, in milliseconds; a page takes a fraction of a second. */
const PATIENCE_MS = 60_000;
/** A file is given up after so many pages whose decoding did not end. */
const MOST_BAD_PAGES = 16;

export interface ApartOptions extends ReadOptions {
  /** Path of the bundled `readWorker.ts`. */
  readonly script: string;
  readonly patienceMs?: number;
}

/** The documents of an input, like `readInput`. Throws as that does, and `corrupt` for a file that never ends. */
export async function* readApart(input: LocalInput, options: ApartOptions): AsyncGenerator<SourceDocument> {
  const badPages: number[] = [];
  let passed = 0;
  /** Number of skipped parts that were reported: a thread that continues reports them once more. */
  let reported = 0;
  for (;;) {
    const page = new BigInt64Array(new SharedArrayBuffer(8)).fill(-1n);
    const { contentColumn } = options;
    let again = reported;
    const onSkipped = (reason: SkipReason, name: string) => {
      if (again-- > 0) return;
      reported++;
      options.onSkipped?.(reason, name);
    };
    const reader = new Reader({ input, contentColumn, passed, badPages, page }, { ...options, onSkipped });
    try {
      for await (const document of reader.documents()) {
        passed++;
        yield document;
      }
      return;
    } catch (error) {
      if (!(error instanceof Late)) throw error;
    } finally {
      await reader.end();
    }
    const at = Number(page[0]);
    if (at < 0 || badPages.includes(at) || badPages.length >= MOST_BAD_PAGES) throw endless(input, at);
    badPages.push(at);
  }
}

/** Thrown when no message has come for too long. */
class Late extends Error {}

function endless({ name }: LocalInput, at: number): StoreError {
  const where = at < 0 ? "" : ` at byte ${at}`;
  return storeError("corrupt", `Reading ${name} does not finish${where}.`, "Download it again.");
}

class Reader {
  private readonly worker: Worker;
  private readonly events: Event[] = [];
  private wake: () => void = () => {};
  private timer: NodeJS.Timeout | undefined;
  private readonly onAbort = () => this.wake();

  constructor(
    request: ReadRequest,
    private readonly options: ApartOptions,
  ) {
    this.worker = new Worker(options.script, { workerData: request });
    this.worker.on("message", (response: ReadResponse) => this.happened(response));
    this.worker.on("error", error => this.happened({ kind: "failed", error: error as Error }));
    this.worker.on("exit", code => {
      this.happened({ kind: "failed", error: new Error(`the reading thread ended with code ${code}`) });
    });
    options.signal?.addEventListener("abort", this.onAbort);
  }

  async *documents(): AsyncGenerator<SourceDocument> {
    for (;;) {
      const event = await this.next();
      if (event.kind === "end") return;
      if (event.kind === "alive") continue;
      if (event.kind === "problem") throw new StoreError(event.problem);
      if (event.kind === "failed") throw event.error;
      if (event.kind === "late") throw new Late();
      for (const [reason, name] of event.skipped) this.options.onSkipped?.(reason, name);
      if (event.progress) this.options.onProgress?.(...event.progress);
      yield* event.documents;
      this.worker.postMessage("taken");
    }
  }

  async end(): Promise<void> {
    this.options.signal?.removeEventListener("abort", this.onAbort);
    await this.worker.terminate();
  }

  private async next(): Promise<Event> {
    const { signal, patienceMs = PATIENCE_MS } = this.options;
    this.timer = setTimeout(() => this.happened({ kind: "late" }), patienceMs);
    try {
      for (;;) {
        throwIfCancelled(signal);
        const event = this.events.shift();
        if (event) return event;
        await new Promise<void>(resolve => {
          this.wake = resolve;
        });
      }
    } finally {
      clearTimeout(this.timer);
    }
  }

  private happened(event: Event): void {
    this.events.push(event);
    this.wake();
  }
}
