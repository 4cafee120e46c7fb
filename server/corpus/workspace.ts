/**
 * The files of the open workspace, indexed as they are on disk or, where they are open, in the editor. A
 * thread tokenizes; what it returns is searchable at once.
 */
import { existsSync } from "node:fs";
import { join, sep } from "node:path";
import { StoreError } from "../../datastores/document.ts";
import { LiveIndex } from "../../datastores/live/index.ts";
import { DOCUMENT_BYTES_LIMIT } from "../../datastores/sources/index.ts";
import { holdsSecret, isIgnoreFile, pathOf, type ShownFile, ShownFiles } from "../context/index.ts";
import { type CorpusSource, LiveCorpus, SourceThrottle } from "../draft/index.ts";
import { inBackground, messageOf } from "../system/index.ts";

/** About 110 MB. Files beyond it are not indexed. */
const MAX_TOKENS = 8_000_000;
/** Files tokenized together while the workspace is read: a file under edit waits for no more than these. */
const BATCH_FILES = 8;
/** Files whose failure is reported by name: a tokenizer that does not start fails at all of them. */
const REPORTED_FAILURES = 10;
/** Quiet after a change before the document is tokenized again. */
const QUIET_MS = 40;

/** Texts to tokens, away from the server's own thread. */
export interface Tokenizer {
  tokenize(texts: readonly string[]): Promise<Int32Array[]>;
}

export class Workspace {
  private readonly index = new LiveIndex(MAX_TOKENS);
  private readonly throttle = new SourceThrottle();
  private readonly closing = new AbortController();
  /** Open documents: their text counts, not the file's. */
  private readonly open = new Set<string>();
  private readonly waiting = new Map<string, NodeJS.Timeout>();
  /** Counts the changes of each file, so that a slow answer does not replace a newer one. */
  private readonly changes = new Map<string, number>();
  /** Files to be read again, and the reading, while it goes on. */
  private readonly stale = new Set<string>();
  private refreshing: Promise<void> | undefined;
  /** Files that could not be tokenized. */
  private failures = 0;

  /** @param roots the workspace's folders @param warn writes to the log @param shown decides what is indexed */
  constructor(
    private readonly roots: readonly string[],
    private readonly tokenizer: Tokenizer,
    private readonly warn: (message: string) => void,
    private readonly shown = new ShownFiles(warn, roots),
  ) {}

  get files(): number {
    return this.index.fileCount;
  }

  get tokens(): number {
    return this.index.liveTokens;
  }

  /** What to draft from when the document at `uri` is completed. */
  source(uri: string): CorpusSource {
    const path = pathOf(uri) ?? uri;
    const corpus = new LiveCorpus(this.index, { except: path, nearness: nearnessTo(path) });
    return { name: "workspace", corpus, throttle: this.throttle };
  }

  /** Reads all folders. Resolves when they are indexed, or the workspace was disposed. */
  async scan(): Promise<void> {
    for (const root of this.roots) {
      try {
        await this.scanFolder(root);
      } catch (error) {
        if (this.closing.signal.aborted) return;
        if (!(error instanceof StoreError)) throw error;
        this.warn(`${root} is not indexed: ${error.message}`);
      }
    }
  }

  /** Records an open document's text. One as large as data is not indexed, nor one that holds a secret. */
  changed(uri: string, text: string): void {
    const file = this.shown.fileOf(uri);
    if (!file || !this.shown.isIndexed(file)) return;
    const path = pathIn(file);
    clearTimeout(this.waiting.get(path));
    if (text.length > DOCUMENT_BYTES_LIMIT) {
      this.remove(path);
      return;
    }
    this.open.add(path);
    this.waiting.set(
      path,
      setTimeout(() => {
        this.waiting.delete(path);
        if (holdsSecret(text)) this.remove(path);
        else inBackground(this.put([path], [text]), `Indexing ${path}`, this.warn);
      }, QUIET_MS),
    );
  }

  /** The document is not open any more: what is on disk counts. */
  closed(uri: string): void {
    const path = pathOf(uri);
    if (path === undefined || !this.open.delete(path)) return;
    inBackground(this.fileChanged(uri), `Indexing ${path}`, this.warn);
  }

  /**
   * A file was made, written or removed by whomever. Resolves when it is indexed anew. Files wait for each other, a
   * few at a time, so that a document under edit waits for no more than those even if a branch is switched.
   */
  fileChanged(uri: string): Promise<void> {
    const file = this.shown.fileOf(uri);
    if (!file) return Promise.resolve();
    if (isIgnoreFile(uri)) return this.ignoreFileChanged(file.root);
    this.stale.add(pathIn(file));
    this.refreshing ??= this.refresh();
    return this.refreshing;
  }

