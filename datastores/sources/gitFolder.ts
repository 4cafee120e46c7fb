/** Finds the folder of a repository's own files: `.git`, or the folder that a file of that name points to. */
import { join, resolve } from "node:path";
import { readRegular } from "./regularFile.ts";

/** Largest file that may hold a path. */
const MOST_BYTES = 4096;

interface GitFolders {
  /** Files of this working tree: its index and its `HEAD`. */
  readonly own: string;
  /** Files that all working trees of the repository share: its configuration and its `info/exclude`. */
  readonly shared: string;
}

/** @param top a folder that holds a `.git` */
export function gitFolders(top: string): GitFolders {
  const named = readRegular(join(top, ".git"), MOST_BYTES);
  const path = "text" in named ? /^gitdir: (.*)$/m.exec(named.text)?.[1]?.trim() : undefined;
  const own = path === undefined ? join(top, ".git") : resolve(top, path);
  const common = readRegular(join(own, "commondir"), MOST_BYTES);
  return { own, shared: "text" in common ? resolve(own, common.text.trim()) : own };
}
