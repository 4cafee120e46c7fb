/**
 * Which files of the workspace may be read, indexed and shown to a model: the one place that decides, whoever brings
 * a path. None that hold secrets, none that git ignores, none outside the workspace, and none at all while the
 * workspace is not trusted.
 */
import { isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import {
  DOCUMENT_BYTES_LIMIT,
  isProjectSource,
  pathWithin,
  readWithin,
  Visibility,
  walk,
} from "../../datastores/sources/index.ts";
import { holdsSecret, isSecret } from "./secrets.ts";

/** What git lists is asked for again when it is older, in milliseconds, and something is asked of it. */
const LISTING_MS = 30_000;
/** In a large repository a listing takes seconds: it is kept for so many times as long. */
const LISTING_FACTOR = 100;

export interface ShownFile {
  /** The folder of the workspace it lies in. */
  readonly root: string;
  /** Below the root, with forward slashes: what a model may see of its name. */
  readonly path: string;
}

interface Root {
  readonly visibility: Visibility;
  /** From when on git is asked again, on the clock of `performance`. */
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
    for (const root of this.known.keys()) if (!this.folders.includes(root)) this.known.delete(root);
  }

  /** The file of a URI, if it belongs to the workspace. */
  fileOf(uri: string): ShownFile | undefined {
    const whole = pathOf(uri);
    return whole === undefined ? undefined : this.fileAt(whole);
  }

  /** The same for a path of this machine. Of folders that lie in each other the inner one counts. */
  fileAt(whole: string): ShownFile | undefined {
    let nearest: ShownFile | undefined;
    for (const root of this.folders) {
      const path = relative(root, whole);
      const isBelow = path !== "" && path !== ".." && !path.startsWith(`..${sep}`) && !isAbsolute(path);
      if (isBelow && root.length > (nearest?.root.length ?? 0))
        nearest = { root, path: path.split(sep).join("/") };
    }
    return nearest;
  }

  /** Whether a model may be shown a file, judged by its name. */
  mayBeShown({ root, path }: ShownFile): boolean {
    if (!this.trusted || !this.folders.includes(root)) return false;
    if (isSecret(`${root.split(sep).join("/")}/${path}`)) return false;
    const known = this.rootOf(root);
    if (performance.now() >= known.listAt) this.refreshLater(root);
    return known.visibility.file(path);
  }

  /** The text of a file that may be shown; undefined for any other, and for what is larger than a source file. */
  read(file: ShownFile, mostBytes = DOCUMENT_BYTES_LIMIT): string | undefined {
    if (!this.mayBeShown(file)) return undefined;
    const real = pathWithin(file.root, file.path);
    // A link may have another name than what it leads to.
    if (real === undefined || (real !== file.path && !this.mayBeShown({ root: file.root, path: real })))
      return undefined;
    const read = readWithin(file.root, file.path, mostBytes);
    return "text" in read && !holdsSecret(read.text) ? read.text : undefined;
  }

  /** The text of a source file for the workspace's index; undefined for one that does not belong there. */
  readSource(file: ShownFile): string | undefined {
    return this.isIndexed(file) ? this.read(file) : undefined;
  }

  /** Whether a file belongs to the workspace's index, judged by its name. */
  isIndexed(file: ShownFile): boolean {
    return isProjectSource(file.root, file.path) && this.mayBeShown(file);
  }

  /** Paths of the source files below a root, for the index. Throws a `StoreError` where it cannot be listed. */
  async *sources(root: string, signal: AbortSignal): AsyncGenerator<ShownFile> {
    if (!this.trusted) return;
    await this.refresh(root);
    const { visibility } = this.rootOf(root);
    for await (const { path } of walk(root, { visibility, signal }))
      if (this.isIndexed({ root, path })) yield { root, path };
  }

  /** Brings what git lists below a root up to date: files have come, or ignore files have changed. */
  refresh(root: string): Promise<void> {
    const known = this.rootOf(root);
    // What is listed at the moment may have passed by what has come since.
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

/** The path of a URI; undefined for one of no file of this machine. */
export function pathOf(uri: string): string | undefined {
  try {
    return uri.startsWith("file:") ? resolve(fileURLToPath(uri)) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a file decides what others are shown. */
export const isIgnoreFile = (uri: string) => /\/\.gitignore$/.test(uri);
