/** Documents of a folder: source files below it, in a fixed order, without secrets and what git ignores. */
import { createHash } from "node:crypto";
import { type Dirent, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { codeOf, fileError, type SourceDocument, storeError } from "../index.ts";
import { PYTHON_EXTENSIONS } from "./fileKinds.ts";
import { DOCUMENT_BYTES_LIMIT, Pace, type ReadOptions } from "./reading.ts";
import { pathWithin, readWithin } from "./regularFile.ts";
import { holdsSecret, isSecretBelow } from "./secrets.ts";
import { Visibility } from "./visibility.ts";

export interface FolderOptions extends ReadOptions {
  /** With the dot; `.py` and `.pyi` by default. */
  readonly extensions?: readonly string[];
  /**
   * Whether files that git ignores, and those with secrets, are left out, as they should be in the user's own files; true by
   * default.
   */
  readonly gitignore?: boolean;
  /** The files that git does not ignore, if known already. */
  readonly visibility?: Visibility;
}

/** A file found by a walk. */
interface FoundFile {
  /** Below the root, with forward slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

const SKIPPED_FOLDER = /^(?:\..*|node_modules|__pycache__|.*\.(?:dist|egg)-info)$/;
/** Made by programs, in one line. */
const MINIFIED = /\.min\.[cm]?js$/;
/** Marks the top of a virtual environment: other people's code, for which there is the source `python`. */
const ENVIRONMENT_MARK = "pyvenv.cfg";

/** Entries of a folder that are examined together: a few milliseconds. */
const EXAMINED_TOGETHER = 32;

const isSource = (name: string, extensions: readonly string[]) =>
  extensions.some(end => name.endsWith(end)) && !MINIFIED.test(name);

/**
 * Whether a file of a project counts as its source code.
 * @param path below the root, with forward slashes @param extensions with the dot
 */
export function isProjectSource(root: string, path: string, extensions: readonly string[]): boolean {
  const folders = path.split("/").slice(0, -1);
  return (
    isSource(path, extensions) &&
    !folders.some(name => SKIPPED_FOLDER.test(name)) &&
    !folders.some((_, depth) => existsSync(join(root, ...folders.slice(0, depth + 1), ENVIRONMENT_MARK)))
  );
}

/**
 * Walks the folder in the order of file names by UTF-16 code unit, files before folders. Links to folders are
 * not followed, so there are no cycles; links to files only if they stay below the root. What cannot be listed or
 * examined is reported to `onSkipped` as `unreadable`; files over 1 MB as `tooLarge`. Throws
 * `StoreError` if the root itself cannot be listed, or when cancelled.
 */
export async function* walk(root: string, options: FolderOptions = {}): AsyncGenerator<FoundFile> {
  const pace = new Pace(options.signal);
  const visibility = await visibilityOf(root, options);
  const pending = [""];
  for (let base = pending.pop(); base !== undefined; base = pending.pop()) {
    if (pace.isDue) await pace.breathe();
    const entries = list(root, base, options);
    if (base !== "" && entries.some(({ name }) => name === ENVIRONMENT_MARK)) continue;
    const folders: string[] = [];
    for (let at = 0; at < entries.length; at += EXAMINED_TOGETHER) {
      if (pace.isDue) await pace.breathe();
      const some = entries.slice(at, at + EXAMINED_TOGETHER);
      const examine = () => some.map(entry => examined(root, base, entry, { ...options, visibility }));
      for (const found of visibility?.inSeries(examine) ?? examine()) {
        if (typeof found === "string") folders.push(found);
        else if (found) {
          if (pace.isDue) await pace.breathe();
          yield found;
        }
      }
    }
    // The last folder is visited first.
    pending.push(...folders.reverse());
  }
}

const hidesSecrets = ({ gitignore }: Pick<FolderOptions, "gitignore">) => gitignore !== false;

async function visibilityOf(root: string, options: FolderOptions): Promise<Visibility | undefined> {
  if (options.gitignore === false) return undefined;
  if (options.visibility) return options.visibility;
  const visibility = new Visibility(root, message => options.onSkipped?.("unreadable", message));
  await visibility.refresh(options.signal);
  return visibility;
}

/**
 * The files of the folder as documents. A file that is not UTF-8 is counted and skipped; a byte order
 * mark is removed. Throws as `walk` does.
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
    const found = readWithin(root, path, DOCUMENT_BYTES_LIMIT);
    if (!("text" in found)) options.onSkipped?.(found.refusal, path);
    else if (hidesSecrets(options) && holdsSecret(found.text)) options.onSkipped?.("secret", path);
    else yield { text: found.text, origin: place, path, repositories: [], licences: [], contentId: "" };
  }
}

/** A digest, in hex, and the size of everything the walk finds: both change when a file does. */
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
    const isNoFolder = codeOf(error) === "ENOTDIR";
    if (base === "" && isNoFolder)
      throw storeError("unreadable", `${root} is not a folder.`, "Give the path of a folder.", error);
    if (base === "") throw fileError(error, root);
    options.onSkipped?.("unreadable", base);
    return [];
  }
}

/** A folder to visit, as its path with a slash at the end, or a file that was looked for. */
function examined(
  root: string,
  base: string,
  entry: Dirent,
  options: Omit<FolderOptions, "visibility"> & { readonly visibility: Visibility | undefined },
): FoundFile | string | undefined {
  const { extensions = PYTHON_EXTENSIONS, visibility } = options;
  const path = base + entry.name;
  if (entry.isDirectory()) {
    const isVisited = !SKIPPED_FOLDER.test(entry.name) && visibility?.folder(path) !== false;
    return isVisited ? `${path}/` : undefined;
  }
  const isWanted = isSource(entry.name, extensions) && visibility?.file(path) !== false;
  return isWanted ? look(root, path, entry, options) : undefined;
}

function look(
  root: string,
  path: string,
  entry: Dirent,
  options: Pick<FolderOptions, "gitignore" | "onSkipped">,
): FoundFile | undefined {
  if (hidesSecrets(options) && isSecretBelow(root, path)) {
    options.onSkipped?.("secret", path);
    return undefined;
  }
  try {
    // Follows a link to a file; a folder, pipe or device as its target is ignored.
    const status = statSync(join(root, path));
    if (!status.isFile()) return undefined;
    if (entry.isSymbolicLink() && pathWithin(root, path) === undefined) {
      options.onSkipped?.("outside", path);
      return undefined;
    }
    if (status.size <= DOCUMENT_BYTES_LIMIT) return { path, bytes: status.size, modifiedMs: status.mtimeMs };
    options.onSkipped?.("tooLarge", path);
  } catch {
    options.onSkipped?.("unreadable", path);
  }
  return undefined;
}
