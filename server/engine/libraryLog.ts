/**
 * The library's log. There is one callback per process, and each line costs a round trip between the computing thread and the
 * main thread: making a context of the default model logs 1,300 lines, which takes longer than making it. So the log is only
 * read where it is needed.
 */
import { isMainThread } from "node:worker_threads";
import koffi from "koffi";
import { exitWithin } from "./exitWithin.ts";
import { type Library, logCallbackType, type Pointer } from "./libllama.ts";

/** `GGML_LOG_LEVEL_ERROR`. */
const LOG_LEVEL_ERROR = 4;

export interface LogLine {
  readonly text: string;
  readonly isError: boolean;
}

/** A reader of a library's log. Lines do not say which call they belong to, so each reader gets all of them. */
interface LogCollector {
  readonly directory: string;
  readonly log: LogLine[];
  readonly callback: bigint;
  readonly until: RegExp | undefined;
  /** Whether it has read its last line. */
  isDone: boolean;
}

const collectors: LogCollector[] = [];

/**
 * Silences the library. Its default is to write to stderr; a JavaScript callback must not stay, since
 * compute threads may log while JavaScript waits for them. Any function without parameters does as a
 * callback that ignores its arguments.
 */
export function silence(library: Library): void {
  library.logSet(library.llama.symbol("llama_max_devices") as bigint, null);
}

/**
 * Collects the library's log lines while `work` runs on a worker thread. Returns none outside of the main thread: libraries
 * belong to the process, and a callback would outlive a thread that ends.
 * @param until matches the last line to collect
 */
export async function withLog<T>(
  library: Library,
  work: () => Promise<T>,
  until?: RegExp,
): Promise<{ result: T; log: LogLine[] }> {
  const log: LogLine[] = [];
  if (!isMainThread) return { result: await work(), log };
  const { directory } = library;
  const registered = koffi.register(
    (level: number, text: string) => take(library, { text, isError: level === LOG_LEVEL_ERROR }),
    koffi.pointer(logCallbackType),
  );
  const callback = registered as unknown as bigint;
  const collector: LogCollector = { directory, log, callback, until, isDone: false };
  collectors.push(collector);
  listen(library);
  try {
    return { result: await exitWithin(work), log };
  } finally {
    collectors.splice(collectors.indexOf(collector), 1);
    listen(library);
    koffi.unregister(registered);
  }
}

/**
 * Runs work that resolves to null if it fails; then runs it once more and collects the log, to learn why.
 * @returns an empty log if it did not fail
 */
export async function withReason(
  library: Library,
  work: () => Promise<Pointer>,
): Promise<{ result: Pointer; log: LogLine[] }> {
  const result = await exitWithin(work);
  return result === null ? withLog(library, work) : { result, log: [] };
}

/** Gives a line to all readers, while the thread that logged it waits. */
function take(library: Library, line: LogLine): void {
  let isSatisfied = false;
  for (const collector of listeners(library)) {
    collector.log.push(line);
    collector.isDone = collector.until?.test(line.text) ?? false;
    isSatisfied ||= collector.isDone;
  }
  if (isSatisfied) listen(library);
}

const listeners = ({ directory }: Library) =>
  collectors.filter(each => each.directory === directory && !each.isDone);

/** Lets the library call back while there is a reader, and silences it otherwise. */
function listen(library: Library): void {
  const listener = listeners(library).at(-1);
  if (listener) library.logSet(listener.callback, null);
  else silence(library);
}
