/**
 * Determines without git what git ignores: from the ignore files from the top of the repository down to a path, its
 * `info/exclude`, and the user's own file. A folder whose ignore file cannot be used counts as completely ignored.
 */

import { lstatSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { codeOf, isAbsence } from "../index.ts";
import { gitFolders } from "./gitFolder.ts";
import { gitPath, gitSetting, target, userGitFolder } from "./gitSettings.ts";
import { asBytes, type IgnorePattern, ignorePattern, matchesPattern } from "./ignorePattern.ts";
import { readRegularBytes } from "./regularFile.ts";

/** Ignore files larger than this, in bytes, or with more patterns, are not written by people. */
const LARGEST_BYTES = 512 * 1024;
const MOST_PATTERNS = 10_000;
/** Cached patterns of all folders together, about 1 KB each. */
const KEPT_PATTERNS = 100_000;
/** Most folders above a workspace that are searched for a repository. */
const MOST_PARENTS = 64;

const UNREAD = "nothing in its folder is read.";

/** In UTF-8, one character per byte. */
const BYTE_ORDER_MARK = asBytes("\ufeff");

/** The patterns of one file, in order, or the problem if it cannot be used. */
type Patterns = readonly IgnorePattern[] | { readonly problem: string };

interface KeptPatterns {
  /** Changes when the file does. */
  readonly stamp: string;
  readonly patterns: Patterns;
}

/** The folder at or above `folder` that contains a `.git`; undefined if there is none. */
export function repositoryOf(folder: string): string | undefined {
  let at = resolve(folder);
  for (let parents = 0; parents < MOST_PARENTS; parents++) {
    if (stampOf(join(at, ".git")) !== undefined) return at;
    if (dirname(at) === at) return undefined;
    at = dirname(at);
  }
  return undefined;
}

export class IgnoreRules {
  private readonly top: string;
  /** The folder names from `top` down to the root. */
  private readonly rootFolders: readonly string[];
  private readonly ignoreCase = process.platform === "win32" || process.platform === "darwin";
  /** Files whose patterns apply everywhere, those with precedence first. */
  private readonly common: readonly string[];
  /** By path of the ignore file. */
  private readonly kept = new Map<string, KeptPatterns>();
  private keptPatterns = 0;
  /** By path, the files and the folders examined in the present series of questions; undefined outside of one. */
  private examined:
    | { readonly files: Map<string, Patterns>; readonly folders: Map<string, Patterns> }
    | undefined;
  /** Paths of private excludes, by folder of the repository. */
  private readonly excludeFiles = new Map<string, string>();
  private readonly reported = new Set<string>();

  /**
   * @param root a folder @param warn called once for each ignore file that cannot be used
   * @param top the topmost folder whose ignore files count
   */
  constructor(
    root: string,
    private readonly warn: (message: string) => void,
    top = repositoryOf(root) ?? root,
  ) {
    this.top = resolve(top);
    this.rootFolders = relative(this.top, resolve(root)).split(sep).filter(Boolean);
    this.common = [excludeFile(this.top), ...userFile(this.top).map(target)];
  }

  /**
   * Asks many questions and reads each ignore file only once, since reading costs more than all else. Files may not change
   * meanwhile, so `ask` does not wait for anything.
   */
  inSeries<Result>(ask: () => Result): Result {
    if (this.examined) return ask();
    this.examined = { files: new Map(), folders: new Map() };
    try {
      return ask();
    } finally {
      this.examined = undefined;
    }
  }

  /** The ignore files that apply below the root and are, or may be, outside of it. */
  get outerFiles(): readonly string[] {
    const above = this.rootFolders.map((_, depth) => this.rootFolders.slice(0, depth));
    return [...this.common, ...above.map(folders => join(this.top, ...folders, ".gitignore"))];
  }

  /** Whether the surrounding repository ignores the whole root; false if one of its files of patterns cannot be used. */
  get ignoresRoot(): boolean {
    const areUsable = this.commonPatterns() !== undefined && this.isSound("x");
    return this.rootFolders.length > 0 && areUsable && this.isIgnored("/");
  }

  /** Whether a path or one of its folders is ignored. @param path below the root, with `/`; a folder's path ends with it */
  isIgnored(path: string): boolean {
    const isFolder = path.endsWith("/");
    const parts = [...this.rootFolders, ...path.split("/").filter(Boolean)];
    const common = this.commonPatterns();
    if (!common) return true;
    const names = parts.map(asBytes);
    const chain: (readonly IgnorePattern[])[] = [];
    let folder = this.top;
    for (const [depth, part] of parts.entries()) {
      const patterns = this.patternsIn(folder);
      if ("problem" in patterns) return true;
      chain.push(patterns);
      if (isMatched(chain, common, names.slice(0, depth + 1), isFolder || depth + 1 < parts.length))
        return true;
      folder = below(folder, part);
    }
    return isFolder && "problem" in this.patternsOf(ignoreFileIn(folder));
  }

  /** Whether the ignore files of all folders of `path` can be used. @param path below the root, with `/` */
  isSound(path: string): boolean {
    let folder = this.top;
    for (const part of [...this.rootFolders, ...path.split("/").filter(Boolean)]) {
      if ("problem" in this.patternsOf(ignoreFileIn(folder))) return false;
      folder = below(folder, part);
    }
    return true;
  }

  /** The patterns of a folder's own files: of its ignore file, which takes precedence, and of the repository that it is. */
  private patternsIn(folder: string): Patterns {
    const known = this.examined?.folders.get(folder);
    if (known) return known;
    const own = this.patternsOf(ignoreFileIn(folder));
    const excluded = folder === this.top || "problem" in own ? [] : this.excludedIn(folder);
    const patterns = "problem" in own ? own : "problem" in excluded ? excluded : [...excluded, ...own];
    this.examined?.folders.set(folder, patterns);
    return patterns;
  }

  /** The private excludes of a repository within the top folder. */
  private excludedIn(folder: string): Patterns {
    if (stampOf(below(folder, ".git")) === undefined) return [];
    const file = this.excludeFiles.get(folder) ?? excludeFile(folder);
    this.excludeFiles.set(folder, file);
    return this.patternsOf(file);
  }

  /** The patterns that apply everywhere; undefined if one of their files cannot be used. */
  private commonPatterns(): (readonly IgnorePattern[])[] | undefined {
    const all: (readonly IgnorePattern[])[] = [];
    for (const file of this.common) {
      const patterns = this.patternsOf(file);
      if ("problem" in patterns) return undefined;
      all.push(patterns);
    }
    return all;
  }

  private patternsOf(file: string): Patterns {
    const examined = this.examined?.files.get(file) ?? this.examine(file);
    this.examined?.files.set(file, examined);
    return examined;
  }

  private examine(file: string): Patterns {
    const stamp = stampOf(file);
    if (stamp === undefined) return [];
    if (typeof stamp !== "string") return this.refused(dirname(file), stamp.problem);
    const known = this.kept.get(file);
    if (known?.stamp === stamp) return known.patterns;
    const patterns = readPatterns(file, this.ignoreCase);
    if ("problem" in patterns) this.refused(file, patterns.problem);
    else this.keptPatterns += patterns.length;
    if (this.keptPatterns > KEPT_PATTERNS) {
      this.kept.clear();
      this.keptPatterns = 0;
    }
    this.kept.set(file, { stamp, patterns });
    return patterns;
  }

  /** Reports once what is wrong with a file or folder. */
  private refused(path: string, problem: string): Patterns {
    if (!this.reported.has(path)) this.warn(`${path} ${problem}`);
    this.reported.add(path);
    return { problem };
  }
}

/** Whether the last matching pattern ignores the path; files nearer to it take precedence. @param chain from the top down */
function isMatched(
  chain: readonly (readonly IgnorePattern[])[],
  common: readonly (readonly IgnorePattern[])[],
  parts: readonly string[],
  isFolder: boolean,
): boolean {
  const last = (patterns: readonly IgnorePattern[], depth: number) =>
    patterns.findLast(pattern => matchesPattern(pattern, parts.slice(depth), isFolder));
  for (let depth = chain.length - 1; depth >= 0; depth--) {
    const found = last(chain[depth], depth);
    if (found) return !found.negated;
  }
  for (const patterns of common) {
    const found = last(patterns, 0);
    if (found) return !found.negated;
  }
  return false;
}

function readPatterns(file: string, ignoreCase: boolean): Patterns {
  const bytes = readRegularBytes(file, LARGEST_BYTES);
  if (typeof bytes === "string") return { problem: `cannot be used (${bytes}): ${UNREAD}` };
  const text = Buffer.from(bytes).toString("latin1");
  const lines = (text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text).split("\n");
  if (lines.length > MOST_PATTERNS) return { problem: `has more than ${MOST_PATTERNS} lines: ${UNREAD}` };
  return lines.flatMap(line => ignorePattern(line, ignoreCase) ?? []);
}

/** The file of a repository's private excludes. @param top a folder that may contain a `.git` */
const excludeFile = (top: string) => target(join(gitFolders(top).shared, "info", "exclude"));

/** The file of `core.excludesFile`, or git's default. */
function userFile(top: string): string[] {
  const named = gitSetting(top, "core.excludesfile");
  if (named !== undefined) return named === "" ? [] : [gitPath(top, named)];
  const folder = userGitFolder();
  return folder === undefined ? [] : [join(folder, "ignore")];
}

/** A file or folder in a folder; `join` takes longer, and these are looked at for each file of a workspace. */
const below = (folder: string, name: string) => (folder.endsWith(sep) ? folder + name : folder + sep + name);
const ignoreFileIn = (folder: string) => below(folder, ".gitignore");

/** Changes when the file does; undefined if it does not exist, a problem if its folder does not let it be looked at. */
function stampOf(file: string): string | { readonly problem: string } | undefined {
  try {
    // Most folders have no such file, and an exception takes longer than the look.
    const status = lstatSync(file, { throwIfNoEntry: false });
    return status && `${status.ino} ${status.size} ${status.mtimeMs} ${status.mode}`;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    return {
      problem: `cannot be searched (${codeOf(error)}): nothing in it is read. Check the folder's permissions.`,
    };
  }
}
