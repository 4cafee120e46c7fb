/** The datastores of the server: opened for the model, built on request and, once, without a request. */
import type { ClientCapabilities, Connection, FileEvent } from "vscode-languageserver";
import { type FileKind, fileKindOf, Pace } from "../../datastores/sources/index.ts";
import type { ShownFiles } from "../context/index.ts";
import type { CorpusSource } from "../draft/index.ts";
import type { Engine } from "../engine/index.ts";
import { type DocumentChange, type Documents, type StatusBoard, WatchedFiles } from "../lsp/index.ts";
import {
  BuildProgress,
  type BuildReport,
  damageText,
  RebuildDatastoreRequest,
  type Settings,
  type WorkspaceIndexStatus,
} from "../protocol/index.ts";
import { counted, expandPath, inBackground, tokenizeWorkerScript } from "../system/index.ts";
import { StoreRegistry } from "./storeRegistry.ts";
import { TokenizerPool } from "./tokenizerPool.ts";
import { Workspace } from "./workspace.ts";

/** Time in milliseconds after which another change of the workspace's folders is unlikely: editors report each by itself. */
const FOLDERS_MS = 300;

interface Datastores {
  /** Called once the storage directory, the workspace's folders and the client's abilities are known. */
  start(
    storageDirectory: string | undefined,
    folders: readonly string[],
    capabilities: ClientCapabilities,
  ): void;
  /** Opens the stores of a model that was loaded. */
  adopt(engine: Engine, settings: Settings): void;
  /**
   * Builds a first store of the adopted model's tokens, if there is none and the settings want one. Not before the
   * model is tuned: the build would distort the measurements, and completions would wait for both.
   */
  buildFirst(settings: Settings): void;
  /** A folder was added to the workspace or removed from it. */
  foldersChanged(folders: readonly string[], settings: Settings): void;
  /** The index of the workspace; undefined where there is none. */
  workspaceIndex(): WorkspaceIndexStatus | undefined;
  /** Indexes the workspace again; false if it is not to be indexed. */
  reindex(settings: Settings): boolean;
  /** What to draft from. */
  sources(uri: string): readonly CorpusSource[];
  dispose(): void;
}

/** @param hub address of the hub that data sets are fetched from; empty: as in the environment */
export function registerDatastores(
  connection: Connection,
  documents: Documents,
  board: StatusBoard,
  shownFiles: ShownFiles,
  hub: () => string,
): Datastores {
  const report = (message: string) => connection.console.error(message);
  let registry: StoreRegistry | undefined;
  let folders: readonly string[] = [];
  let indexed: IndexedWorkspace | undefined;
  documents.watch(
    change => indexed?.changed(change),
    uri => indexed?.workspace.closed(uri),
  );
  connection.onDidChangeWatchedFiles(({ changes }) => {
    const { workspace } = indexed ?? {};
    if (workspace) inBackground(filesChanged(workspace, changes, report), "Following files", report);
  });
  const watched = new WatchedFiles(connection);
  const closing = new AbortController();
  /** The model whose tokens the workspace is indexed in. */
  let tokenizer: string | undefined;
  /** Whether a first store of that model was begun, so that one that cannot be built is not tried with each document. */
  let isFirstBegun = false;
  /** Starts the index once the workspace's folders have stopped changing. */
  let indexing: NodeJS.Timeout | undefined;

  const index = ({ workspaceIndex }: Pick<Settings, "workspaceIndex">) => {
    const wanted = workspaceIndex && folders.length > 0 ? tokenizer : undefined;
    if (indexed?.modelPath === wanted) return;
    indexed?.dispose();
    if (wanted === undefined) indexed = undefined;
    else {
      indexed = indexWorkspace({ connection, folders, shownFiles, watched }, wanted);
      for (const document of documents.open()) indexed.changed(document);
    }
  };

  const endIndex = () => {
    clearTimeout(indexing);
    indexed?.dispose();
    indexed = undefined;
  };

  answerRebuilds(connection, board, shownFiles, { registry: () => registry, hub }, closing.signal);

  return {
    start(storageDirectory, workspaceFolders, capabilities) {
      watched.start(capabilities);
      folders = workspaceFolders;
      const opened = new StoreRegistry(
        storageDirectory,
        message => connection.console.warn(message),
        () => board.stores(opened.status),
      );
      registry = opened;
    },
    foldersChanged(paths, settings) {
      folders = paths;
      // Nothing is drafted from a folder that has left the workspace, or is no longer trusted.
      endIndex();
      if (tokenizer !== undefined) indexing = setTimeout(() => index(settings), FOLDERS_MS);
    },
    workspaceIndex: () => indexed && { ...sizeOf(indexed.workspace), isComplete: indexed.isComplete },
    reindex(settings) {
      endIndex();
      index(settings);
      return indexed !== undefined;
    },
    adopt({ vocabulary, info }, settings) {
      if (!registry) return;
      tokenizer = info.modelPath;
      isFirstBegun = false;
      index(settings);
      registry.adopt({ fingerprint: vocabulary.fingerprint, modelPath: info.modelPath });
      board.stores(registry.status);
    },
    buildFirst({ firstDatastore }) {
      if (!firstDatastore || !registry || isFirstBegun) return;
      isFirstBegun = true;
      inBackground(buildFirst(connection, registry, board, closing.signal), "The first datastore", report);
    },
    sources: uri => [...(indexed ? [indexed.workspace.source(uri)] : []), ...(registry?.sources() ?? [])],
    dispose() {
      closing.abort();
      endIndex();
      registry?.dispose();
    },
  };
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

/** Builds a datastore when the client asks for one, and reports how far the build is. */
function answerRebuilds(
  connection: Connection,
  board: StatusBoard,
  shownFiles: ShownFiles,
  { registry, hub }: { registry: () => StoreRegistry | undefined; hub: () => string },
  closing: AbortSignal,
): void {
  connection.onRequest(RebuildDatastoreRequest, async ({ progressToken, ...asked }, token) => {
    const stores = registry();
    if (!stores) return { problem: "The server has not started." };
    if (!shownFiles.mayBuildFrom(expandPath(asked.source)))
      return { problem: "The workspace is not trusted: none of it is read until you trust it." };
    const cancel = new AbortController();
    token.onCancellationRequested(() => cancel.abort());
    const onReport = (report: BuildReport) => {
      if (progressToken === undefined) return;
      const sent = connection.sendProgress(BuildProgress, progressToken, report);
      inBackground(sent, "Reporting progress", message => connection.console.error(message));
    };
    const ended = AbortSignal.any([cancel.signal, closing]);
    const outcome = await stores.build({ ...asked, hub: hub() }, false, onReport, ended);
    board.stores(stores.status);
    return outcome;
  });
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

interface IndexDependencies {
  readonly connection: Connection;
  readonly folders: readonly string[];
  readonly shownFiles: ShownFiles;
  readonly watched: WatchedFiles;
}

/** Indexes the workspace with a model's tokenizer, in the background. */
function indexWorkspace(
  { connection, folders, shownFiles, watched }: IndexDependencies,
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

async function buildFirst(
  connection: Connection,
  registry: StoreRegistry,
  board: StatusBoard,
  signal: AbortSignal,
): Promise<void> {
  const built = await registry.buildFirst(signal);
  if (!built || signal.aborted) return;
  if ("problem" in built) connection.console.warn(`No datastore was built: ${built.problem}`);
  else {
    const damage = built.damage ? ` ${damageText(built.damage)}` : "";
    connection.console.info(
      `A datastore of ${built.tokens} tokens was built from the installed Python.${damage}`,
    );
  }
  board.stores(registry.status);
}
