/** Reads files that may be hostile: links, pipes, devices, and files without end. */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, sep } from "node:path";
import { READ_AT_ONCE } from "../index.ts";

/** Why a file is not read; `outside`: a link leads out of the root. */
export type FileRefusal = "unreadable" | "notRegular" | "tooLarge" | "outside" | "notUtf8";

/** The text of a file, or why it is not read. */
type FileText = { readonly text: string } | { readonly refusal: FileRefusal };

/** Never follows a link, and never waits for the other end of a pipe. Windows does not have this flag. */
const OPEN_FLAGS = READ_AT_ONCE | (constants.O_NOFOLLOW ?? 0);

/**
 * The real path of the file at `path` below the root, with forward slashes; undefined if it does not exist or a link
 * leads out of the root.
 */
export function pathWithin(root: string, path: string): string | undefined {
  try {
    return between(realpathSync(root), realpathSync(join(root, path)));
  } catch {
    return undefined;
  }
}

/** The path from a folder to a file in it, with forward slashes; undefined if it is not in it. Neither contains links. */
function between(folder: string, file: string): string | undefined {
  const path = relative(folder, file);
  const isInside = path !== "" && !isAbsolute(path) && path !== ".." && !path.startsWith(`..${sep}`);
  return isInside ? path.split(sep).join("/") : undefined;
}

/** The text of a file below `root`; links may lead to files inside the root. @param mostBytes larger files are refused */
export function readWithin(root: string, path: string, mostBytes: number): FileText {
  let real: string;
  let isInside: boolean;
  try {
    real = realpathSync(join(root, path));
    isInside = between(realpathSync(root), real) !== undefined;
  } catch {
    return { refusal: "unreadable" };
  }
  return isInside ? readRegular(real, mostBytes) : { refusal: "outside" };
}

/** The text of a regular file. @param path not followed if it is a link @param mostBytes larger files are refused */
export function readRegular(path: string, mostBytes: number): FileText {
  const bytes = readRegularBytes(path, mostBytes);
  if (typeof bytes === "string") return { refusal: bytes };
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { refusal: "notUtf8" };
  }
}

/** The bytes of a regular file, under the same conditions. */
export function readRegularBytes(path: string, mostBytes: number): Uint8Array | FileRefusal {
  let file: number;
  try {
    file = openSync(path, OPEN_FLAGS);
  } catch {
    return "unreadable";
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) return "notRegular";
    if (status.size > mostBytes) return "tooLarge";
    // One byte more, to notice a file that grows; also for files of the kernel, which report no size.
    const bytes = Buffer.alloc(status.size + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.length; length += count)
      count = readSync(file, bytes, length, bytes.length - length, null);
    return length > status.size ? "tooLarge" : bytes.subarray(0, length);
  } catch {
    return "unreadable";
  } finally {
    closeSync(file);
  }
}
