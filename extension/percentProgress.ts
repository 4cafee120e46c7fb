/** Work that takes long, in a notification that counts up and can be cancelled. */
import * as vscode from "vscode";

/** Shows a message, and a share of 0 to 1 that never goes back; absent is as far as before. */
type Show = (message: string, done?: number) => void;

export function withPercent<T>(
  title: string,
  work: (show: Show, token: vscode.CancellationToken) => Promise<T>,
): Thenable<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, (progress, token) => {
    let shown = 0;
    const show: Show = (message, done = 0) => {
      const percent = 100 * done;
      progress.report({ message, increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
    };
    return work(show, token);
  });
}
