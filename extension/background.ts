import * as vscode from "vscode";

/** What is known of something that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Takes care of work that nobody waits for: what makes it fail is written to the extension host's log. */
export function inBackground(work: Thenable<unknown>, what: string, output?: vscode.LogOutputChannel): void {
  work.then(undefined, (error: unknown) => {
    const message = `${what} failed: ${messageOf(error)}`;
    if (output) output.error(message);
    else vscode.window.showErrorMessage(`Foretoken: ${message}`).then(undefined, () => {});
  });
}
