/**
 * The server process: starts it, restarts it after a crash with growing pauses, and asks it for
 * completions. At most one start or stop is under way at a time.
 */
import { type ChildProcess, spawn } from "node:child_process";
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  ExecuteCommandRequest,
  type InlineCompletionItem,
  InlineCompletionRequest,
  LanguageClient,
} from "vscode-languageclient/node";
import {
  ACCEPT_COMMAND,
  BuildProgress,
  type BuildReport,
  DidChangeTrustNotification,
  DidFocusNotification,
  ExplainLastRequest,
  FreeMemoryRequest,
  type InitializationOptions,
  InlineCompletionProgress,
  RebuildDatastoreRequest,
  type RebuildParams,
  type RebuildResult,
  SECTION,
  type Status,
  StatusNotification,
} from "../server/protocol/index.ts";
import { inBackground } from "./background.ts";
import { ACCEPTED_COMMAND } from "./commands.ts";

/** Where completions are offered; virtual and read-only documents have other schemes. */
export const DOCUMENT_SELECTOR = [
  { scheme: "file" },
  { scheme: "untitled" },
  { scheme: "vscode-notebook-cell" },
  { scheme: "vscode-remote" },
];

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** A server that has lived this long is well again: the next crash starts with the first pause. */
const HEALTHY_MS = 120_000;
/** Crashes in a row after which the server is started again only when a person asks for it. */
const MAX_CRASHES = 5;
const STOP_TIMEOUT_MS = 2_000;

export interface CompletionQuery {
  readonly document: vscode.TextDocument;
  readonly position: vscode.Position;
  readonly explicit: boolean;
  /** The entry of the suggestion list that the text is to continue. */
  readonly selected: vscode.SelectedCompletionInfo | undefined;
}

