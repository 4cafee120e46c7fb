/** A language client that only uses the protocol, connected to a server by two in-memory streams. */
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { createConnection } from "vscode-languageserver/node";
import {
  type ClientCapabilities,
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  InitializedNotification,
  InitializeRequest,
  type InitializeResult,
  type InlineCompletionContext,
  type InlineCompletionItem,
  InlineCompletionRequest,
  type Position,
  type ProtocolConnection,
  ShutdownRequest,
  StreamMessageReader,
  StreamMessageWriter,
  type TextDocumentContentChangeEvent,
} from "vscode-languageserver-protocol/node";
import { messageGate } from "../../server/lsp/index.ts";
import {
  type InitializationOptions,
  InlineCompletionProgress,
  type Status,
  StatusNotification,
} from "../../server/protocol/messages.ts";
import { type ServerDependencies, startServer } from "../../server/server.ts";
import { Pipe } from "./pipe.ts";

export interface TestClient {
  readonly connection: ProtocolConnection;
  readonly initialized: InitializeResult;
  readonly statuses: Status[];
  readonly log: string[];
  status(test: (status: Status) => boolean): Promise<Status>;
  open(uri: string, text: string, languageId?: string): void;
  change(uri: string, version: number, changes: TextDocumentContentChangeEvent[]): void;
  complete(
    uri: string,
    position: Position,
    version?: number,
    context?: Partial<InlineCompletionContext>,
  ): Asked;
  close(): Promise<void>;
}

export interface Asked {
  /** The items of the response. */
  readonly items: Promise<InlineCompletionItem[]>;
  /** The texts of the progress notifications so far. */
  readonly partial: string[];
  cancel(): void;
}

/** @param folders paths of the workspace's folders */
export async function connect(
  parts: ServerDependencies,
  options: InitializationOptions = {},
  folders: readonly string[] = [],
  capabilities: ClientCapabilities = {},
  prepare: (connection: ProtocolConnection) => void = () => {},
): Promise<TestClient> {
  const toServer = new Pipe();
  const toClient = new Pipe();
  startServer(
    createConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient), messageGate()),
    parts,
  );
  const connection = createProtocolConnection(
    new StreamMessageReader(toClient),
    new StreamMessageWriter(toServer),
  );
  const statuses: Status[] = [];
  const log: string[] = [];
  const watchers = new Set<() => void>();
  connection.onNotification(StatusNotification, status => {
    statuses.push(status);
    for (const watcher of watchers) watcher();
  });
  connection.onNotification("window/logMessage", ({ message }: { message: string }) => {
    log.push(message);
  });
  prepare(connection);
  connection.listen();
  const initialized = await connection.sendRequest(InitializeRequest.type, {
    processId: null,
    rootUri: null,
    workspaceFolders: folders.map(path => ({ uri: pathToFileURL(path).href, name: basename(path) })),
    capabilities,
    // Unless a test needs it, no store is built, and nothing is saved in the user's folders.
    initializationOptions: {
      storageDirectory: join(tmpdir(), "foretoken-test-client"),
      ...options,
      settings: { firstDatastore: false, ...(options.settings as object | undefined) },
    },
  });
  await connection.sendNotification(InitializedNotification.type, {});
  let requests = 0;
  return {
    connection,
    initialized,
    statuses,
    log,
    status: test =>
      new Promise(resolve => {
        // A client's pipe keeps a real server alive; the server's own timers, such as the pause before tuning, do not.
        const alive = setInterval(() => {}, 1_000);
        const look = () => {
          const found = statuses.findLast(test);
          if (!found) return;
          clearInterval(alive);
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
    open: (uri, text, languageId = "python") =>
      void connection.sendNotification(DidOpenTextDocumentNotification.type, {
        textDocument: { uri, languageId, version: 1, text },
      }),
    change: (uri, version, contentChanges) =>
      void connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri, version },
        contentChanges,
      }),
    complete(uri, position, version, context) {
      const partialResultToken = ++requests;
      const partial: string[] = [];
      const listening = connection.onProgress(InlineCompletionProgress, partialResultToken, ([item]) => {
        if (item) partial.push(item.insertText as string);
      });
      const canceller = new AbortController();
      const token = {
        get isCancellationRequested() {
          return canceller.signal.aborted;
        },
        onCancellationRequested: (listener: (event: unknown) => void) => {
          canceller.signal.addEventListener("abort", listener);
          return { dispose: () => canceller.signal.removeEventListener("abort", listener) };
        },
      };
      const params = {
        textDocument: { uri, ...(version !== undefined && { version }) },
        position,
        context: { triggerKind: 2 as const, ...context },
        partialResultToken,
      };
      const items = connection
        .sendRequest(InlineCompletionRequest.type, params, token)
        .then(answer => (Array.isArray(answer) ? answer : (answer?.items ?? [])))
        .finally(() => listening.dispose());
      return { items, partial, cancel: () => canceller.abort() };
    },
    async close() {
      await connection.sendRequest(ShutdownRequest.type);
      connection.dispose();
    },
  };
}
