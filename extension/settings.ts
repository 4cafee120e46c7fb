/** Writing Foretoken's settings. */
import * as vscode from "vscode";
import { languageEnabled, readSettings, SECTION } from "../server/protocol/index.ts";

/** Where a setting is in force: the scope whose value overrules the others', and that value. */
function inForce(name: string): { target: vscode.ConfigurationTarget; value: unknown } {
  const { workspaceFolderValue, workspaceValue, globalValue } =
    vscode.workspace.getConfiguration(SECTION).inspect(name) ?? {};
  if (workspaceFolderValue !== undefined)
    return { target: vscode.ConfigurationTarget.WorkspaceFolder, value: workspaceFolderValue };
  if (workspaceValue !== undefined)
    return { target: vscode.ConfigurationTarget.Workspace, value: workspaceValue };
  return { target: vscode.ConfigurationTarget.Global, value: globalValue };
}

/** Writes a setting where it is in force: a user setting would be overruled by the workspace's. */
export async function updateWhereInForce(name: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration(SECTION).update(name, value, inForce(name).target);
}

/** Turns completions on or off. */
export async function toggle(): Promise<void> {
  await updateWhereInForce("enabled", !vscode.workspace.getConfiguration(SECTION).get("enabled"));
}

/** Turns completions on or off in a language. Other entries for languages in that scope stay. */
export async function toggleLanguage(languageId: string): Promise<void> {
  const { settings } = readSettings(vscode.workspace.getConfiguration(SECTION));
  const isOn = languageEnabled({ ...settings, enabled: true }, languageId);
  const written = inForce("languages").value;
  const others = typeof written === "object" ? written : {};
  await updateWhereInForce("languages", { ...others, [languageId]: !isOn });
}
