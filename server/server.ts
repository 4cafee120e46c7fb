/**
 * The language server: which parts there are, which feeds which, and who disposes what. It takes its connection and
 * its model loader from outside, so that a process, a test and a fake model can each supply their own.
 */
import type { Connection, InitializeResult } from "vscode-languageserver";
import { isPathReference, registerCatalogue } from "./catalogue/index.ts";
import { Drafts, registerInlineCompletion } from "./completion/index.ts";
import { OpenFiles, ShownFiles } from "./context/index.ts";
import { registerDatastores } from "./corpus/index.ts";
import {
  Configuration,
  DOCUMENT_SYNC,
  initializationOptions,
  NOTEBOOK_SYNC,
  type SettingsChange,
  StatusBoard,
  trackDocuments,
  WorkspaceFolders,
} from "./lsp/index.ts";
import { type LoadModel, measuredModel, registerModel, Session } from "./model/index.ts";
import {
  ACCEPT_COMMAND,
  DidChangeTrustNotification,
  RELOADING_SETTINGS,
  type RequestRecord,
  SECTION,
  type Settings,
  StatusNotification,
} from "./protocol/index.ts";
import { Grammars } from "./syntax/index.ts";
import { grammarsDirectory, inBackground, resolvePath } from "./system/index.ts";

export interface ServerDependencies {
  /** Makes the model loader, once it is known where the server may remember things. */
  readonly modelLoader: (storageDirectory: string | undefined, retryLoads?: boolean) => LoadModel;
  /** Called with each request that has ended. */
  readonly record?: ((record: RequestRecord) => void) | undefined;
}

export function startServer(connection: Connection, { modelLoader, record }: ServerDependencies): void {
  const parts = makeParts(connection, record);
  joinParts(connection, parts);
  followLifecycle(connection, parts, modelLoader);
  connection.listen();
}

type Parts = ReturnType<typeof makeParts>;

/** Which parts there are, and what each needs of the others. */
function makeParts(connection: Connection, record: ServerDependencies["record"]) {
  const warn = (message: string) => connection.console.warn(message);
  const log = (message: string) => connection.console.error(message);

  // What the client has.
  const configuration = new Configuration(connection);
  const folders = new WorkspaceFolders(connection);
  const settings = () => withPaths(configuration.current, folders.paths);
  const documents = trackDocuments(connection);
  const board = new StatusBoard(status =>
    inBackground(connection.sendNotification(StatusNotification, status), "Sending the status", log),
  );

  // The model, which one completion at a time uses.
  const session = new Session();
  const model = registerModel(connection, { session, board, settings });
  registerCatalogue(connection, { settings, measured: () => measuredModel(model.current) });

  // What prompts, drafts and ends of texts are made from.
  const grammars = new Grammars(grammarsDirectory(), warn);
  const shownFiles = new ShownFiles(warn);
  const openFiles = new OpenFiles(documents, languageId => grammars.parser(languageId), shownFiles);
  const datastores = registerDatastores(connection, documents, board, shownFiles);
  const drafts = new Drafts(documents, warn, () => board.suggestionAccepted(), model.isCurrent);

  const completions = registerInlineCompletion(connection, {
    documents,
    session,
    board,
    model,
    drafts,
    settings,
    sources: datastores.sources,
    openFiles,
    grammars,
    warn,
    log,
    record,
  });
  return {
    configuration,
    folders,
    settings,
    board,
    session,
    model,
    shownFiles,
    datastores,
    drafts,
    completions,
    log,
  };
}

/** What happens in one part that others are to know. */
function joinParts(connection: Connection, parts: Parts): void {
  const { configuration, folders, settings, board, session, model, shownFiles, datastores, drafts } = parts;
  const { completions, log } = parts;
  model.onLoaded(engine => {
    completions.loaded();
    datastores.adopt(engine, settings());
  });
  model.onTuned(() => datastores.buildFirst(settings()));
  model.onFreeing(() => drafts.save());
  folders.onDidChange(paths => {
    shownFiles.roots = paths;
    datastores.foldersChanged(paths, settings());
  });
  connection.onNotification(DidChangeTrustNotification, ({ trusted }) => {
    if (shownFiles.trusted === (trusted === true)) return;
    shownFiles.trusted = trusted === true;
    datastores.foldersChanged(folders.paths, settings());
  });
  const apply = async ({ previous, current }: SettingsChange) => {
    completions.forget();
    if (!current.enabled) await session.stop();
    if (RELOADING_SETTINGS.some(key => previous[key] !== current[key])) await model.load();
    board.switch(current.enabled);
  };
  configuration.onDidChange(change => inBackground(apply(change), "Applying the settings", log));
}

/** What starts with the client, and who disposes what when it leaves. */
function followLifecycle(
  connection: Connection,
  { configuration, folders, model, shownFiles, datastores, drafts, completions, log }: Parts,
  modelLoader: ServerDependencies["modelLoader"],
): void {
  connection.onInitialize(params => {
    const options = initializationOptions(params.initializationOptions);
    const { storageDirectory, retryLoads, acceptCommand, trusted } = options;
    shownFiles.trusted = trusted;
    connection.onInitialized(() => {
      configuration.start(params);
      folders.start(params);
      shownFiles.roots = folders.paths;
      datastores.start(storageDirectory, folders.paths);
      drafts.start(storageDirectory, folders.paths);
      model.start(modelLoader(storageDirectory, retryLoads));
      inBackground(model.load(), "Loading the model", log);
    });
    completions.acceptBy(acceptCommand ?? ACCEPT_COMMAND);
    return announcement(acceptCommand);
  });
  connection.onShutdown(async () => {
    drafts.save();
    completions.dispose();
    await model.dispose();
    datastores.dispose();
  });
}

/** Settings whose paths are absolute. @param folders of the workspace */
const withPaths = (settings: Settings, folders: readonly string[]): Settings => {
  const absolute = (path: string) => (path.trim() === "" ? "" : resolvePath(path, folders));
  const model = settings.modelPath.trim();
  return {
    ...settings,
    catalogue: absolute(settings.catalogue),
    modelPath: isPathReference(model) ? absolute(model) : model,
  };
};

/** What the server offers. @param acceptCommand the client's own, if it has one */
const announcement = (acceptCommand: string | undefined): InitializeResult => ({
  capabilities: {
    positionEncoding: "utf-16",
    textDocumentSync: DOCUMENT_SYNC,
    notebookDocumentSync: NOTEBOOK_SYNC,
    inlineCompletionProvider: true,
    workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    ...(acceptCommand === undefined && { executeCommandProvider: { commands: [ACCEPT_COMMAND] } }),
  },
  serverInfo: { name: SECTION },
});
