/** Work that takes long, in a notification that counts up and can be cancelled. */
import * as vscode from "vscode";
import type { Activity } from "./activity.ts";

/** Shows a message, and a share from 0 to 1 that never decreases; absent: unchanged. */
type Show = (message: string, done?: number) => void;

/** @param activity where the status bar reads it */
export async function withPercent<T>(
  title: string,
  activity: Activity,
  work: (show: Show, token: vscode.CancellationToken) => Promise<T>,
): Promise<T> {
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  const ended = vscode.window.withProgress(options, (progress, token) => {
    let shown = 0;
    const show: Show = (message, done) => {
      const percent = 100 * (done ?? 0);
      progress.report({ message, increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
      activity.show(options, { text: `${title}: ${message}`, done });
    };
    return work(show, token);
  });
  try {
    return await ended;
  } finally {
    activity.show(options, undefined);
  }
}
