/** Documents of a folder: source files below it, in a fixed order, without what its owner has git ignore. */
import { createHash } from "node:crypto";
import { type Dirent, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SourceDocument } from "../document.ts";
import { isIgnored, type Rules, withRules } from "./gitignore.ts";
import { DOCUMENT_BYTES_LIMIT, fileError, Pace, type ReadOptions, storeError } from "./reading.ts";

export interface FolderOptions extends ReadOptions {
  /** With the dot; `.py` and `.pyi` unless given. */
  readonly extensions?: readonly string[];
  /** Whether `.gitignore` files count; they do unless this is false. */
  readonly gitignore?: boolean;
}

/** A file found by a walk. */
interface FoundFile {
  /** Below the root, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export const SOURCE_EXTENSIONS: readonly string[] = [".py", ".pyi"];
const SKIPPED_FOLDER = /^(?:\..*|node_modules|__pycache__|.*\.(?:dist|egg)-info)$/;
/** Lies at the top of a virtual environment: other people's code, which the source `python` is for. */
const ENVIRONMENT_MARK = "pyvenv.cfg";

/**
 * Walks the folder in the order of file names by UTF-16 code unit, files before folders. Links to folders are
 * not followed, so there are no cycles. What cannot be listed or looked at is reported to `onSkipped` as
 * `unreadable`; files over 1 MB as `tooLarge`. Throws `StoreError` if the root itself cannot be listed, or
 * when cancelled.
 */
export async function* walk(root: string, options: FolderOptions = {}): AsyncGenerator<FoundFile> {
  const extensions = options.extensions ?? SOURCE_EXTENSIONS;
  const pace = new Pace(options.signal);
  const pending: { base: string; rules: readonly Rules[] }[] = [{ base: "", rules: [] }];
  for (let folder = pending.pop(); folder; folder = pending.pop()) {
    const { base } = folder;
    const entries = list(root, base, options);
    if (base !== "" && entries.some(({ name }) => name === ENVIRONMENT_MARK)) continue;
    const rules = options.gitignore === false ? [] : rulesIn(root, base, entries, folder.rules);
    const folders: string[] = [];
    for (const entry of entries) {
      if (pace.isDue) await pace.breathe();
      const path = base + entry.name;
      if (entry.isDirectory()) {
        if (!SKIPPED_FOLDER.test(entry.name) && !isIgnored(`${path}/`, rules)) folders.push(`${path}/`);
      } else if (extensions.some(end => entry.name.endsWith(end)) && !isIgnored(path, rules)) {
        const found = look(root, path, options);
        if (found) yield found;
      }
    }
    // The last is taken first.
    for (const next of folders.reverse()) pending.push({ base: next, rules });
  }
}

/**
 * The files of the folder as documents. A file that is not UTF-8 is counted and passed over; a byte order
 * mark is dropped. Throws as `walk` does.
 */
export async function* readFolder(root: string, options: FolderOptions = {}): AsyncGenerator<SourceDocument> {
  const pace = new Pace(options.signal);
  const files: FoundFile[] = [];
  for await (const file of walk(root, options)) files.push(file);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let read = 0;
  for (const { path, bytes } of files) {
    if (pace.isDue) await pace.breathe();
    read += bytes;
    options.onProgress?.(read, total);
    const place = join(root, path);
    const text = readText(place);
    if (typeof text === "string")
      yield { text, origin: place, path, repositories: [], licences: [], contentId: "" };
    else options.onSkipped?.(text.reason, path);
  }
}

/** What the walk finds as one digest, in hex, with its size: both change when a file does. */
export async function fingerprint(
  root: string,
  options: FolderOptions = {},
): Promise<{ digest: string; bytes: number; files: number }> {
  const hash = createHash("sha256");
  let total = 0;
  let files = 0;
  for await (const { path, bytes, modifiedMs } of walk(root, options)) {
    hash.update(`${path}\0${bytes}\0${modifiedMs}\n`);
    total += bytes;
    files++;
  }
  return { digest: hash.digest("hex"), bytes: total, files };
}

function list(root: string, base: string, options: FolderOptions): Dirent[] {
  try {
    const entries = readdirSync(join(root, base), { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  } catch (error) {
    const isNoFolder = (error as NodeJS.ErrnoException).code === "ENOTDIR";
    if (base === "" && isNoFolder)
      throw storeError("unreadable", `${root} is not a folder.`, "Give the path of a folder.", error);
    if (base === "") throw fileError(error, root);
    options.onSkipped?.("unreadable", base);
    return [];
  }
}

/** The rules within a folder; its `.gitignore` is looked for only where there is one. */
function rulesIn(
  root: string,
  base: string,
  entries: readonly Dirent[],
  outer: readonly Rules[],
): readonly Rules[] {
  return entries.some(({ name }) => name === ".gitignore") ? withRules(root, base, outer) : outer;
}

function look(root: string, path: string, options: FolderOptions): FoundFile | undefined {
  try {
    // Follows a link to a file; a folder, pipe or device behind one is left alone.
    const status = statSync(join(root, path));
    if (!status.isFile()) return undefined;
    if (status.size <= DOCUMENT_BYTES_LIMIT) return { path, bytes: status.size, modifiedMs: status.mtimeMs };
    options.onSkipped?.("tooLarge", path);
  } catch {
    options.onSkipped?.("unreadable", path);
  }
  return undefined;
}

function readText(path: string): string | { reason: "unreadable" | "notUtf8" } {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return { reason: "unreadable" };
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { reason: "notUtf8" };
  }
}
