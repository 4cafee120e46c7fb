/** Access tokens of the hubs that models and data sets come from: asked for once, kept in VS Code's secret storage. */
import * as vscode from "vscode";
import { readSettings, SECTION } from "../server/protocol/index.ts";

/** Problems that another access token of the hub may solve. */
const TOKEN_CODES = ["unauthorised", "gated"];

/** @param code of a problem, where it has one */
export const mayNeedToken = (code: string | undefined): boolean =>
  code !== undefined && TOKEN_CODES.includes(code);

const KEY = "foretoken.hubToken";
const PUBLIC_HOST = "huggingface.co";

/** Where the token of a hub is kept. Each hub has its own: a mirror is never sent the token of another. */
interface TokenPlace {
  readonly key: string;
  /** The hub's name, for the user. */
  readonly host: string;
}

/**
 * @param setting of the hub's address, "foretoken.hub"; "" where there is none
 * @param variable HF_ENDPOINT, which counts without a setting
 */
export function tokenPlace(setting: string, variable = process.env.HF_ENDPOINT): TokenPlace {
  const address = setting || variable;
  if (!address || !URL.canParse(address)) return { key: KEY, host: PUBLIC_HOST };
  const { origin, host } = new URL(address);
  return { key: origin === `https://${PUBLIC_HOST}` ? KEY : `${KEY} ${origin}`, host };
}

const presentPlace = () =>
  tokenPlace(readSettings(vscode.workspace.getConfiguration(SECTION)).settings.hub.trim());

/**
 * The token to download with: "" if the user leaves it to `HF_TOKEN` or has none, undefined if the user has
 * cancelled.
 */
export async function hubToken(secrets: vscode.SecretStorage): Promise<string | undefined> {
  const { key, host } = presentPlace();
  const kept = await secrets.get(key);
  if (kept) return kept;
  const given = await vscode.window.showInputBox({
    title: `Access Token of ${host}`,
    prompt:
      "A token with read access, from your account's settings. It is kept in this machine's secret storage and sent only to the hub. Leave it empty to use the variable HF_TOKEN.",
    password: true,
    ignoreFocusOut: true,
  });
  if (given?.trim()) await secrets.store(key, given.trim());
  return given?.trim();
}

/** Forgets the token, so that the next download asks for one. */
export async function forgetHubToken(secrets: vscode.SecretStorage): Promise<void> {
  await secrets.delete(presentPlace().key);
}
