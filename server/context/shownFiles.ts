/**
 * Decides which files of the workspace may be read, indexed and shown to a model; every path passes through here. Files
 * that hold secrets, that git ignores or that are outside the workspace may not, and none at all while the workspace is
 * not trusted.
 */
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import {
  DOCUMENT_BYTES_LIMIT,
  holdsSecret,
  isProjectSource,
  isSecretBelow,
  pathWithin,
  readWithin,
  Visibility,
  walk,
} from "../../datastores/sources/index.ts";

/** Age in milliseconds from which on git's listing is renewed at the next use. */
const LISTING_MS = 30_000;
/** A listing of a large repository takes seconds: it is kept for this many times the time it took. */
const LISTING_FACTOR = 100;

export interface ShownFile {
  /** The workspace folder that contains the file. */
  readonly root: string;
  /** Below the root, with forward slashes: the part of the path that a model may see. */
  readonly path: string;
}

interface Root {
  readonly visibility: Visibility;
  /** Time from which on git is asked again, on the clock of `performance`. */
  listAt: number;
  /** The listing under way, and the one that follows it. */
  refreshing: Promise<void> | undefined;
  following: Promise<void> | undefined;
}

export class ShownFiles {
  /** Whether the user trusts the workspace. */
  trusted = true;
  private readonly known = new Map<string, Root>();
  private folders: readonly string[] = [];
  private folderByKey: ReadonlyMap<string, string> = new Map();

  /** @param warn writes to the log @param roots folders of the workspace */
  constructor(
    private readonly warn: (message: string) => void,
    roots: readonly string[] = [],
  ) {
    this.roots = roots;
  }

  /** The workspace's folders. */
  get roots(): readonly string[] {
    return this.folders;
  }

  set roots(paths: readonly string[]) {
    this.folders = paths.map(path => resolve(path));
    this.folderByKey = new Map(this.folders.map(path => [asKey(path), path]));
    for (const root of this.known.keys()) if (!this.folders.includes(root)) this.known.delete(root);
  }

  /** The file of a URI, if it belongs to the workspace. */
  fileOf(uri: string): ShownFile | undefined {
    const whole = pathOf(uri);
    return whole === undefined ? undefined : this.fileAt(whole);
  }

  /** The same for a path of this machine. If folders are nested, the inner one counts. */
  fileAt(whole: string): ShownFile | undefined {
    // Not folder by folder: files are looked up at every key, and a workspace may have hundreds of folders.
    let [below, above] = [whole, dirname(whole)];
    while (below !== above) {
      const root = this.folderByKey.get(asKey(above));
      if (root !== undefined) return { root, path: relative(root, whole).split(sep).join("/") };
      [below, above] = [above, dirname(above)];
    }
    return undefined;
  }

  /** Whether a datastore may be built of a source: of a folder or file of a workspace only if that is trusted. */
  mayBuildFrom(source: string): boolean {
    if (this.trusted || !isAbsolute(source)) return true;
    return !this.folders.includes(resolve(source)) && this.fileAt(resolve(source)) === undefined;
  }

  /** Whether a model may be shown a file, judged by its name. */
  mayBeShown({ root, path }: ShownFile): boolean {
    if (!this.trusted || !this.folders.includes(root)) return false;
    if (isSecretBelow(root, path)) return false;
    const known = this.rootOf(root);
    if (performance.now() >= known.listAt) this.refreshLater(root);
    return known.visibility.file(path);
  }

  /** The text of a file that may be shown; undefined for any other, and for one larger than a source file. */
  read(file: ShownFile, mostBytes = DOCUMENT_BYTES_LIMIT): string | undefined {
    if (!this.mayBeShown(file)) return undefined;
    const real = pathWithin(file.root, file.path);
    // A link may have another name than its target.
    if (real === undefined || (real !== file.path && !this.mayBeShown({ root: file.root, path: real })))
      return undefined;
    const read = readWithin(file.root, file.path, mostBytes);
    return "text" in read && !holdsSecret(read.text) ? read.text : undefined;
  }

  /** The text of a source file for the workspace's index; undefined for a file that does not belong there. */
  readSource(file: ShownFile, extensions: readonly string[]): string | undefined {
    return isProjectSource(file.root, file.path, extensions) ? this.read(file) : undefined;
  }

  /** Whether a file belongs to the workspace's index, judged by its name. @param extensions of files that are indexed */
  isIndexed(file: ShownFile, extensions: readonly string[]): boolean {
    return isProjectSource(file.root, file.path, extensions) && this.mayBeShown(file);
  }

  /** Paths of the source files below a root, for the index. Throws a `StoreError` if the root cannot be listed. */
  async *sources(
    root: string,
    extensions: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<ShownFile> {
    if (!this.trusted) return;
    await this.refresh(root);
    const { visibility } = this.rootOf(root);
    for await (const { path } of walk(root, { extensions, visibility, signal })) {
      // What else decides, the walk has asked already.
      if (!this.trusted || !this.folders.includes(root)) return;
      yield { root, path };
    }
  }

  /** Asks about many files of some roots at once; `ask` does not wait for anything. */
  inSeries<Result>(roots: Iterable<string>, ask: () => Result): Result {
    const [root, ...others] = roots;
    if (root === undefined) return ask();
    return this.rootOf(root).visibility.inSeries(() => this.inSeries(others, ask));
  }

  /** Renews git's listing of a root, after files were added or ignore files changed. */
  refresh(root: string): Promise<void> {
    const known = this.rootOf(root);
    // The listing under way may have missed the latest changes.
    known.following ??= known.refreshing
      ?.catch(() => {})
      .then(() => {
        known.following = undefined;
        return this.list(known);
      });
    return known.following ?? this.list(known);
  }

  private list(known: Root): Promise<void> {
    const start = performance.now();
    known.refreshing ??= known.visibility.refresh().finally(() => {
      const now = performance.now();
      known.listAt = now + Math.max(LISTING_MS, LISTING_FACTOR * (now - start));
      known.refreshing = undefined;
    });
    return known.refreshing;
  }

  private refreshLater(root: string): void {
    if (this.rootOf(root).refreshing) return;
    this.refresh(root).catch((error: unknown) => this.warn(`${root} could not be listed: ${error}`));
  }

  private rootOf(root: string): Root {
    let known = this.known.get(root);
    if (!known) {
      const warn = (message: string) => this.warn(message);
      known = {
        visibility: new Visibility(root, warn),
        listAt: 0,
        refreshing: undefined,
        following: undefined,
      };
      this.known.set(root, known);
    }
    return known;
  }
}

/** What paths of the same folder have in common: Windows does not distinguish capital letters. */
const asKey = (path: string) => (process.platform === "win32" ? path.toLowerCase() : path);

/** The path of a URI; undefined if it is not a file of this machine. */
export function pathOf(uri: string): string | undefined {
  try {
    return uri.startsWith("file:") ? resolve(fileURLToPath(uri)) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a file decides which others are shown. */
export const isIgnoreFile = (uri: string) => /\/\.gitignore$/.test(uri);
