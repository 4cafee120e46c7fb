import * as vscode from "vscode";

/** The text of something that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Runs work that nobody waits for; if it fails, the reason goes to `output` or, if that is absent, to an error message. */
export function inBackground(work: Thenable<unknown>, what: string, output?: vscode.LogOutputChannel): void {
  work.then(undefined, (error: unknown) => {
    const message = `${what} failed: ${messageOf(error)}`;
    if (output) output.error(message);
    else vscode.window.showErrorMessage(`Foretoken: ${message}`).then(undefined, () => {});
  });
}
