/**
 * The files of the open workspace, indexed as they are on disk or, where they are open, in the editor. A
 * thread tokenizes; what it returns is searchable at once.
 */
import {
  DOCUMENT_BYTES_LIMIT,
  holdsSecret,
  isProjectSource,
  PYTHON_EXTENSIONS,
} from "../../datastores/sources/index.ts";
import { isIgnoreFile, pathOf, ShownFiles } from "../context/index.ts";
import { type CorpusSource, LiveCorpus, SourceThrottle } from "../draft/index.ts";
import { inBackground } from "../system/index.ts";
import { FilesOnDisk, pathIn } from "./filesOnDisk.ts";
import { nearnessTo, RecentFolders } from "./nearness.ts";
import { TokenizedFiles, type Tokenizer } from "./tokenizedFiles.ts";

export class Workspace {
  private readonly indexed: TokenizedFiles;
  private readonly disk: FilesOnDisk;
  private readonly throttle = new SourceThrottle();
  private readonly closing = new AbortController();
  /** By path, the texts of open documents: these count, not those of the files. */
  private readonly open = new Map<string, string>();
  /**
   * Open documents whose present text is not indexed. A document does not draft from its own copy, so indexing it waits until
   * the user works in another one: a key is not worth tokenizing a whole file. Documents that git does not list yet wait too.
   */
  private readonly changes = new Set<string>();
  /** Endings of the files that are indexed. */
  private extensions: readonly string[] = [];
  /** Which files are indexed where there is no room for all. */
  private readonly recent = new RecentFolders();
  /** Whether a folder became a recent one after the last scan was asked for. */
  private hasMoved = false;

  /** @param roots the workspace's folders @param warn writes to the log @param shown decides what is indexed */
  constructor(
    private readonly roots: readonly string[],
    tokenizer: Tokenizer,
    private readonly warn: (message: string) => void,
    private readonly shown = new ShownFiles(warn, roots),
  ) {
    const { open, closing } = this;
    const nearness = (file: string) => this.recent.nearness(file);
    const files = new TokenizedFiles({ tokenizer, warn, nearness, closing: closing.signal });
    this.indexed = files;
    this.disk = new FilesOnDisk({
      shown,
      files,
      open,
      warn,
      nearness,
      extensions: () => this.extensions,
      closing: closing.signal,
    });
  }

  /** Files that are indexed. */
  get files(): number {
    return this.indexed.index.fileCount;
  }

  /** Tokens of these. */
  get tokens(): number {
    return this.indexed.index.liveTokens;
  }

  /** What to draft from when the document at `uri` is completed. Other changed documents are indexed for the next time. */
  source(uri: string): CorpusSource {
    const file = this.shown.fileOf(uri);
    const path = file ? pathIn(file) : (pathOf(uri) ?? uri);
    if (file) this.workedIn(path);
    this.indexChanged(path);
    const corpus = new LiveCorpus(this.indexed.index, { except: path, nearness: nearnessTo(path) });
    return { name: "workspace", corpus, throttle: this.throttle };
  }

  /** From now on files with these endings are indexed once they change. */
  follow(extensions: readonly string[]): void {
    this.extensions = [...new Set([...this.extensions, ...extensions])];
  }

  /**
   * Follows the files with these endings, and reads those of all folders; if there are too many, those that are nearest to
   * recent documents. Resolves when they are indexed, or the workspace was disposed.
   * @param uri of the document that is worked in
   */
  scan(extensions = PYTHON_EXTENSIONS, uri?: string): Promise<void> {
    this.follow(extensions);
    const file = uri === undefined ? undefined : this.shown.fileOf(uri);
    if (file) this.recent.visit(pathIn(file));
    this.hasMoved = false;
    return this.disk.scan(this.roots).then(() => this.indexOpen());
  }

  /** Records an open document's text. Documents that are as large as data or hold a secret are not indexed. */
  changed(uri: string, text: string): void {
    const file = this.shown.fileOf(uri);
    if (!file) return;
    const path = pathIn(file);
    if (!this.open.has(path) && !isProjectSource(file.root, file.path, this.extensions)) return;
    if (text.length > DOCUMENT_BYTES_LIMIT) {
      this.open.delete(path);
      this.changes.delete(path);
      this.indexed.remove(path);
    } else {
      this.open.set(path, text);
      this.changes.add(path);
    }
    this.indexChanged(path);
  }

  /** The document was closed: from now on its file on disk counts. */
  closed(uri: string): void {
    const path = this.keyOf(uri);
    if (path === undefined || !this.open.delete(path)) return;
    this.changes.delete(path);
    inBackground(this.fileChanged(uri), `Indexing ${path}`, this.warn);
  }

  /**
   * A file was made, written or removed by any program. Resolves when it is indexed again. Files are handled a few at a time,
   * so that a document under edit only waits for these, even if a branch is switched.
   */
  fileChanged(uri: string): Promise<void> {
    const file = this.shown.fileOf(uri);
    if (!file) return Promise.resolve();
    if (!isIgnoreFile(uri)) return this.disk.changed(file);
    // Open documents may now be ignored, or no longer be ignored.
    for (const path of this.open.keys()) this.changes.add(path);
    return this.disk.ignoreFileChanged(file.root);
  }

  dispose(): void {
    this.closing.abort();
    this.changes.clear();
    this.open.clear();
  }

  /** Reads the files near a document that lies far from those before, where there is no room for all. */
  private workedIn(path: string): void {
    if (this.recent.visit(path)) this.hasMoved = true;
    // The first scan may only find later that there is no room for all.
    if (!this.hasMoved || !this.disk.hasLeftOut) return;
    inBackground(this.scan(this.extensions), "Indexing the workspace", this.warn);
  }

  /** Open documents that had to leave the index may be near again; reading the disk passes over them. */
  private async indexOpen(): Promise<void> {
    const { indexed, open } = this;
    for (const path of open.keys())
      if (!indexed.index.has(path) && (await indexed.hasRoomFor(path))) this.changes.add(path);
  }

  /** The path by which a document is kept and indexed; its own path if it lies outside of the workspace. */
  private keyOf(uri: string): string | undefined {
    const file = this.shown.fileOf(uri);
    return file ? pathIn(file) : pathOf(uri);
  }

  /** Indexes the documents that were changed, except for the current one. */
  private indexChanged(current: string): void {
    for (const path of this.changes) {
      const [file, text] = [this.shown.fileAt(path), this.open.get(path)];
      if (path === current) continue;
      if (!file || text === undefined || !this.shown.isIndexed(file, this.extensions)) {
        // The document stays in the list: git may list it the next time.
        this.indexed.remove(path);
        continue;
      }
      this.changes.delete(path);
      if (holdsSecret(text)) this.indexed.remove(path);
      else inBackground(this.indexed.put([path], [text]), `Indexing ${path}`, this.warn);
    }
  }
}
