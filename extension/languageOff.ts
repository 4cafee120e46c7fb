import * as vscode from "vscode";
import { languageEnabled, readSettings, SECTION } from "../server/protocol/index.ts";

/** The language of the document one is in, where completions are on but not in that language. */
export function languageOff(): string | undefined {
  const document = vscode.window.activeTextEditor?.document;
  if (!document) return undefined;
  const { settings } = readSettings(vscode.workspace.getConfiguration(SECTION, document));
  const isOff = settings.enabled && !languageEnabled(settings, document.languageId);
  return isOff ? document.languageId : undefined;
}
