/**
 * Replays real edits: the changes between two releases of a package, from the top of each file down. Above the
 * cursor is the new release, below it the old one, and the new text at the cursor must be generated.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cacheDirectory, UsageError } from "../../server/system/index.ts";
import { codeFiles } from "./codeFiles.ts";
import type { Problem } from "./suites.ts";

interface Release {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** Consecutive releases of packages written only in Python, under the Apache, BSD or MIT licence. */
const RELEASES: readonly Release[] = [
  { name: "requests", from: "2.31.0", to: "2.32.3" },
  { name: "flask", from: "2.3.3", to: "3.0.0" },
  { name: "httpx", from: "0.26.0", to: "0.27.0" },
  { name: "rich", from: "13.6.0", to: "13.7.0" },
  { name: "packaging", from: "23.2", to: "24.0" },
  { name: "attrs", from: "23.1.0", to: "23.2.0" },
  { name: "click", from: "8.1.3", to: "8.1.6" },
];

/** Shorter changes leave nothing to complete. */
const SHORTEST_SCRIPT = 16;
/** As in other suites, longer files are tables. */
const LONGEST_FILE = 200_000;

/** Lines that were replaced: `removed` lines from `fromLine` on by `added` lines from `toLine` on, counted from 0. */
interface Hunk {
  readonly fromLine: number;
  readonly removed: number;
  readonly toLine: number;
  readonly added: number;
}

/** The hunks of a unified diff of one file without context lines. */
export function parseHunks(diff: string): Hunk[] {
  const hunks: Hunk[] = [];
  for (const [, from = "", removed = "1", to = "", added = "1"] of diff.matchAll(
    /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/gm,
  )) {
    const counts = { removed: Number(removed), added: Number(added) };
    // For zero lines, the diff names the line before them.
    const fromLine = Number(from) - (counts.removed === 0 ? 0 : 1);
    const toLine = Number(to) - (counts.added === 0 ? 0 : 1);
    hunks.push({ fromLine, toLine, ...counts });
  }
  return hunks;
}

const isWordCharacter = (character: string | undefined) =>
  character !== undefined && /[\p{L}\p{N}_]/u.test(character);

/** Where two texts begin to differ and where the second one is the same again; words are kept whole. */
function changedPart(before: string, now: string): { start: number; end: number } {
  let start = 0;
  while (start < before.length && start < now.length && before[start] === now[start]) start++;
  let same = 0;
  const most = Math.min(before.length, now.length) - start;
  while (same < most && before[before.length - 1 - same] === now[now.length - 1 - same]) same++;
  let end = now.length - same;
  if (isWordCharacter(now[start]) || isWordCharacter(before[start]))
    while (isWordCharacter(now[start - 1])) start--;
  while (end > start && isWordCharacter(now[end - 1]) && isWordCharacter(now[end])) end++;
  return { start, end };
}

/**
 * The places of a file's edits, in the order of the file.
 * @param id prefix of the places' names
 * @param before the file's text in the old release, `now` in the new one
 */
export function editProblems(
  id: string,
  uri: string,
  before: string,
  now: string,
  hunks: readonly Hunk[],
): Problem[] {
  const old = before.split("\n");
  const lines = now.split("\n");
  const problems: Problem[] = [];
  for (const [index, { fromLine, removed, toLine, added }] of hunks.entries()) {
    if (added === 0) continue;
    const written = lines.slice(toLine, toLine + added).join("\n");
    const replaced = old.slice(fromLine, fromLine + removed).join("\n");
    const indentation = /^[ \t]*/.exec(written)?.[0].length ?? 0;
    const part = removed > 0 ? changedPart(replaced, written) : { start: indentation, end: written.length };
    const script = written.slice(part.start, part.end);
    if (script.trim().length < SHORTEST_SCRIPT) continue;
    const above = lines.slice(0, toLine).map(line => `${line}\n`);
    const below = old.slice(fromLine + removed).map(line => `\n${line}`);
    problems.push({
      id: `${id} ${index + 1}`,
      uri,
      prefix: above.join("") + written.slice(0, part.start),
      suffix: written.slice(part.end) + below.join(""),
      script,
      deleted: replaced.slice(part.start, replaced.length - (written.length - part.end)),
    });
  }
  return problems;
}

/** The difference between two files, as git reports it. */
function diffOf(from: string, to: string): string {
  const args = ["diff", "--no-index", "--no-ext-diff", "--no-color", "--unified=0", "--", from, to];
  try {
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { status, stdout } = error as { status?: number; stdout?: string };
    // Like `diff`, git reports a difference with status 1.
    if (status === 1 && stdout) return stdout;
    throw new UsageError(`git diff of ${from} and ${to} failed: ${(error as Error).message}`);
  }
}

/** An edited package: its old release, whose files are open beside the edited one, and the places. */
export interface EditedPackage {
  readonly name: string;
  readonly folder: string;
  readonly problems: readonly Problem[];
}

/** The edits between the releases in two folders. */
export function editedPackage(name: string, from: string, to: string): EditedPackage {
  const problems: Problem[] = [];
  for (const path of codeFiles(from)) {
    const file = path.slice(from.length + 1);
    const newPath = join(to, file);
    if (!existsSync(newPath)) continue;
    const [before, now] = [path, newPath].map(each => readFileSync(each, "utf8").replaceAll("\r\n", "\n"));
    if (before === undefined || now === undefined || before === now || now.length > LONGEST_FILE) continue;
    const hunks = parseHunks(diffOf(path, newPath));
    problems.push(...editProblems(`${name}/${file}`, pathToFileURL(path).href, before, now, hunks));
  }
  return { name, folder: from, problems };
}

/** Fetches a release and unpacks it, once. Returns its folder. */
function fetchRelease(python: string, name: string, version: string, folder: string): string {
  const target = join(folder, `${name}-${version}`);
  if (existsSync(target)) return target;
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, "fetching-"));
  try {
    const options = ["--quiet", "--no-deps", "--only-binary=:all:", "--dest", scratch];
    execFileSync(python, ["-m", "pip", "download", ...options, `${name}==${version}`], { stdio: "pipe" });
    const wheel = readdirSync(scratch).find(file => file.endsWith(".whl")) ?? "";
    const unpacked = join(scratch, "unpacked");
    execFileSync(python, ["-m", "zipfile", "-e", join(scratch, wheel), unpacked], { stdio: "pipe" });
    renameSync(unpacked, target);
  } catch (error) {
    throw new UsageError(`${name} ${version} could not be fetched from PyPI: ${(error as Error).message}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return target;
}

/**
 * The packages whose edits are replayed, fetched from PyPI at first use. They are not stored below the checkout, since
 * files that git ignores there are not indexed. Throws a `UsageError`.
 */
export function editedPackages(folder = join(cacheDirectory(), "bench", "releases")): EditedPackage[] {
  return RELEASES.map(({ name, from, to }) =>
    editedPackage(
      name,
      fetchRelease("python3", name, from, folder),
      fetchRelease("python3", name, to, folder),
    ),
  );
}
