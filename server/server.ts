/**
 * The language server: creates its parts, connects them and disposes them. The connection and the model loader
 * are passed in, so that a process, a test and a fake model can each supply their own; the connection with a
 * `messageGate()`, so that its messages come in LSP's order and well formed.
 */
import type { Connection, InitializeResult } from "vscode-languageserver";
import { isPathReference, listModels, registerCatalogue } from "./catalogue/index.ts";
import { Drafts, LastCompletion, registerInlineCompletion } from "./completion/index.ts";
import { OpenFiles, ShownFiles } from "./context/index.ts";
import { registerDatastores } from "./corpus/index.ts";
import { registerDashboard } from "./dashboard.ts";
import { registerLibraries } from "./libraries/index.ts";
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
import {
  betterBackend,
  EnergySaver,
  estimatedBytes,
  type LoadModel,
  measuredModel,
  registerModel,
  Session,
  SlowRule,
} from "./model/index.ts";
import {
  ACCEPT_COMMAND,
  AUTO_DRAFT_MODEL,
  DidChangeTrustNotification,
  RELOADING_SETTINGS,
  type RequestRecord,
  SECTION,
  type Settings,
  StatusNotification,
} from "./protocol/index.ts";
import { Grammars } from "./syntax/index.ts";
import { grammarsDirectory, inBackground, resolvePath, runsOnBattery } from "./system/index.ts";

export interface ServerDependencies {
  /** Creates the model loader once the storage directory is known. */
  readonly modelLoader: (storageDirectory: string | undefined, retryLoads?: boolean) => LoadModel;
  /** Called with each request that has ended. */
  readonly record?: ((record: RequestRecord) => void) | undefined;
  /** Replaces the platform's check of whether the machine runs on its battery. */
  readonly runsOnBattery?: (() => Promise<boolean | undefined>) | undefined;
}

export function startServer(connection: Connection, dependencies: ServerDependencies): void {
  const parts = makeParts(connection, dependencies);
  joinParts(connection, parts);
  followLifecycle(connection, parts, dependencies.modelLoader);
  connection.listen();
}

type Parts = ReturnType<typeof makeParts>;

/** Writers of the client's log: of what users should know, and of faults. */
const writers = ({ console }: Connection) => ({
  warn: (message: string) => console.warn(message),
  log: (message: string) => console.error(message),
});

/** What the catalogue needs to know of the loaded model. */
const catalogueParts = (
  model: Pick<ReturnType<typeof registerModel>, "current">,
  settings: () => Settings,
) => ({
  settings,
  measured: () => measuredModel(model.current),
  graphicsBytes: () => model.current?.info.graphicsBytes,
  needed: estimatedBytes,
});

interface ModelDependencies {
  readonly session: Session;
  readonly board: StatusBoard;
  readonly settings: () => Settings;
  readonly warn: (message: string) => void;
  readonly dependencies: ServerDependencies;
}

/** Creates the model and what watches, lists and fetches models and their libraries. */
function makeModelParts(
  connection: Connection,
  { session, board, settings, warn, dependencies }: ModelDependencies,
) {
  const model = registerModel(connection, { session, board, settings });
  const energy = new EnergySaver({
    settings,
    engines: () => [model.current, model.draftModel],
    runsOnBattery: dependencies.runsOnBattery ?? runsOnBattery,
    warn,
  });
  const catalogue = catalogueParts(model, settings);
  registerCatalogue(connection, catalogue);
  const slowRule = new SlowRule({
    choices: async () => (await listModels(catalogue)).models,
    betterBackend: (engine, storageDirectory) => betterBackend(engine, settings(), storageDirectory),
    report: slow => board.slow(slow),
    isCurrent: model.isCurrent,
  });
  const libraries = registerLibraries(connection, { settings, backend: () => model.current?.info.backend });
  return { model, energy, slowRule, libraries };
}

