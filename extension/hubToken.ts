/** The access token for the hub that models and data sets come from: asked for once, kept in VS Code's secret storage. */
import * as vscode from "vscode";

/** Problems that another access token of the hub may solve. */
const TOKEN_CODES = ["unauthorised", "gated"];

/** @param code of a problem, where it has one */
export const mayNeedToken = (code: string | undefined): boolean =>
  code !== undefined && TOKEN_CODES.includes(code);

const KEY = "foretoken.hubToken";

/**
 * The token to download with: "" if the user leaves it to `HF_TOKEN` or has none, undefined if the user has
 * cancelled.
 */
export async function hubToken(secrets: vscode.SecretStorage): Promise<string | undefined> {
  const kept = await secrets.get(KEY);
  if (kept) return kept;
  const given = await vscode.window.showInputBox({
    title: "Access Token of huggingface.co",
    prompt:
      "A token with read access, from your account's settings. It is kept in this machine's secret storage and sent to the hub alone. Leave it empty to use the variable HF_TOKEN.",
    password: true,
    ignoreFocusOut: true,
  });
  if (given?.trim()) await secrets.store(KEY, given.trim());
  return given?.trim();
}

/** Forgets the token, so that the next download asks for one. */
export async function forgetHubToken(secrets: vscode.SecretStorage): Promise<void> {
  await secrets.delete(KEY);
}
