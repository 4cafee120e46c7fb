import * as vscode from "vscode";

/** Takes care of work that nobody waits for: what makes it fail is written to the extension host's log. */
export function inBackground(work: Thenable<unknown>, what: string, output?: vscode.LogOutputChannel): void {
  work.then(undefined, (error: unknown) => {
    const message = `${what} failed: ${error instanceof Error ? error.message : error}`;
    if (output) output.error(message);
    else vscode.window.showErrorMessage(`Foretoken: ${message}`).then(undefined, () => {});
  });
}
