/** The state that the server reports of itself, or that the extension reports of a server that is gone. */
import * as vscode from "vscode";
import type { Status } from "../server/protocol/index.ts";

export class ServerStatus implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Status>();
  private last: Status = { state: "starting" };
  readonly onDidChange = this.changed.event;

  get current(): Status {
    return this.last;
  }

  set(status: Status): void {
    this.last = status;
    this.changed.fire(status);
  }

  dispose(): void {
    this.changed.dispose();
  }
}
