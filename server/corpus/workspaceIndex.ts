/** The index of the workspace: made for the loaded model, and kept up with documents, files and folders. */
import type { Connection, FileEvent } from "vscode-languageserver";
import { type FileKind, fileKindOf, Pace } from "../../datastores/sources/index.ts";
import type { ShownFiles } from "../context/index.ts";
import type { CorpusSource } from "../draft/index.ts";
import type { DocumentChange, Documents, WatchedFiles } from "../lsp/index.ts";
import type { Settings, WorkspaceIndexStatus } from "../protocol/index.ts";
import { counted, inBackground, tokenizeWorkerScript } from "../system/index.ts";
import { TokenizerPool } from "./tokenizerPool.ts";
import { Workspace } from "./workspace.ts";

/** Time in milliseconds after which another change of the workspace's folders is unlikely: editors report each by itself. */
const FOLDERS_MS = 300;

interface IndexDependencies {
  readonly connection: Connection;
  readonly documents: Documents;
  readonly shownFiles: ShownFiles;
  readonly watched: WatchedFiles;
}

type IndexSettings = Pick<Settings, "workspaceIndex">;

/** The index of the workspace in the tokens of one model at a time, while the settings want one. */
export class WorkspaceIndex {
  folders: readonly string[] = [];
  private indexed: IndexedWorkspace | undefined;
  /** The model whose tokens the workspace is indexed in. */
  private modelPath: string | undefined;
  /** Starts the index once the workspace's folders have stopped changing. */
  private starting: NodeJS.Timeout | undefined;

  constructor(private readonly dependencies: IndexDependencies) {
    const { connection, documents } = dependencies;
    documents.watch(
      change => this.indexed?.changed(change),
      uri => this.indexed?.workspace.closed(uri),
    );
    const report = (message: string) => connection.console.error(message);
    connection.onDidChangeWatchedFiles(({ changes }) => {
      const { workspace } = this.indexed ?? {};
      if (workspace) inBackground(filesChanged(workspace, changes, report), "Following files", report);
    });
  }

  /** Indexes in the tokens of a model that was loaded. */
  adopt(modelPath: string, settings: IndexSettings): void {
    this.modelPath = modelPath;
    this.follow(settings);
  }

  foldersChanged(folders: readonly string[], settings: IndexSettings): void {
    this.folders = folders;
    // Nothing is drafted from a folder that has left the workspace, or is no longer trusted.
    this.dispose();
    if (this.modelPath !== undefined) this.starting = setTimeout(() => this.follow(settings), FOLDERS_MS);
  }

  /** Indexes the workspace again; false if it is not to be indexed. */
  renew(settings: IndexSettings): boolean {
    this.dispose();
    this.follow(settings);
    return this.indexed !== undefined;
  }

  /** Undefined where there is no index. */
  status(): WorkspaceIndexStatus | undefined {
    return this.indexed && { ...sizeOf(this.indexed.workspace), isComplete: this.indexed.isComplete };
  }

  /** What to draft a document from: the index, if there is one. */
  sources(uri: string): readonly CorpusSource[] {
    return this.indexed ? [this.indexed.workspace.source(uri)] : [];
  }

  dispose(): void {
    clearTimeout(this.starting);
    this.indexed?.dispose();
    this.indexed = undefined;
  }

  /** Starts or ends the index where the settings, the folders or the model want that. */
  private follow({ workspaceIndex }: IndexSettings): void {
    const wanted = workspaceIndex && this.folders.length > 0 ? this.modelPath : undefined;
    if (this.indexed?.modelPath === wanted) return;
    this.indexed?.dispose();
    this.indexed = wanted === undefined ? undefined : indexWorkspace(this.dependencies, this.folders, wanted);
    if (!this.indexed) return;
    for (const document of this.dependencies.documents.open()) this.indexed.changed(document);
  }
}

/** Passes changed files on, thousands of them in several turns of the event loop. */
async function filesChanged(
  workspace: Workspace,
  changes: readonly FileEvent[],
  report: (message: string) => void,
): Promise<void> {
  const pace = new Pace();
  for (const { uri } of changes) {
    if (pace.isDue) await pace.breathe();
    inBackground(workspace.fileChanged(uri), `Indexing ${uri}`, report);
  }
}

interface IndexedWorkspace {
  readonly workspace: Workspace;
  readonly modelPath: string;
  /** Whether the folders have been read, for all kinds of files that were edited. */
  readonly isComplete: boolean;
  /** Records an open document's text. With the first of its kind, the other files of that kind are read. */
  changed(document: Pick<DocumentChange, "uri" | "languageId" | "text">): void;
  dispose(): void;
}

const sizeOf = ({ files, tokens }: Workspace) => ({ files, tokens });

/** Indexes the workspace with a model's tokenizer, in the background. */
function indexWorkspace(
  { connection, shownFiles, watched }: IndexDependencies,
  folders: readonly string[],
  modelPath: string,
): IndexedWorkspace {
  const pool = new TokenizerPool(tokenizeWorkerScript(), modelPath, 1);
  const warn = (message: string) => connection.console.warn(message);
  const workspace = new Workspace(folders, pool, warn, shownFiles);
  const report = (message: string) => connection.console.error(message);
  const kinds = new Set<FileKind>();
  let scans = 0;
  const scan = async ({ extensions }: FileKind, uri: string) => {
    const start = performance.now();
    scans++;
    try {
      await workspace.scan(extensions, uri);
    } finally {
      scans--;
    }
    const ms = Math.round(performance.now() - start);
    connection.console.info(
      `Indexed the workspace (${extensions.join(" ")}): ${counted(workspace.files, "file")}, ${counted(workspace.tokens, "token")}, ${ms} ms.`,
    );
  };
  return {
    workspace,
    modelPath,
    get isComplete() {
      return scans === 0;
    },
    changed({ uri, languageId, text }) {
      const kind = fileKindOf(languageId);
      if (kind && !kinds.has(kind)) {
        kinds.add(kind);
        watched.watch(kind.extensions);
        inBackground(scan(kind, uri), "Indexing the workspace", report);
      }
      workspace.changed(uri, text);
    },
    dispose() {
      workspace.dispose();
      inBackground(pool.dispose(), "Ending the tokenizer", report);
    },
  };
}
