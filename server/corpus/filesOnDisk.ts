/** The workspace's files as they are on disk: read whole folders at the start, and single files as they change. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { StoreError } from "../../datastores/index.ts";
import { DOCUMENT_BYTES_LIMIT, Pace } from "../../datastores/sources/index.ts";
import { type ShownFile, type ShownFiles, stampOf, statusOf } from "../context/index.ts";
import { MAX_TOKENS, type TokenizedFiles } from "./tokenizedFiles.ts";

/** Bytes of the files that are read for a full index: code has 3 to 4 a token. */
const MOST_BYTES = 3.5 * MAX_TOKENS;
/** Files tokenized together while the workspace is read: a file under edit waits for no more than these. */
const BATCH_FILES = 8;

/** What reading the disk needs, and where the files go. */
interface Dependencies {
  /** Decides what is indexed, and reads it. */
  readonly shown: ShownFiles;
  readonly files: TokenizedFiles;
  /** How near a file is to what the user works in. */
  readonly nearness: (path: string) => number;
  /** Endings of the files that are indexed. */
  readonly extensions: () => readonly string[];
  /** Paths of open documents: their text counts, not the file's. */
  readonly open: Pick<ReadonlyMap<string, unknown>, "has">;
  /** Writes to the log. */
  readonly warn: (message: string) => void;
  /** Ends all reading. */
  readonly closing: AbortSignal;
}

/** A new reading of a root. */
interface Rescan {
  /** Whether something has changed since it began. */
  isWanted: boolean;
  done: Promise<void>;
}

export class FilesOnDisk {
  /** Files to be read again, and the work under way that reads them. */
  private readonly stale = new Set<string>();
  private refreshing: Promise<void> | undefined;
  private readonly rescans = new Map<string, Rescan>();
  /** Time and size of indexed files when they were read. */
  private readonly stamps = new Map<string, string>();

  constructor(private readonly parts: Dependencies) {}

  /**
   * Reads the files of folders that are not indexed as they are; if there are too many, the nearest. The nearest come last:
   * a search begins with what was indexed last. Resolves when they are indexed, or reading was ended. A folder that cannot be
   * read is reported.
   */
  async scan(roots: readonly string[]): Promise<void> {
    const { files, closing } = this.parts;
    await files.rank();
    const pace = new Pace();
    let paths: string[] = [];
    for (const path of await this.nearestFiles(roots)) {
      if (closing.aborted) return;
      if (pace.isDue) await pace.breathe();
      const stamp = this.stamps.get(path);
      if (files.index.has(path) && stamp && stamp === stampOf(path)) continue;
      paths.push(path);
      if (paths.length < BATCH_FILES) continue;
      await this.read(paths);
      paths = [];
    }
    await this.read(paths);
  }

  /**
   * Reads a file again, after those that already wait. If it does not exist, it may have been a folder, so all files below it
   * are gone. Resolves when all waiting files are indexed.
   */
  changed(file: ShownFile): Promise<void> {
    this.stale.add(pathIn(file));
    this.refreshing ??= this.refresh();
    return this.refreshing;
  }

  /** Files below a root may now be ignored, or no longer be ignored. Changes in quick succession are handled together. */
  ignoreFileChanged(root: string): Promise<void> {
    const known = this.rescans.get(root);
    if (known) {
      known.isWanted = true;
      return known.done;
    }
    const rescan = { isWanted: true, done: Promise.resolve() };
    this.rescans.set(root, rescan);
    rescan.done = this.rescan(root, rescan).finally(() => this.rescans.delete(root));
    return rescan.done;
  }

  private async rescan(root: string, rescan: Rescan): Promise<void> {
    const { shown, files, extensions, closing } = this.parts;
    const pace = new Pace();
    while (rescan.isWanted && !closing.aborted) {
      rescan.isWanted = false;
      await shown.refresh(root);
      for (const paths of batches(files.index.names)) {
        if (pace.isDue) await pace.breathe();
        shown.inSeries([root], () => {
          for (const path of paths) {
            const file = shown.fileAt(path);
            if (!file || !shown.isIndexed(file, extensions()) || !existsSync(path)) files.remove(path);
          }
        });
      }
      await this.scan([root]);
    }
  }

  /** The nearest files of folders, as many as an index may have room for, the nearest last. */
  private async nearestFiles(roots: readonly string[]): Promise<readonly string[]> {
    const pace = new Pace();
    const nearest: string[] = [];
    let bytes = 0;
    const byNearness = await this.byNearness(roots);
    for (const nearness of [...byNearness.keys()].sort((a, b) => b - a)) {
      for (const path of byNearness.get(nearness) ?? []) {
        if (pace.isDue) await pace.breathe();
        const size = statusOf(path)?.size ?? 0;
        // Larger files are not indexed.
        if (size <= DOCUMENT_BYTES_LIMIT) bytes += size;
        if (bytes > MOST_BYTES) return nearest.reverse();
        nearest.push(path);
      }
    }
    return nearest.reverse();
  }