  dispose(): void {
    this.closing.abort();
    for (const timer of this.waiting.values()) clearTimeout(timer);
    this.waiting.clear();
  }

  private async scanFolder(root: string): Promise<void> {
    let paths: string[] = [];
    const { signal } = this.closing;
    for await (const file of this.shown.sources(root, signal)) {
      paths.push(pathIn(file));
      if (paths.length < BATCH_FILES) continue;
      await this.read(paths);
      paths = [];
    }
    await this.read(paths);
  }

  /** What was indexed may be ignored now, and the other way round. */
  private async ignoreFileChanged(root: string): Promise<void> {
    await this.shown.refresh(root);
    for (const path of this.index.names) {
      const file = this.shown.fileAt(path);
      if (!file || !this.shown.isIndexed(file)) this.remove(path);
    }
    await this.scanFolder(root);
  }

  private async refresh(): Promise<void> {
    try {
      // Git does not know new files yet.
      const files = [...this.stale].flatMap(path => this.shown.fileAt(path) ?? []);
      const isNew = (file: ShownFile) => !this.shown.isIndexed(file) && existsSync(pathIn(file));
      for (const root of new Set(files.filter(isNew).map(file => file.root))) await this.shown.refresh(root);
      while (this.stale.size > 0 && !this.closing.signal.aborted) {
        const paths = [...this.stale].slice(0, BATCH_FILES);
        for (const path of paths) this.stale.delete(path);
        await this.read(paths);
      }
    } finally {
      this.refreshing = undefined;
    }
  }

  /** Indexes files as they are on disk; one that is gone leaves the index, one that is open is left alone. */
  private async read(paths: readonly string[]): Promise<void> {
    const texts = paths.map(path => this.textOf(path));
    const readable: string[] = [];
    const found: string[] = [];
    for (const [i, path] of paths.entries()) {
      // It may have been opened while it was read.
      if (this.open.has(path)) continue;
      const text = texts[i];
      if (text === undefined) this.remove(path);
      else {
        readable.push(path);
        found.push(text);
      }
    }
    await this.put(readable, found);
  }

  /** A file's text; undefined where it is gone or does not belong into the index. */
  private textOf(path: string): string | undefined {
    const file = this.shown.fileAt(path);
    return file && this.shown.readSource(file);
  }

  private remove(path: string): void {
    this.count(path);
    this.index.remove(path);
  }

  private count(path: string): number {
    const change = (this.changes.get(path) ?? 0) + 1;
    this.changes.set(path, change);
    return change;
  }

  private async put(paths: readonly string[], texts: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const changes = paths.map(path => this.count(path));
    const tokens = await this.tokenized(paths, texts);
    for (const [i, path] of paths.entries()) {
      const own = tokens[i];
      if (own && !this.closing.signal.aborted && this.changes.get(path) === changes[i])
        this.index.put(path, own);
    }
  }

  /** The tokens of each text; undefined for one that the tokenizer fails at, which must not take others along. */
  private async tokenized(
    paths: readonly string[],
    texts: readonly string[],
  ): Promise<readonly (Int32Array | undefined)[]> {
    try {
      return await this.tokenizer.tokenize(texts);
    } catch (error) {
      if (this.closing.signal.aborted) return [];
      if (texts.length === 1) {
        if (this.failures++ < REPORTED_FAILURES) this.warn(`${paths[0]} is not indexed: ${messageOf(error)}`);
        return [];
      }
    }
    const each: (Int32Array | undefined)[] = [];
    for (const [i, text] of texts.entries()) each.push((await this.tokenized([paths[i] ?? ""], [text]))[0]);
    return each;
  }
}

/** How near files are to one at `path`: 1 in its folder, less with each folder on the way. */
export function nearnessTo(path: string): (file: string) => number {
  const known = new Map<string, number>();
  const own = path.split(sep).slice(0, -1);
  return file => {
    let nearness = known.get(file);
    if (nearness === undefined) {
      const other = file.split(sep).slice(0, -1);
      let common = 0;
      while (common < own.length && own[common] === other[common]) common++;
      nearness = 1 / (1 + own.length + other.length - 2 * common);
      known.set(file, nearness);
    }
    return nearness;
  };
}

const pathIn = ({ root, path }: ShownFile) => join(root, ...path.split("/"));
