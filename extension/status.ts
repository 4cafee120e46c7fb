/** The status bar item: state, last latency, acceptance of drafts; the tooltip says the rest. */
import * as vscode from "vscode";
import type { Status } from "../server/protocol/index.ts";
import { Commands } from "./commands.ts";
import { statusText, statusTooltip } from "./statusText.ts";

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    "foretoken.status",
    vscode.StatusBarAlignment.Right,
    100,
  );

  constructor() {
    this.item.name = "Foretoken";
    this.show({ state: "starting" });
    this.item.show();
  }

  /** @param languageOff the language of the document one is in, if it alone is off */
  show(status: Status, languageOff?: string): void {
    this.item.text = statusText(status, languageOff);
    this.item.tooltip = statusTooltip(status, languageOff);
    this.item.accessibilityInformation = { label: statusTooltip(status, languageOff) };
    this.item.command = status.state === "error" ? Commands.showLog : Commands.toggle;
    this.item.backgroundColor =
      status.state === "error" ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
  }

  dispose(): void {
    this.item.dispose();
  }
}
