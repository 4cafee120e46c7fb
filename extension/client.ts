/**
 * Owns the server: starts it, and restarts it after a crash with growing pauses. At most one start or stop is under way at
 * a time.
 */
import * as vscode from "vscode";
import { inBackground, messageOf } from "./background.ts";
import { Commands, TITLES } from "./commands.ts";
import { ServerConnection, type ServerPaths } from "./connection.ts";
import { Crashes } from "./crashes.ts";
import { ServerRequests } from "./requests.ts";
import { ServerStatus } from "./serverStatus.ts";

export class ServerClient implements vscode.Disposable {
  readonly status = new ServerStatus();
  readonly requests: ServerRequests;
  private connection: ServerConnection | undefined;
  /** Starts and stops, one after the other. */
  private chain: Promise<void> = Promise.resolve();
  private restartTimer: NodeJS.Timeout | undefined;
  private disposed = false;
  private readonly crashes = new Crashes();

  constructor(
    private readonly paths: ServerPaths,
    private readonly output: vscode.LogOutputChannel,
  ) {
    this.requests = new ServerRequests(() => this.connection?.running, output);
  }

  /** The server's process; undefined while there is none. */
  get pid(): number | undefined {
    return this.connection?.pid;
  }

  /**
   * Starts the server, or stops and starts it again.
   * @param retryLoads whether models and back ends that have ended the server are tried once more
   */
  restart(retryLoads = false): Promise<void> {
    this.crashes.reset();
    return this.startAgain(retryLoads);
  }

  dispose(): void {
    inBackground(this.stopForGood(), "Stopping the server", this.output);
    this.status.dispose();
  }

  /** For `deactivate`: resolves when the process is gone. */
  async stopForGood(): Promise<void> {
    this.disposed = true;
    clearTimeout(this.restartTimer);
    this.connection?.giveUpStart();
    await this.chain;
    await this.stop();
  }

  private startAgain(retryLoads = false): Promise<void> {
    this.connection?.giveUpStart();
    this.chain = this.chain.then(async () => {
      await this.stop();
      clearTimeout(this.restartTimer);
      if (!this.disposed) await this.start(retryLoads);
    });
    return this.chain;
  }

  private async start(retryLoads: boolean): Promise<void> {
    const { paths, output, status } = this;
    status.set({ state: "starting" });
    this.crashes.started(performance.now());
    const connection = new ServerConnection({
      ...paths,
      retryLoads,
      output,
      onStatus: reported => status.set(reported),
      onRequestEnded: ended => this.requests.requestEnded(ended),
      onCrash: how => this.crashed(how),
    });
    this.connection = connection;
    try {
      await connection.start();
    } catch (error) {
      this.notStarted(connection, messageOf(error));
      return;
    }
    try {
      // Trust may have been granted while the connection was being made, when the server could not be told.
      if (vscode.workspace.isTrusted) await this.requests.trustGranted();
      const { activeTextEditor } = vscode.window;
      if (activeTextEditor) await this.requests.focused(activeTextEditor);
    } catch (error) {
      output.error(`The server could not be told the editor's state: ${messageOf(error)}`);
    }
  }

  private notStarted(connection: ServerConnection, why: string): void {
    this.output.error(`The server did not start: ${why}`);
    // A process that is gone was given up, or is reported as a crash.
    if (connection.pid === undefined) return;
    this.status.set({
      state: "error",
      message: `The completion server did not start (${why}).`,
      remedy: "Start it again: Foretoken: Restart Server. The log says more: Foretoken: Show Log.",
    });
  }

  private async stop(): Promise<void> {
    const { connection } = this;
    this.connection = undefined;
    await connection?.stop();
  }

  private crashed(how: string): void {
    if (this.disposed) return;
    const pauseMs = this.crashes.crashed(performance.now());
    if (pauseMs === undefined) {
      this.giveUp(how);
      return;
    }
    const seconds = Math.round(pauseMs / 1000);
    this.output.error(`The server ended (${how}); starting it again in ${seconds} s.`);
    this.status.set({
      state: "error",
      message: `The completion server ended (${how}).`,
      remedy: `It is started again in ${seconds} s. The log says more: Foretoken: Show Log.`,
    });
    clearTimeout(this.restartTimer);
    this.restartTimer = setTimeout(
      () => inBackground(this.startAgain(), "Starting the server", this.output),
      pauseMs,
    );
  }

  /** Gives up: the server is not started again automatically. */
  private giveUp(how: string): void {
    const message = `The completion server ended ${this.crashes.count} times in a row (${how}).`;
    this.output.error(message);
    this.status.set({ state: "error", message, remedy: "Start it again: Foretoken: Restart Server." });
    const [restart, log] = [TITLES[Commands.restartServer], TITLES[Commands.showLog]];
    const answered = vscode.window
      .showErrorMessage(`Foretoken: ${message}`, restart, log)
      .then(async chosen => {
        if (chosen === log) this.output.show();
        if (chosen === restart) await this.restart(true);
      });
    inBackground(answered, "Starting the server", this.output);
  }
}
