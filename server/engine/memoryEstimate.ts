/** The memory that a model needs, as node-llama-cpp estimates it from the header of its file. */
import { modelStamp } from "../system/index.ts";
import { askScript } from "./askScript.ts";

/** A header is read within a second, on a busy machine within a few. */
const TIMEOUT_MS = 5_000;
/** V8's heap limit: a damaged file would otherwise make the heap grow. */
const HEAP_MB = 512;

/** Estimates by path, with the size and time of the file they are of. */
const known = new Map<string, { readonly file: string; readonly bytes: number | undefined }>();

/**
 * Memory in bytes for weights, KV cache and buffers, all on one device, with a context of this many tokens; undefined if the
 * file cannot be read or is of a kind that node-llama-cpp does not know.
 * @param script the bundled `estimate.ts` @param timeoutMs after which it is given up, and tried again the next time
 */
export async function estimateModelBytes(
  path: string,
  contextTokens: number,
  script: string,
  timeoutMs = TIMEOUT_MS,
): Promise<number | undefined> {
  const stamp = modelStamp(path);
  if (stamp === undefined) return undefined;
  const file = `${stamp} ${contextTokens}`;
  const before = known.get(path);
  if (before?.file === file) return before.bytes;
  const args = [`--max-old-space-size=${HEAP_MB}`, script, path, String(contextTokens)];
  const asked = await askScript(args, timeoutMs);
  if (asked === "late") return undefined;
  // Otherwise it is no model, or one that node-llama-cpp cannot read; its size is still known.
  const estimated = Number.parseInt(asked?.said ?? "", 10);
  const bytes = estimated > 0 ? estimated : undefined;
  known.set(path, { file, bytes });
  return bytes;
}
