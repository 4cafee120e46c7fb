/** What the disk says of a file without its text. */
import { type Stats, statSync } from "node:fs";

export function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // A part of the path is no folder, leads to itself, or may not be entered.
  }
}

/** Changes when a file does; "" where there is none that can be looked at, and for a larger one. */
export function stampOf(path: string, mostBytes = Number.POSITIVE_INFINITY): string {
  const status = statusOf(path);
  return status && status.size <= mostBytes ? `${status.mtimeMs} ${status.size}` : "";
}
