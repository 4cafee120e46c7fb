/**
 * The language server: joins documents, model, session and features. It takes its connection and its
 * model loader from outside, so that a process, a test and a fake model can each supply their own.
 */
import { fileURLToPath } from "node:url";
import {
  type Connection,
  DidChangeConfigurationNotification,
  type InitializeResult,
  type WorkspaceFolder,
} from "vscode-languageserver";
import { Drafts, registerInlineCompletion } from "./completion/index.ts";
import { OpenFiles } from "./context/index.ts";
import { registerDatastores } from "./corpus/index.ts";
import { DOCUMENT_SYNC, StatusBoard, trackDocuments } from "./lsp/index.ts";
import { type LoadModel, registerModel, Session } from "./model/index.ts";
import {
  ACCEPT_COMMAND,
  type InitializationOptions,
  RELOADING_SETTINGS,
  type RequestRecord,
  readSettings,
  SECTION,
  type Settings,
  StatusNotification,
} from "./protocol/index.ts";
import { Grammars } from "./syntax/index.ts";
import { grammarsDirectory } from "./system/index.ts";

export interface ServerParts {
  /** Makes the model loader, once it is known where the server may remember things. */
  readonly modelLoader: (storageDirectory: string | undefined, retryLoads?: boolean) => LoadModel;
  /** Called with each request that has ended. */
  readonly record?: ((record: RequestRecord) => void) | undefined;
}

/** What the server reports of itself. @param acceptCommand the client's own, if it has one */
const announcement = (acceptCommand: string | undefined): InitializeResult => ({
  capabilities: {
    positionEncoding: "utf-16",
    textDocumentSync: DOCUMENT_SYNC,
    inlineCompletionProvider: true,
    ...(acceptCommand === undefined && { executeCommandProvider: { commands: [ACCEPT_COMMAND] } }),
  },
  serverInfo: { name: SECTION },
});

export function startServer(connection: Connection, parts: ServerParts): void {
  const documents = trackDocuments(connection);
  const session = new Session();
  const board = new StatusBoard(status => void connection.sendNotification(StatusNotification, status));
  let settings = readSettings(undefined).settings;
  const grammars = new Grammars(grammarsDirectory(), message => connection.console.warn(message));
  const openFiles = new OpenFiles(documents, languageId => grammars.parser(languageId));
  const datastores = registerDatastores(connection, documents, board);
  const drafts = new Drafts(
    documents,
    message => connection.console.warn(message),
    () => board.suggestionAccepted(),
    engine => model.isCurrent(engine),
  );
  const model = registerModel(connection, {
    session,
    board,
    settings: () => settings,
    loaded(engine) {
      completions.loaded();
      datastores.adopt(engine, settings);
    },
    freed: () => drafts.save(),
  });

  const completions = registerInlineCompletion(connection, {
    documents,
    session,
    board,
    model,
    drafts,
    settings: () => settings,
    sources: datastores.sources,
    openFiles,
    grammars,
    warn: message => connection.console.warn(message),
    log: message => connection.console.error(message),
    record: parts.record,
  });

  connection.onInitialize(({ initializationOptions, capabilities, workspaceFolders }) => {
    const options = (initializationOptions ?? {}) as InitializationOptions;
    const folders = foldersOf(workspaceFolders);
    model.start(parts.modelLoader(options.storageDirectory, options.retryLoads));
    openFiles.roots = folders;
    datastores.start(options.storageDirectory, folders);
    drafts.start(options.storageDirectory, folders);
    connection.onInitialized(() => {
      settings = settingsFrom(options.settings, connection);
      if (capabilities.workspace?.didChangeConfiguration?.dynamicRegistration)
        void connection.client.register(DidChangeConfigurationNotification.type, { section: SECTION });
      void model.load();
    });
    completions.acceptBy(options.acceptCommand ?? ACCEPT_COMMAND);
    return announcement(options.acceptCommand);
  });

  connection.onDidChangeConfiguration(async ({ settings: all }) => {
    // Some clients send changes that are not ours, without our section.
    if (all?.[SECTION] === undefined) return;
    const previous = settings;
    settings = settingsFrom(all?.[SECTION], connection);
    completions.forget();
    if (!settings.enabled) await session.stop();
    if (RELOADING_SETTINGS.some(key => previous[key] !== settings[key])) await model.load();
    board.switch(settings.enabled);
  });

  connection.onShutdown(async () => {
    drafts.save();
    completions.dispose();
    await model.dispose();
    datastores.dispose();
  });
  connection.listen();
}

/** The workspace's folders that lie on this machine. */
function foldersOf(folders: readonly WorkspaceFolder[] | null | undefined): string[] {
  return (folders ?? []).flatMap(({ uri }) => (uri.startsWith("file:") ? [fileURLToPath(uri)] : []));
}

/** Settings as they are given; what is wrong with them is logged. */
function settingsFrom(configuration: unknown, connection: Connection): Settings {
  const { settings, problems } = readSettings(configuration);
  for (const problem of problems) connection.console.warn(problem);
  return settings;
}
