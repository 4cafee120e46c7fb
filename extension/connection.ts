/** One server process and the language client that speaks to it, from start to end. */
import * as vscode from "vscode";
import { CloseAction, ErrorAction, LanguageClient } from "vscode-languageclient/node";
import {
  type EndedRequest,
  type InitializationOptions,
  RequestEndedNotification,
  SECTION,
  type Status,
  StatusNotification,
} from "../server/protocol/index.ts";
import { ACCEPTED_COMMAND } from "./commands.ts";
import { DOCUMENT_SELECTOR } from "./documentSelector.ts";
import { type Environment, HTTP_DEFAULTS, proxyEnvironment } from "./proxyEnvironment.ts";
import { ServerProcess } from "./serverProcess.ts";

export interface ServerPaths {
  /** The server's bundle. */
  readonly serverModule: string;
  /** Where the server may keep files. */
  readonly storageDirectory: string;
}

interface ConnectionOptions extends ServerPaths {
  /** Whether models and back ends that have ended the server are tried once more. */
  readonly retryLoads: boolean;
  readonly output: vscode.LogOutputChannel;
  readonly onStatus: (status: Status) => void;
  readonly onRequestEnded: (ended: EndedRequest) => void;
  /** Called if the process ends by itself or does not start. @param how its signal or exit code, or what else happened */
  readonly onCrash: (how: string) => void;
}

/** Writes its errors to the log alone: the user is told by the status bar, with the remedy. */
class LoggingClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

export class ServerConnection {
  private readonly client: LanguageClient;
  private readonly process: ServerProcess;

  constructor(options: ConnectionOptions) {
    const { serverModule, storageDirectory, retryLoads, output } = options;
    this.process = new ServerProcess(options.onCrash);
    const initializationOptions: InitializationOptions = {
      settings: vscode.workspace.getConfiguration(SECTION),
      storageDirectory,
      trusted: vscode.workspace.isTrusted,
      retryLoads,
      acceptCommand: ACCEPTED_COMMAND,
      reportsRequests: true,
    };
    this.client = new LoggingClient(
      SECTION,
      "Foretoken",
      async () => this.process.start(serverModule, environment()),
      {
        documentSelector: DOCUMENT_SELECTOR,
        initializationOptions,
        outputChannel: output,
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue, handled: true }),
          closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
        },
        initializationFailedHandler: () => false,
        // The ghost text of this extension grows; the client's own provider could only show it whole.
        middleware: { provideInlineCompletionItems: () => undefined },
      },
    );
    this.client.onNotification(StatusNotification, options.onStatus);
    this.client.onNotification(RequestEndedNotification, options.onRequestEnded);
  }

  /** The client while the server answers. */
  get running(): LanguageClient | undefined {
    return this.client.isRunning() ? this.client : undefined;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Starts the process. Rejects if it ends before it answers, or answers with an error. */
  async start(): Promise<void> {
    const { client, process: server } = this;
    const started = client.start();
    try {
      await Promise.race([started, server.over]);
    } finally {
      // What the client says of a process that is over comes later, or never.
      started.catch(() => {});
      server.answered();
    }
  }

  /** Ends a process that has not answered yet, so that `start` rejects. */
  giveUpStart(): void {
    this.process.giveUp();
  }

  /** Asks the server to end, and ends one that does not answer. Resolves when the process is gone. */
  stop(): Promise<void> {
    const { client } = this;
    return this.process.end(async timeoutMs => {
      if (client.needsStop()) await client.stop(timeoutMs);
    });
  }
}

/** The environment of the server's process. */
function environment(): Environment {
  const http = vscode.workspace.getConfiguration("http");
  const { proxy, noProxy, proxySupport, systemCertificates } = HTTP_DEFAULTS;
  const settings = {
    proxy: http.get("proxy", proxy),
    noProxy: http.get("noProxy", noProxy),
    proxySupport: http.get("proxySupport", proxySupport),
    systemCertificates: http.get("systemCertificates", systemCertificates),
  };
  return proxyEnvironment(settings, process.env);
}
