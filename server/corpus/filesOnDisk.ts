/** The workspace's files as they are on disk: read whole folders at the start, and single files as they change. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { StoreError } from "../../datastores/index.ts";
import { DOCUMENT_BYTES_LIMIT, Pace } from "../../datastores/sources/index.ts";
import { type ShownFile, type ShownFiles, stampOf, statusOf } from "../context/index.ts";
import type { TokenizedFiles } from "./tokenizedFiles.ts";

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
  /** Two scans at once would read the same files. */
  private scanning: Promise<unknown> = Promise.resolve();
  /** Scans that have not begun, by their roots. */
  private readonly waiting = new Map<string, Promise<void>>();
  /** Whether there were more files than there is room for: others are indexed once the user works elsewhere. */
  hasLeftOut = false;

  constructor(private readonly parts: Dependencies) {}

  /**
   * Reads the files of folders that are not indexed as they are, the nearest as far as there is room. Resolves when they are
   * indexed, or reading was ended. A folder that cannot be read is reported.
   */
  scan(roots: readonly string[]): Promise<void> {
    const key = roots.join("\n");
    const known = this.waiting.get(key);
    // It will find what is on disk, and what is near, when it begins.
    if (known) return known;
    const scan = this.scanning.then(() => {
      this.waiting.delete(key);
      return this.readNearest(roots);
    });
    this.waiting.set(key, scan);
    this.scanning = scan.catch(() => {});
    return scan;
  }

  private async readNearest(roots: readonly string[]): Promise<void> {
    const { files, closing } = this.parts;
    if (closing.aborted) return;
    await files.rank();
    const nearestFirst = await this.byNearness(roots);
    let done = 0;
    // What is indexed may be farther, so at first all room counts.
    for (let room = files.capacity; room > 0 && done < nearestFirst.length; room = files.room) {
      const end = await endWithin(nearestFirst, done, room);
      // A search begins with what was indexed last.
      await this.readNew(nearestFirst.slice(done, end).reverse());
      if (closing.aborted) return;
      done = end;
    }
    this.hasLeftOut ||= done < nearestFirst.length || files.room === 0;
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

  /** All files of folders, the nearest first. */
  private async byNearness(roots: readonly string[]): Promise<readonly string[]> {
    const { shown, extensions, nearness, warn, closing } = this.parts;
    const found = new Map<number, string[]>();
    // Folders of the workspace may be nested.
    const listed = new Set<string>();
    for (const root of roots) {
      try {
        for await (const file of shown.sources(root, extensions(), closing)) {
          const path = pathIn(file);
          if (listed.has(path)) continue;
          listed.add(path);
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
    return [...found].sort(([a], [b]) => b - a).flatMap(([, paths]) => paths);
  }

  /** Reads the files that are not indexed as they are. */
  private async readNew(paths: readonly string[]): Promise<void> {
    const { files, closing } = this.parts;
    const pace = new Pace();
    const isIndexed = (path: string) => {
      const stamp = this.stamps.get(path);
      return files.index.has(path) && stamp && stamp === stampOf(path);
    };
    for (const batch of batches(paths)) {
      if (closing.aborted) return;
      if (pace.isDue) await pace.breathe();
      await this.read(batch.filter(path => !isIndexed(path)));
    }
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

  /**
   * Indexes files as they are on disk; one that is gone leaves the index, one that is open or finds no room is left alone.
   */
  private async read(paths: readonly string[]): Promise<void> {
    const { shown, files, open, extensions } = this.parts;
    const readable: string[] = [];
    const texts: string[] = [];
    const found: { readonly path: string; readonly file: ShownFile | undefined }[] = [];
    for (const path of paths)
      if (!open.has(path) && (await files.hasRoomFor(path))) found.push({ path, file: shown.fileAt(path) });
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

/** The end of the files from `start` on that have at most so many bytes; at least one. */
async function endWithin(paths: readonly string[], start: number, bytes: number): Promise<number> {
  const pace = new Pace();
  let left = bytes;
  let end = start;
  for (; end < paths.length && (left > 0 || end === start); end++) {
    if (pace.isDue) await pace.breathe();
    const size = statusOf(paths[end] ?? "")?.size ?? 0;
    // Larger files are not indexed.
    if (size <= DOCUMENT_BYTES_LIMIT) left -= size;
  }
  return end;
}

/** Lists of as many paths as are handled together. */
function* batches(paths: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < paths.length; at += BATCH_FILES) yield paths.slice(at, at + BATCH_FILES);
}

/** The path of a file on this machine. */
export const pathIn = ({ root, path }: ShownFile): string => join(root, ...path.split("/"));
