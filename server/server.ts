/**
 * The language server: joins documents, model, session and features. It takes its connection and its
 * model loader from outside, so that a process, a test and a fake model can each supply their own.
 */
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type Connection,
  DidChangeConfigurationNotification,
  type InitializeResult,
  type WorkspaceFolder,
} from "vscode-languageserver";
import { registerDatastores } from "./datastore/feature.ts";
import { DOCUMENT_SYNC, trackDocuments } from "./documents.ts";
import type { Engine, EngineProblem } from "./engine/engine.ts";
import { registerInlineCompletion } from "./inlineCompletion.ts";
import { type LoadModel, ModelHost } from "./modelHost.ts";
import { OpenFiles } from "./openFiles.ts";
import { FreeMemoryRequest, type InitializationOptions, StatusNotification } from "./protocol/messages.ts";
import { RELOADING_SETTINGS, readSettings, SECTION, type Settings } from "./protocol/settings.ts";
import { Session } from "./session.ts";
import { StatusBoard } from "./status.ts";

export interface ServerParts {
  /** Makes the model loader, once it is known where the server may remember things. */
  readonly modelLoader: (storageDirectory: string | undefined) => LoadModel;
}

/** What the server tells of itself. */
const ANNOUNCEMENT: InitializeResult = {
  capabilities: {
    positionEncoding: "utf-16",
    textDocumentSync: DOCUMENT_SYNC,
    inlineCompletionProvider: true,
  },
  serverInfo: { name: SECTION },
};

/** Pause before the machine is looked at for being idle. */
const IDLE_MS = 1_500;

export function startServer(connection: Connection, parts: ServerParts): void {
  const documents = trackDocuments(connection);
  const session = new Session();
  const board = new StatusBoard(status => void connection.sendNotification(StatusNotification, status));
  let settings = readSettings(undefined).settings;
  let host: ModelHost | undefined;
  const openFiles = new OpenFiles(documents);
  const datastores = registerDatastores(connection, documents, board);

  const configure = (configuration: unknown) => {
    const previous = settings;
    settings = settingsFrom(configuration, connection);
    return previous;
  };

  let tuning = new AbortController();
  const load = async () => {
    tuning.abort();
    board.starting();
    const loading = host?.reload(settings);
    const outcome = await loading;
    // Another load may have been asked for meanwhile; its outcome counts.
    if (!outcome || !host?.isLatest(loading)) return;
    if ("problem" in outcome) return tellProblem(connection, board, outcome.problem);
    logModel(connection, outcome.engine);
    board.ready(outcome.engine);
    board.switch(settings.enabled);
    datastores.adopt(outcome.engine, settings);
    if (!outcome.tune) return;
    tuning = new AbortController();
    void whenIdle(session, outcome.tune, tuning.signal).then(sentence => {
      if (sentence) connection.console.info(sentence);
    });
  };

  const free = async () => {
    if (!host?.current) return false;
    tuning.abort();
    await host.dispose();
    board.asleep();
    return true;
  };
  const freeLater = afterQuietMinutes(() => settings.freeAfterMinutes, free);

  connection.onInitialize(({ initializationOptions, capabilities, workspaceFolders }) => {
    const options = (initializationOptions ?? {}) as InitializationOptions;
    host = new ModelHost(parts.modelLoader(options.storageDirectory), session);
    openFiles.roots = foldersOf(workspaceFolders);
    datastores.start(options.storageDirectory, openFiles.roots);
    connection.onInitialized(() => {
      configure(options.settings);
      if (capabilities.workspace?.didChangeConfiguration?.dynamicRegistration)
        void connection.client.register(DidChangeConfigurationNotification.type, { section: SECTION });
      void load();
    });
    return ANNOUNCEMENT;
  });

  connection.onDidChangeConfiguration(async ({ settings: all }) => {
    const previous = configure(all?.[SECTION]);
    if (!settings.enabled) await session.stop();
    if (RELOADING_SETTINGS.some(key => previous[key] !== settings[key])) await load();
    board.switch(settings.enabled);
  });

  connection.onRequest(FreeMemoryRequest, free);
  registerInlineCompletion(connection, {
    documents,
    session,
    board,
    settings: () => settings,
    engine: () => {
      freeLater();
      if (host?.isEmpty) void load();
      return host?.engine() ?? Promise.resolve(undefined);
    },
    sources: datastores.sources,
    openFiles,
    warn: message => connection.console.warn(message),
    isCurrent: engine => host?.current === engine,
  });

  connection.onShutdown(async () => {
    tuning.abort();
    await session.stop();
    await host?.dispose();
    datastores.dispose();
  });
  connection.listen();
}

/** The workspace's folders that lie on this machine. */
function foldersOf(folders: readonly WorkspaceFolder[] | null | undefined): string[] {
  return (folders ?? []).flatMap(({ uri }) => (uri.startsWith("file:") ? [fileURLToPath(uri)] : []));
}

/** Settings as they are given; what is wrong with them is told in the log. */
function settingsFrom(configuration: unknown, connection: Connection): Settings {
  const { settings, problems } = readSettings(configuration);
  for (const problem of problems) connection.console.warn(problem);
  return settings;
}

function tellProblem(connection: Connection, board: StatusBoard, { message, remedy }: EngineProblem): void {
  connection.console.error(`${message} ${remedy}`);
  board.failed(message, remedy);
}

/** Runs `action` when the returned function has not been called for so many minutes; 0 never does. */
function afterQuietMinutes(minutes: () => number, action: () => unknown): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    clearTimeout(timer);
    if (minutes() > 0) timer = setTimeout(action, minutes() * 60_000).unref();
  };
}

/** Runs `work` once nothing else is computed; a completion that comes meanwhile goes first. */
async function whenIdle<T>(
  session: Session,
  work: (signal: AbortSignal) => Promise<T | undefined>,
  signal: AbortSignal,
): Promise<T | undefined> {
  while (!signal.aborted) {
    await pause(IDLE_MS, undefined, { ref: false });
    const result = session.idle && !signal.aborted ? await session.run(signal, work) : undefined;
    if (result !== undefined) return result;
  }
  return undefined;
}

function logModel(connection: Connection, { info }: Engine): void {
  connection.console.info(
    `Model ${info.modelName} (${info.architecture}) from ${info.modelPath}: ${info.backend}, ${info.threads} threads, ${info.contextTokens} tokens of context.`,
  );
  for (const note of info.notes) connection.console.warn(note);
}
