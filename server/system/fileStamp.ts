import { statSync } from "node:fs";

/** Changes when a file does; undefined if it cannot be accessed. */
export function fileStamp(path: string): string | undefined {
  try {
    const { size, mtimeMs } = statSync(path);
    return `${size} ${mtimeMs}`;
  } catch {
    return undefined;
  }
}
