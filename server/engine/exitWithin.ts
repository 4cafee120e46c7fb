/**
 * Lets the process exit during long calls of a library. `process.exit` waits for the thread that such a call runs on; if that
 * call runs a callback, its thread waits for this one. So the process is ended without waiting for threads.
 */
import { isMainThread } from "node:worker_threads";
import koffi from "koffi";

type EndProcess = (code: number) => unknown;

let found: EndProcess | undefined;

/**
 * Runs `work`. If the process exits meanwhile, it ends at once, after the exit listeners that were added before. Does nothing
 * in a worker thread, whose exit is not that of the process.
 */
export async function exitWithin<T>(work: () => Promise<T>): Promise<T> {
  if (!isMainThread) return work();
  found ??= endOfProcess();
  const end = found;
  const onExit = (code: number): void => {
    end(code);
  };
  process.on("exit", onExit);
  try {
    return await work();
  } finally {
    process.off("exit", onExit);
  }
}

function endOfProcess(): EndProcess {
  try {
    if (process.platform !== "win32") return koffi.load(null).func("void _exit(int code)");
    const kernel = koffi.load("kernel32.dll");
    const current = kernel.func("void *GetCurrentProcess()");
    const terminate = kernel.func("bool TerminateProcess(void *process, uint32_t code)");
    return code => terminate(current(), code);
  } catch {
    return () => process.kill(process.pid, "SIGKILL");
  }
}
