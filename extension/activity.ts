/** Long-running work that the status bar shows while it goes on. */
import * as vscode from "vscode";

interface Ongoing {
  readonly text: string;
  /** 0 to 1; undefined where it is not known. */
  readonly done: number | undefined;
}

export class Activity implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private ongoing: Ongoing | undefined;
  readonly onDidChange = this.changed.event;

  get current(): Ongoing | undefined {
    return this.ongoing;
  }

  /** @param ongoing undefined where it has ended */
  show(ongoing: Ongoing | undefined): void {
    this.ongoing = ongoing;
    this.changed.fire();
  }

  dispose(): void {
    this.changed.dispose();
  }
}
