/** The files of a model: one, or several parts with names that state each part's number and their count. */
import { statSync } from "node:fs";

const SPLIT = /-(\d{5})-of-(\d{5})\.gguf$/i;

/** Paths of all parts of a split file; the path alone if the file is not split. */
export function partsOf(path: string): string[] {
  const [, , last] = SPLIT.exec(path) ?? [];
  if (last === undefined) return [path];
  const numbered = (part: number) => `-${String(part).padStart(5, "0")}-of-${last}.gguf`;
  return Array.from({ length: Number(last) }, (_, index) => path.replace(SPLIT, numbered(index + 1)));
}

/** Size and time of each part that can be accessed. */
function statuses(path: string): { readonly size: number; readonly mtimeMs: number }[] {
  return partsOf(path).flatMap(part => {
    try {
      return [statSync(part)];
    } catch {
      return []; // It is gone, or may not be accessed.
    }
  });
}

/** Bytes of all parts that can be accessed; 0 if none can. */
export const modelBytes = (path: string): number => statuses(path).reduce((sum, { size }) => sum + size, 0);

/** Changes when one of the parts does; undefined if none can be accessed. */
export function modelStamp(path: string): string | undefined {
  const stamps = statuses(path).map(({ size, mtimeMs }) => `${size} ${mtimeMs}`);
  return stamps.length > 0 ? stamps.join(" ") : undefined;
}
