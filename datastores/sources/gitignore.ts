/** What git ignores, by the `.gitignore` files from a root folder down. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ignore, { type Ignore } from "ignore";

export interface Rules {
  /** Below the root, "" or ending in a slash. */
  readonly base: string;
  readonly matcher: Ignore;
}

/** The rules within the folder `base`: its own, if it has any, before the outer ones. */
export function withRules(root: string, base: string, outer: readonly Rules[]): readonly Rules[] {
  try {
    const text = readFileSync(join(root, base, ".gitignore"), "utf8");
    return [{ base, matcher: ignore().add(text) }, ...outer];
  } catch {
    return outer;
  }
}

/** As git decides: the innermost file with an opinion wins. An ignored folder is never entered. */
export function isIgnored(path: string, rules: readonly Rules[]): boolean {
  for (const { base, matcher } of rules) {
    const { ignored, unignored } = matcher.test(path.slice(base.length));
    if (ignored || unignored) return ignored;
  }
  return false;
}

/** Whether git ignores a file, or a folder it lies in. @param path below `root`, with forward slashes */
export function isGitIgnored(root: string, path: string): boolean {
  let rules = withRules(root, "", []);
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    const folder = path.slice(0, slash + 1);
    if (isIgnored(folder, rules)) return true;
    rules = withRules(root, folder, rules);
  }
  return isIgnored(path, rules);
}
