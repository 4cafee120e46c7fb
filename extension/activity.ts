/** Long-running work that the status bar shows while it goes on. */
import * as vscode from "vscode";

interface Ongoing {
  readonly text: string;
  /** 0 to 1; undefined where it is not known. */
  readonly done: number | undefined;
}

export class Activity implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  /** By work, in the order in which works began; the last one is shown. */
  private readonly ongoing = new Map<object, Ongoing>();
  readonly onDidChange = this.changed.event;

  get current(): Ongoing | undefined {
    return [...this.ongoing.values()].at(-1);
  }

  /** @param work identifies it: several works may be under way at once @param ongoing undefined if it has ended */
  show(work: object, ongoing: Ongoing | undefined): void {
    if (ongoing) this.ongoing.set(work, ongoing);
    else this.ongoing.delete(work);
    this.changed.fire();
  }

  dispose(): void {
    this.changed.dispose();
  }
}
