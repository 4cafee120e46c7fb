/** One server process and the language client that speaks to it, from start to end. */
import { type ChildProcess, spawn } from "node:child_process";
import * as vscode from "vscode";
import { CloseAction, ErrorAction, LanguageClient } from "vscode-languageclient/node";
import {
  type EndedRequest,
  type InitializationOptions,
  RequestEndedNotification,
  SECTION,
  SERVER_NODE_ARGUMENTS,
  type Status,
  StatusNotification,
} from "../server/protocol/index.ts";
import { ACCEPTED_COMMAND } from "./commands.ts";
import { DOCUMENT_SELECTOR } from "./documentSelector.ts";

const STOP_TIMEOUT_MS = 2_000;

export interface ServerPaths {
  /** The server's bundle. */
  readonly serverModule: string;
  /** Where the server may keep files. */
  readonly storageDirectory: string;
}

interface ConnectionOptions extends ServerPaths {
  /** Whether models and back ends that have ended the server are tried once more. */
  readonly retryLoads: boolean;
  /** Reports files that change outside of the editor: a branch switched, a tool run. */
  readonly watchers: vscode.FileSystemWatcher[];
  readonly output: vscode.LogOutputChannel;
  readonly onStatus: (status: Status) => void;
  readonly onRequestEnded: (ended: EndedRequest) => void;
  /** Called when the process has ended by itself. @param how its signal or exit code */
  readonly onCrash: (how: string) => void;
}

export class ServerConnection {
  private readonly client: LanguageClient;
  /** The process while it should run: if it ends then, that is a crash. */
  private process: ChildProcess | undefined;

  constructor(private readonly options: ConnectionOptions) {
    const { storageDirectory, retryLoads, watchers, output } = options;
    const initializationOptions: InitializationOptions = {
      settings: vscode.workspace.getConfiguration(SECTION),
      storageDirectory,
      trusted: vscode.workspace.isTrusted,
      retryLoads,
      acceptCommand: ACCEPTED_COMMAND,
      reportsRequests: true,
    };
    this.client = new LanguageClient(SECTION, "Foretoken", async () => this.spawn(), {
      documentSelector: DOCUMENT_SELECTOR,
      initializationOptions,
      synchronize: { fileEvents: watchers },
      outputChannel: output,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
      initializationFailedHandler: () => false,
      // The ghost text of this extension grows; the client's own provider could only show it whole.
      middleware: { provideInlineCompletionItems: () => undefined },
    });
    this.client.onNotification(StatusNotification, options.onStatus);
    this.client.onNotification(RequestEndedNotification, options.onRequestEnded);
  }

  /** The client while the server answers. */
  get running(): LanguageClient | undefined {
    return this.client.isRunning() ? this.client : undefined;
  }

  get pid(): number | undefined {
    return this.process?.exitCode === null ? this.process.pid : undefined;
  }

  /** Starts the process. Rejects where it does not answer. */
  start(): Promise<void> {
    return this.client.start();
  }

  /** Asks the server to end, and ends one that does not answer. Resolves when the process is gone. */
  async stop(): Promise<void> {
    const { client, process: child } = this;
    this.process = undefined;
    try {
      if (client.needsStop()) await client.stop(STOP_TIMEOUT_MS);
    } catch {
      // A server that does not answer is ended below.
    }
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise(resolve => child.once("exit", resolve));
    child.kill();
    const forced = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(forced);
  }

  private spawn(): ChildProcess {
    // The host's own binary runs as plain Node, so no Node needs to be installed.
    const { FORETOKEN_SERVER_INSPECT: port } = process.env;
    const inspect = port ? [`--inspect=127.0.0.1:${port}`] : [];
    const args = [...SERVER_NODE_ARGUMENTS, ...inspect, this.options.serverModule, "--stdio"];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
      stdio: "pipe",
    });
    this.process = child;
    child.once("exit", (code, signal) => {
      if (this.process !== child) return;
      this.process = undefined;
      this.options.onCrash(signal ?? `exit code ${code}`);
    });
    return child;
  }
}
