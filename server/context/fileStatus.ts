/** Status of files on disk, without reading their text. */
import { type Stats, statSync } from "node:fs";

export function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // A part of the path is not a folder, is a circular link, or may not be entered.
  }
}

/** Changes when a file does; "" if it cannot be accessed or is larger than `mostBytes`. */
export function stampOf(path: string, mostBytes = Number.POSITIVE_INFINITY): string {
  const status = statusOf(path);
  return status && status.size <= mostBytes ? `${status.mtimeMs} ${status.size}` : "";
}
