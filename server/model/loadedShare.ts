/** Progress of loading a model, from the process's memory: the library reports it only on its own threads. */
import { modelBytes } from "../system/index.ts";

const LOOK_MS = 200;
/** The last buffers are allocated after the weights are loaded. */
const MOST = 0.99;

/**
 * Calls `onShare` while `load` is under way with the share of the file that is in memory, 0 to 1, each time the share
 * has grown.
 * @param residentBytes memory of the process now
 */
export async function withLoadedShare<T>(
  path: string,
  onShare: ((share: number) => void) | undefined,
  load: () => Promise<T>,
  residentBytes: () => number = () => process.memoryUsage.rss(),
): Promise<T> {
  const size = onShare && modelBytes(path);
  if (!size) return load();
  const before = residentBytes();
  let reported = 0;
  const timer = setInterval(() => {
    const share = Math.min(MOST, (residentBytes() - before) / size);
    if (share <= reported) return;
    reported = share;
    onShare(share);
  }, LOOK_MS);
  try {
    return await load();
  } finally {
    clearInterval(timer);
  }
}
