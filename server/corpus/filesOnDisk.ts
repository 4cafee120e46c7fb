/** The workspace's files as they are on disk: read whole folders at the start, and single files as they change. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { StoreError } from "../../datastores/index.ts";
import type { ShownFile, ShownFiles } from "../context/index.ts";
import type { TokenizedFiles } from "./tokenizedFiles.ts";

/** Files tokenized together while the workspace is read: a file under edit waits for no more than these. */
const BATCH_FILES = 8;

/** What reading the disk needs, and where what is read goes. */
interface Dependencies {
  /** Decides what is indexed, and reads it. */
  readonly shown: ShownFiles;
  readonly files: TokenizedFiles;
  /** Paths of open documents: their text counts, not the file's. */
  readonly open: ReadonlySet<string>;
  /** Writes to the log. */
  readonly warn: (message: string) => void;
  /** Ends all reading. */
  readonly closing: AbortSignal;
}

export class FilesOnDisk {
  /** Files to be read again, and the reading, while it goes on. */
  private readonly stale = new Set<string>();
  private refreshing: Promise<void> | undefined;

  constructor(private readonly parts: Dependencies) {}

  /** Reads folders. Resolves when they are indexed, or the reading was ended. One that cannot be read is reported. */
  async scan(roots: readonly string[]): Promise<void> {
    for (const root of roots) {
      try {
        await this.scanFolder(root);
      } catch (error) {
        if (this.parts.closing.aborted) return;
        if (!(error instanceof StoreError)) throw error;
        this.parts.warn(`${root} is not indexed: ${error.message}`);
      }
    }
  }

  /** Reads a file again, after the ones that wait already. Resolves when all of them are indexed. */
  changed(file: ShownFile): Promise<void> {
    this.stale.add(pathIn(file));
    this.refreshing ??= this.refresh();
    return this.refreshing;
  }

  /** What was indexed below a root may be ignored now, and the other way round. */
  async ignoreFileChanged(root: string): Promise<void> {
    const { shown, files } = this.parts;
    await shown.refresh(root);
    for (const path of files.index.names) {
      const file = shown.fileAt(path);
      if (!file || !shown.isIndexed(file)) files.remove(path);
    }
    await this.scanFolder(root);
  }

  private async scanFolder(root: string): Promise<void> {
    let paths: string[] = [];
    for await (const file of this.parts.shown.sources(root, this.parts.closing)) {
      paths.push(pathIn(file));
      if (paths.length < BATCH_FILES) continue;
      await this.read(paths);
      paths = [];
    }
    await this.read(paths);
  }

  private async refresh(): Promise<void> {
    const { shown, closing } = this.parts;
    /** Files that waited when git was asked last. */
    let listed: ReadonlySet<string> = new Set();
    const isNew = (file: ShownFile) => !shown.isIndexed(file) && existsSync(pathIn(file));
    try {
      while (this.stale.size > 0 && !closing.aborted) {
        const waiting = [...this.stale];
        const paths = waiting.slice(0, BATCH_FILES);
        for (const path of paths) this.stale.delete(path);
        // Git does not know new files yet.
        const files = paths.some(path => !listed.has(path))
          ? waiting.flatMap(path => shown.fileAt(path) ?? [])
          : [];
        const roots = new Set(files.filter(isNew).map(file => file.root));
        if (roots.size > 0) listed = new Set(waiting);
        for (const root of roots) await shown.refresh(root);
        await this.read(paths);
      }
    } finally {
      this.refreshing = undefined;
    }
  }

  /** Indexes files as they are on disk; one that is gone leaves the index, one that is open is left alone. */
  private async read(paths: readonly string[]): Promise<void> {
    const { shown, files, open } = this.parts;
    const readable: string[] = [];
    const texts: string[] = [];
    for (const path of paths) {
      if (open.has(path)) continue;
      const file = shown.fileAt(path);
      const text = file && shown.readSource(file);
      if (text === undefined) files.remove(path);
      else {
        readable.push(path);
        texts.push(text);
      }
    }
    await files.put(readable, texts);
  }
}

/** The path of a file on this machine. */
export const pathIn = ({ root, path }: ShownFile): string => join(root, ...path.split("/"));