export class ServerClient implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private process: ChildProcess | undefined;
  private chain: Promise<void> = Promise.resolve();
  private restartTimer: NodeJS.Timeout | undefined;
  private pauseMs = FIRST_PAUSE_MS;
  private crashes = 0;
  private startedAt = 0;
  private disposed = false;
  private readonly changed = new vscode.EventEmitter<Status>();
  private current: Status = { state: "starting" };
  private requests = 0;
  private readonly watcher = vscode.workspace.createFileSystemWatcher("**/{*.py,*.pyi,.gitignore}");
  readonly onDidChangeStatus = this.changed.event;

  constructor(
    private readonly serverModule: string,
    private readonly storageDirectory: string,
    private readonly output: vscode.LogOutputChannel,
  ) {}

  get status(): Status {
    return this.current;
  }

  get pid(): number | undefined {
    return this.process?.exitCode === null ? this.process.pid : undefined;
  }

  /**
   * Starts the server, or stops and starts it again.
   * @param retryLoads whether models and back ends that have ended the server are tried once more
   */
  restart(retryLoads = false): Promise<void> {
    this.pauseMs = FIRST_PAUSE_MS;
    this.crashes = 0;
    return this.startAgain(retryLoads);
  }

  private startAgain(retryLoads = false): Promise<void> {
    this.chain = this.chain.then(async () => {
      await this.stop();
      clearTimeout(this.restartTimer);
      if (!this.disposed) await this.start(retryLoads);
    });
    return this.chain;
  }

  /**
   * Asks for a completion. `onText` is called with the whole text each time it has grown. Resolves to the
   * final item; undefined when there is none or no server.
   */
  async complete(
    { document, position, explicit, selected }: CompletionQuery,
    onText: (item: InlineCompletionItem) => void,
    token: vscode.CancellationToken,
  ): Promise<InlineCompletionItem | undefined> {
    const client = this.client;
    if (!client?.isRunning()) return undefined;
    const partialResultToken = `foretoken-${++this.requests}`;
    const listening = client.onProgress(
      InlineCompletionProgress,
      partialResultToken,
      ([item]) => item && onText(item),
    );
    try {
      const selectedCompletionInfo = selected && {
        text: selected.text,
        range: client.code2ProtocolConverter.asRange(selected.range),
      };
      const params = {
        textDocument: { uri: client.code2ProtocolConverter.asUri(document.uri), version: document.version },
        position: client.code2ProtocolConverter.asPosition(position),
        context: {
          triggerKind: explicit ? 1 : 2,
          ...(selectedCompletionInfo && { selectedCompletionInfo }),
        } as const,
        partialResultToken,
      };
      const answer = await client.sendRequest(InlineCompletionRequest.type, params, token);
      return (Array.isArray(answer) ? answer : answer?.items)?.[0];
    } catch (error) {
      if (!token.isCancellationRequested)
        this.output.warn(`Completion request failed: ${(error as Error).message}`);
      return undefined;
    } finally {
      listening.dispose();
    }
  }

  /** Reports that a suggestion was accepted. @param ids the arguments of its command */
  async accepted(ids: unknown[]): Promise<void> {
    if (!this.client?.isRunning()) return;
    await this.client.sendRequest(ExecuteCommandRequest.type, { command: ACCEPT_COMMAND, arguments: ids });
  }

  /** Reports which document the user has turned to. */
  async focused({ document, selection }: vscode.TextEditor): Promise<void> {
    const { client } = this;
    if (!client?.isRunning() || vscode.languages.match(DOCUMENT_SELECTOR, document) === 0) return;
    const { code2ProtocolConverter: converter } = client;
    await client.sendNotification(DidFocusNotification, {
      textDocument: { uri: converter.asUri(document.uri) },
      position: converter.asPosition(selection.active),
    });
  }

  /** Reports that the user trusts the workspace now. */
  async trustGranted(): Promise<void> {
    if (this.client?.isRunning())
      await this.client.sendNotification(DidChangeTrustNotification, { trusted: true });
  }

  /** Frees the model's memory; false when there was no model. */
  async freeMemory(): Promise<boolean> {
    return this.client?.isRunning() ? this.client.sendRequest(FreeMemoryRequest) : false;
  }

  /** What became of the last request, in Markdown; undefined without a server. */
  async explainLast(): Promise<string | undefined> {
    if (!this.client?.isRunning()) return undefined;
    return (await this.client.sendRequest(ExplainLastRequest)).markdown;
  }

  /** Builds a datastore. A server that goes away meanwhile is a problem like any other. */
  async rebuildDatastore(
    params: Omit<RebuildParams, "progressToken">,
    onReport: (report: BuildReport) => void,
    token: vscode.CancellationToken,
  ): Promise<RebuildResult> {
    const client = this.client;
    if (!client?.isRunning())
      return { problem: "The server does not run. Restart it: Foretoken: Restart Server." };
    const progressToken = `foretoken-build-${++this.requests}`;
    const listening = client.onProgress(BuildProgress, progressToken, onReport);
    try {
      return await client.sendRequest(RebuildDatastoreRequest, { ...params, progressToken }, token);
    } catch (error) {
      return {
        problem: token.isCancellationRequested ? "The build was cancelled." : (error as Error).message,
      };
    } finally {
      listening.dispose();
    }
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.restartTimer);
    inBackground(
      this.chain.then(() => this.stop()),
      "Stopping the server",
      this.output,
    );
    this.watcher.dispose();
    this.changed.dispose();
  }

  /** For `deactivate`: resolves when the process is gone. */
  async stopForGood(): Promise<void> {
    this.disposed = true;
    clearTimeout(this.restartTimer);
    await this.chain;
    await this.stop();
  }

  private async start(retryLoads: boolean): Promise<void> {
    this.setStatus({ state: "starting" });
    this.startedAt = Date.now();
    const initializationOptions: InitializationOptions = {
      settings: vscode.workspace.getConfiguration(SECTION),
      storageDirectory: this.storageDirectory,
      trusted: vscode.workspace.isTrusted,
      retryLoads,
      acceptCommand: ACCEPTED_COMMAND,
    };
    const client = new LanguageClient(SECTION, "Foretoken", async () => this.spawn(), {
      documentSelector: DOCUMENT_SELECTOR,
      initializationOptions,
      // Files that change outside of the editor: a branch switched, a tool run.
      synchronize: { fileEvents: this.watcher },
      outputChannel: this.output,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
      initializationFailedHandler: () => false,
      // The ghost text of this extension grows; the client's own provider could only show it whole.
      middleware: { provideInlineCompletionItems: () => undefined },
    });
    client.onNotification(StatusNotification, status => this.setStatus(status));
    this.client = client;
    try {
      await client.start();
      const { activeTextEditor } = vscode.window;
      if (activeTextEditor) await this.focused(activeTextEditor);
    } catch (error) {
      this.output.error(`The server did not start: ${(error as Error).message}`);
    }
  }

  private spawn(): ChildProcess {
    // The host's own binary runs as plain Node, so no Node needs to be installed.
    const { FORETOKEN_SERVER_INSPECT: port } = process.env;
    const inspect = port ? [`--inspect=127.0.0.1:${port}`] : [];
    const child = spawn(process.execPath, [...inspect, this.serverModule, "--stdio"], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: "1" },
      stdio: "pipe",
    });
    this.process = child;
    child.once("exit", (code, signal) => {
      if (this.process === child) this.crashed(signal ?? `exit code ${code}`);
    });
    return child;
  }

  private crashed(how: string): void {
    this.process = undefined;
    if (this.disposed) return;
    if (Date.now() - this.startedAt > HEALTHY_MS) {
      this.pauseMs = FIRST_PAUSE_MS;
      this.crashes = 0;
    }
    if (++this.crashes >= MAX_CRASHES) {
      this.giveUp(how);
      return;
    }
    const seconds = Math.round(this.pauseMs / 1000);
    this.output.error(`The server ended (${how}); starting it again in ${seconds} s.`);
    this.setStatus({
      state: "error",
      message: `The completion server ended (${how}).`,
      remedy: `It is started again in ${seconds} s. The log says more: Foretoken: Show Log.`,
    });
    clearTimeout(this.restartTimer);
    this.restartTimer = setTimeout(
      () => inBackground(this.startAgain(), "Starting the server", this.output),
      this.pauseMs,
    );
    this.pauseMs = Math.min(2 * this.pauseMs, LONGEST_PAUSE_MS);
  }

  /** The server is not started again by itself. */
  private giveUp(how: string): void {
    const message = `The completion server ended ${this.crashes} times in a row (${how}).`;
    this.output.error(message);
    this.setStatus({ state: "error", message, remedy: "Start it again: Foretoken: Restart Server." });
    const [restart, log] = ["Restart Server", "Show Log"];
    const answered = vscode.window
      .showErrorMessage(`Foretoken: ${message}`, restart, log)
      .then(async chosen => {
        if (chosen === log) this.output.show();
        if (chosen === restart) await this.restart(true);
      });
    inBackground(answered, "Starting the server", this.output);
  }

  private async stop(): Promise<void> {
    const { client, process: child } = this;
    this.client = undefined;
    this.process = undefined;
    try {
      if (client?.needsStop()) await client.stop(STOP_TIMEOUT_MS);
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

  private setStatus(status: Status): void {
    this.current = status;
    this.changed.fire(status);
  }
}
