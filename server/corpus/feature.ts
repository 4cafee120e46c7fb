/** The datastores of the server: opened for the model, built on request and, once, without a request. */
import type { ClientCapabilities, Connection } from "vscode-languageserver";
import type { ShownFiles } from "../context/index.ts";
import type { CorpusSource } from "../draft/index.ts";
import type { Engine } from "../engine/index.ts";
import { type Documents, type StatusBoard, WatchedFiles } from "../lsp/index.ts";
import {
  BuildProgress,
  type BuildReport,
  damageText,
  RebuildDatastoreRequest,
  type Settings,
  type WorkspaceIndexStatus,
} from "../protocol/index.ts";
import { expandPath, inBackground } from "../system/index.ts";
import { StoreRegistry } from "./storeRegistry.ts";
import { WorkspaceIndex } from "./workspaceIndex.ts";

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
  const watched = new WatchedFiles(connection);
  const index = new WorkspaceIndex({ connection, documents, shownFiles, watched });
  const closing = new AbortController();
  /** Whether a first store of the adopted model's tokens was begun, so that one that cannot be built is not tried with each document. */
  let isFirstBegun = false;

  answerRebuilds(connection, board, shownFiles, { registry: () => registry, hub }, closing.signal);

  return {
    start(storageDirectory, workspaceFolders, capabilities) {
      watched.start(capabilities);
      index.folders = workspaceFolders;
      const opened = new StoreRegistry(
        storageDirectory,
        message => connection.console.warn(message),
        () => board.stores(opened.status),
      );
      registry = opened;
    },
    foldersChanged: (paths, settings) => index.foldersChanged(paths, settings),
    workspaceIndex: () => index.status(),
    reindex: settings => index.renew(settings),
    adopt({ vocabulary, info }, settings) {
      if (!registry) return;
      isFirstBegun = false;
      index.adopt(info.modelPath, settings);
      registry.adopt({ fingerprint: vocabulary.fingerprint, modelPath: info.modelPath });
      board.stores(registry.status);
    },
    buildFirst({ firstDatastore }) {
      if (!firstDatastore || !registry || isFirstBegun) return;
      isFirstBegun = true;
      inBackground(buildFirst(connection, registry, board, closing.signal), "The first datastore", report);
    },
    sources: uri => [...index.sources(uri), ...(registry?.sources() ?? [])],
    dispose() {
      closing.abort();
      index.dispose();
      registry?.dispose();
    },
  };
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