  /** All files of folders, by how near they are. */
  private async byNearness(roots: readonly string[]): Promise<ReadonlyMap<number, readonly string[]>> {
    const { shown, extensions, nearness, warn, closing } = this.parts;
    const found = new Map<number, string[]>();
    for (const root of roots) {
      try {
        for await (const file of shown.sources(root, extensions(), closing)) {
          const path = pathIn(file);
          const near = nearness(path);
          const paths = found.get(near);
          if (paths) paths.push(path);
          else found.set(near, [path]);
        }
      } catch (error) {
        if (closing.aborted) break;
        if (!(error instanceof StoreError)) throw error;
        warn(`${root} is not indexed: ${error.message}`);
      }
    }
    return found;
  }

  private async refresh(): Promise<void> {
    const { files, closing } = this.parts;
    /** Files that waited when git was asked last. */
    const listed = new Set<string>();
    const gone = new Set<string>();
    const pace = new Pace();
    try {
      while (this.stale.size > 0 && !closing.aborted) {
        const paths = this.nextStale();
        const existing = paths.filter(path => existsSync(path));
        for (const path of paths) if (!existing.includes(path) && !files.index.has(path)) gone.add(path);
        await this.listNew(existing, listed);
        await this.read(paths);
        // Files that are gone wait for no tokenizer: thousands of them would keep all requests waiting.
        if (pace.isDue) await pace.breathe();
        if (this.stale.size > 0) continue;
        await this.removeBelow(gone);
        gone.clear();
      }
    } finally {
      this.refreshing = undefined;
    }
  }

  private nextStale(): readonly string[] {
    const paths: string[] = [];
    for (const path of this.stale) {
      if (paths.length === BATCH_FILES) break;
      paths.push(path);
      this.stale.delete(path);
    }
    return paths;
  }

  /** Lets git list the roots of files that are not known yet. @param listed files for which git was already asked */
  private async listNew(paths: readonly string[], listed: Set<string>): Promise<void> {
    const { shown, extensions } = this.parts;
    const unknown = paths.flatMap(path => {
      const file = listed.delete(path) ? undefined : shown.fileAt(path);
      return file && !shown.isIndexed(file, extensions()) ? file : [];
    });
    const roots = new Set(unknown.map(({ root }) => root));
    if (roots.size === 0) return;
    for (const path of this.stale) if (roots.has(shown.fileAt(path)?.root ?? "")) listed.add(path);
    for (const root of roots) await shown.refresh(root);
  }

  private async removeBelow(folders: ReadonlySet<string>): Promise<void> {
    if (folders.size === 0) return;
    const { files } = this.parts;
    const pace = new Pace();
    /** By folder, whether it is one of these or below one. */
    const known = new Map<string, boolean>();
    const isBelow = (path: string): boolean => {
      const above = dirname(path);
      const is = known.get(above) ?? (above !== path && (folders.has(above) || isBelow(above)));
      known.set(above, is);
      return is;
    };
    for (const path of files.index.names) {
      if (pace.isDue) await pace.breathe();
      if (isBelow(path)) files.remove(path);
    }
  }

  /** Indexes files as they are on disk; one that is gone leaves the index, one that is open is left alone. */
  private async read(paths: readonly string[]): Promise<void> {
    const { shown, files, open, extensions } = this.parts;
    const readable: string[] = [];
    const texts: string[] = [];
    const found = paths.flatMap(path => (open.has(path) ? [] : { path, file: shown.fileAt(path) }));
    const roots = new Set(found.flatMap(({ file }) => file?.root ?? []));
    const read = () =>
      found.map(({ path, file }) => ({
        path,
        stamp: stampOf(path),
        text: file && shown.readSource(file, extensions()),
      }));
    for (const { path, stamp, text } of shown.inSeries(roots, read)) {
      if (text === undefined) {
        files.remove(path);
        this.stamps.delete(path);
      } else {
        readable.push(path);
        texts.push(text);
        this.stamps.set(path, stamp);
      }
    }
    await files.put(readable, texts);
  }
}

/** Lists of as many paths as are handled together. */
function* batches(paths: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < paths.length; at += BATCH_FILES) yield paths.slice(at, at + BATCH_FILES);
}

/** The path of a file on this machine. */
export const pathIn = ({ root, path }: ShownFile): string => join(root, ...path.split("/"));
