/** The status bar item: follows everything that it shows. A click opens the menu. */
import * as vscode from "vscode";
import { languageEnabled, readSettings, SECTION } from "../server/protocol/index.ts";
import type { Activity } from "./activity.ts";
import { Commands } from "./commands.ts";
import { DOCUMENT_SELECTOR } from "./documentSelector.ts";
import type { ServerStatus } from "./serverStatus.ts";
import type { Snooze } from "./snooze.ts";
import { type StatusView, statusText, statusTooltip } from "./statusText.ts";
import { cursorsOf } from "./whyNothing.ts";

interface StatusParts {
  readonly status: ServerStatus;
  readonly activity: Activity;
  readonly snooze: Pick<Snooze, "minutesLeft">;
}

export class StatusItem implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    "foretoken.status",
    vscode.StatusBarAlignment.Right,
    100,
  );
  private readonly subscriptions: vscode.Disposable[];
  private shown: StatusView | undefined;

  constructor(private readonly parts: StatusParts) {
    this.item.name = "Foretoken";
    this.item.command = Commands.menu;
    const refresh = () => this.refresh();
    this.subscriptions = [
      parts.status.onDidChange(refresh),
      parts.activity.onDidChange(refresh),
      vscode.window.onDidChangeActiveTextEditor(refresh),
      vscode.window.onDidChangeTextEditorSelection(() => {
        if (cursorsOf(vscode.window.activeTextEditor?.selections ?? []) !== this.shown?.cursors)
          this.refresh();
      }),
      // A change of language makes VS Code report another document in the same editor.
      vscode.workspace.onDidOpenTextDocument(document => {
        if (document === vscode.window.activeTextEditor?.document) this.refresh();
      }),
      vscode.workspace.onDidChangeConfiguration(refresh),
    ];
    this.refresh();
    this.item.show();
  }

  /** The facts to show now. */
  get view(): StatusView {
    const { status, activity, snooze } = this.parts;
    return {
      status: status.current,
      activity: activity.current,
      snoozedMinutes: snooze.minutesLeft,
      ...editorView(),
    };
  }

  refresh(): void {
    const { item, view } = this;
    this.shown = view;
    item.text = statusText(view);
    item.tooltip = statusTooltip(view);
    item.accessibilityInformation = { label: item.tooltip };
    item.backgroundColor =
      view.status.state === "error" ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.item.dispose();
  }
}

/** The user's current document, and what keeps it from being completed. */
function editorView(): Partial<StatusView> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return {};
  const { document } = editor;
  const { uri, languageId } = document;
  const { settings } = readSettings(vscode.workspace.getConfiguration(SECTION, document));
  const isOff = settings.enabled && !languageEnabled(settings, languageId);
  return {
    uri: uri.toString(),
    unofferedScheme: vscode.languages.match(DOCUMENT_SELECTOR, document) === 0 ? uri.scheme : undefined,
    languageId,
    languageOff: isOff ? languageId : undefined,
    cursors: cursorsOf(editor.selections),
  };
}
