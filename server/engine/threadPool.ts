/**
 * Threads that outlive a decode. Without a pool ggml starts new threads for every graph; those of a pool poll for the next
 * graph for a moment, then sleep.
 */
import { type Library, type Pointer, readInt32, writeInt32 } from "./libllama.ts";

/** `struct ggml_threadpool_params`: a mask of 512 processors, then the number of threads, priority and polling. */
const MASK_BYTES = 512;
const THREADS_AT = MASK_BYTES;
const POLL_AT = MASK_BYTES + 8;
const STRUCT_BYTES = MASK_BYTES + 16;
/** ggml's own default, by which the layout is recognised. */
const DEFAULT_POLL = 50;
/**
 * How long idle threads poll, 0 to 100. The loop between two decodes takes a millisecond or two, which this covers;
 * the default would keep processors busy for a tenth of a second after every completion.
 */
const POLL = 10;

export interface ThreadPool {
  readonly pointer: Pointer;
  /** Number of threads; a decode that asks for more gets this many. */
  readonly threads: number;
  /** The same pool for another context, which must never compute at the same time. */
  share(): ThreadPool;
  /** To be called when the context no longer uses the pool. Its threads end once no context does. */
  free(): void;
}

/** A pool for one context. @param end called when all its users have freed it */
function counted(pointer: Pointer, threads: number, end: () => void): ThreadPool {
  let users = 0;
  const handle = (): ThreadPool => {
    users++;
    return {
      pointer,
      threads,
      share: handle,
      free: () => {
        if (--users === 0) end();
      },
    };
  };
  return handle();
}

/** @param threads most that a decode may use. Returns undefined if the library has no pools with the known layout. */
export function createThreadPool(library: Library, threads: number): ThreadPool | undefined {
  const functions = library.threadPools();
  if (!functions || threads < 2) return undefined;
  const parameters = new Uint8Array(4096);
  functions.initialise(parameters, threads);
  const isKnown =
    readInt32(parameters, THREADS_AT) === threads && readInt32(parameters, POLL_AT) === DEFAULT_POLL;
  if (!isKnown || parameters.subarray(STRUCT_BYTES).some(byte => byte !== 0)) return undefined;
  writeInt32(parameters, POLL_AT, POLL);
  const pointer = functions.create(parameters);
  return pointer === null ? undefined : counted(pointer, threads, () => functions.free(pointer));
}
