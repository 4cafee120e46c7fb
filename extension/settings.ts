/** Writing Foretoken's settings. */
import * as vscode from "vscode";
import { SECTION } from "../server/protocol/index.ts";

/** Writes a setting where it is in force: a user setting would be overruled by the workspace's. */
export async function updateWhereInForce(name: string, value: unknown): Promise<void> {
  const configuration = vscode.workspace.getConfiguration(SECTION);
  const { workspaceFolderValue, workspaceValue } = configuration.inspect(name) ?? {};
  const target =
    workspaceFolderValue !== undefined
      ? vscode.ConfigurationTarget.WorkspaceFolder
      : workspaceValue !== undefined
        ? vscode.ConfigurationTarget.Workspace
        : vscode.ConfigurationTarget.Global;
  await configuration.update(name, value, target);
}