/** Creates the parts, each with the others that it needs. */
function makeParts(connection: Connection, dependencies: ServerDependencies) {
  const { warn, log } = writers(connection);

  // State of the client.
  const configuration = new Configuration(connection);
  const folders = new WorkspaceFolders(connection);
  const settings = () => withPaths(configuration.current, folders.paths);
  const documents = trackDocuments(connection);
  const board = new StatusBoard(status =>
    inBackground(connection.sendNotification(StatusNotification, status), "Sending the status", log),
  );

  // The model, used by one completion at a time.
  const session = new Session();
  const modelParts = makeModelParts(connection, { session, board, settings, warn, dependencies });
  const { model, energy, slowRule } = modelParts;

  // The sources of prompts, drafts and the ends of texts.
  const grammars = new Grammars(grammarsDirectory(), warn);
  const shownFiles = new ShownFiles(warn);
  const openFiles = new OpenFiles(documents, languageId => grammars.wanted(languageId), shownFiles);
  const datastores = registerDatastores(connection, documents, board, shownFiles, () => settings().hub);
  const drafts = new Drafts(documents, warn, () => board.suggestionAccepted(), model.isCurrent);

  const last = new LastCompletion();
  registerDashboard(connection, {
    model,
    board,
    last,
    workspaceIndex: datastores.workspaceIndex,
    reindex: () => datastores.reindex(settings()),
  });
  const completions = registerInlineCompletion(connection, {
    documents,
    last,
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
    record: dependencies.record,
    slowRule,
    savesEnergy: () => energy.isSaving,
  });
  return {
    configuration,
    folders,
    settings,
    board,
    session,
    ...modelParts,
    shownFiles,
    datastores,
    drafts,
    completions,
    documents,
    log,
  };
}

/** Passes events of one part on to the others. */
function joinParts(connection: Connection, parts: Parts): void {
  const { configuration, folders, settings, board, session, model, shownFiles, datastores, drafts } = parts;
  const { energy, completions, documents, log } = parts;
  const look = () => inBackground(energy.look(), "Finding out about the battery", log);
  /** Whether the loaded model has been measured: what takes long waits for that. */
  let isTuned = false;
  const buildFirst = () => {
    const isOfUse = documents.open().some(({ languageId }) => languageId === "python");
    if (isTuned && isOfUse && !energy.isSaving) datastores.buildFirst(settings());
  };
  const buildFirstUnlessSaving = () =>
    inBackground(energy.look().then(buildFirst), "Finding out about the battery", log);
  model.onLoaded(engine => {
    isTuned = false;
    look();
    completions.loaded(engine);
    datastores.adopt(engine, settings());
  });
  model.onTuned(() => {
    isTuned = true;
    buildFirstUnlessSaving();
  });
  energy.onDidEnd(buildFirst);
  documents.watch(({ languageId, edit }) => {
    if (isTuned && languageId === "python" && edit === undefined) buildFirstUnlessSaving();
  });
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
    else if (previous.draftModel !== current.draftModel) await model.loadDraftModel();
    // The current value: a later change may have been applied meanwhile.
    board.switch(settings().enabled);
    if (previous.battery !== current.battery) look();
  };
  configuration.onDidChange(change => inBackground(apply(change), "Applying the settings", log));
}

/** Starts the parts with the client, and disposes them when it leaves. */
function followLifecycle(
  connection: Connection,
  {
    configuration,
    folders,
    model,
    energy,
    shownFiles,
    slowRule,
    libraries,
    datastores,
    drafts,
    completions,
    log,
  }: Parts,
  modelLoader: ServerDependencies["modelLoader"],
): void {
  connection.onInitialize(params => {
    const options = initializationOptions(params.initializationOptions);
    const { storageDirectory, retryLoads, acceptCommand, trusted, reportsRequests } = options;
    shownFiles.trusted = trusted;
    connection.onInitialized(() => {
      configuration.start(params);
      folders.start(params);
      shownFiles.roots = folders.paths;
      slowRule.start(storageDirectory);
      libraries.start(storageDirectory);
      datastores.start(storageDirectory, folders.paths, params.capabilities);
      drafts.start(storageDirectory, folders.paths);
      model.start(modelLoader(storageDirectory, retryLoads));
      inBackground(model.load(), "Loading the model", log);
    });
    if (reportsRequests) completions.reportRequests();
    completions.acceptBy(acceptCommand ?? ACCEPT_COMMAND);
    return announcement(acceptCommand);
  });
  connection.onShutdown(async () => {
    drafts.save();
    completions.dispose();
    energy.dispose();
    const freed = model.dispose();
    // Not after the model, which may be loading: a client that waits no longer would leave a build behind.
    datastores.dispose();
    await freed;
  });
}

/** Settings with absolute paths. @param folders the workspace's folders */
const withPaths = (settings: Settings, folders: readonly string[]): Settings => {
  const absolute = (path: string) => (path.trim() === "" ? "" : resolvePath(path, folders));
  const model = (reference: string) => (isPathReference(reference) ? absolute(reference) : reference);
  const draftModel = settings.draftModel.trim();
  return {
    ...settings,
    catalogue: absolute(settings.catalogue),
    modelPath: model(settings.modelPath.trim()),
    draftModel: draftModel === AUTO_DRAFT_MODEL ? draftModel : model(draftModel),
  };
};

/** What the server offers. @param acceptCommand the client's own command, if it has one */
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
