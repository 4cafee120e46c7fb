/** The dashboard: a page that shows the costs and gains of completions. Everything stays on the machine. */
import { homedir } from "node:os";
import * as vscode from "vscode";
import type { DashboardFigures } from "../server/protocol/index.ts";
import { inBackground, messageOf } from "./background.ts";
import { Commands } from "./commands.ts";
import {
  type EventLog,
  exported,
  NO_SERVER,
  type PageAction,
  type PageMessage,
  type ShowMessage,
  summarize,
} from "./figures/index.ts";

const VIEW_TYPE = "foretoken.dashboard";
/** Time between two updates while the history grows. */
const REFRESH_MS = 2_000;
/** Time between two updates for changes without events: an index being read, a machine being measured. */
const LOOK_MS = 10_000;

interface DashboardDependencies {
  /** Folder of the page's script and style. */
  readonly pageFolder: vscode.Uri;
  /** What is remembered of completions. */
  events(): EventLog;
  /** Forgets it. */
  clear(): void;
  /** What the server knows; undefined without a server. */
  figures(): Promise<DashboardFigures | undefined>;
  /** False if there is nothing to index, undefined without a server. */
  reindex(): Promise<boolean | undefined>;
  readonly output: vscode.LogOutputChannel;
}

export class DashboardView implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private refreshTimer: NodeJS.Timeout | undefined;
  /** Milliseconds since 1970: when what is shown next was asked for. */
  private askedAt = 0;
  /** The content shown first, gathered before the page is loaded. */
  private first: Promise<Pick<ShowMessage, "summary" | "server">> | undefined;

  constructor(private readonly parts: DashboardDependencies) {}

  /** Opens the dashboard, or brings it to the front. */
  show(): void {
    if (this.panel) {
      this.panel.reveal();
      return;
    }
    this.askedAt = Date.now();
    // While VS Code makes the page.
    this.first = this.figures();
    this.first.catch(() => {}); // Whoever sends it says what is wrong.
    const { pageFolder } = this.parts;
    const panel = vscode.window.createWebviewPanel(
      VIEW_TYPE,
      "Foretoken Dashboard",
      vscode.ViewColumn.Active,
      { enableScripts: true, localResourceRoots: [pageFolder] },
    );
    this.panel = panel;
    const looking = setInterval(() => this.refreshSoon(), LOOK_MS);
    panel.onDidDispose(() => {
      this.panel = undefined;
      clearInterval(looking);
      clearTimeout(this.refreshTimer);
      this.refreshTimer = undefined;
    });
    panel.webview.onDidReceiveMessage((message: PageMessage) => this.received(message));
    panel.webview.html = pageOf(panel.webview, pageFolder);
  }

  /** Updates the page a little later, if the dashboard is visible. */
  refreshSoon(): void {
    if (!this.panel?.visible) return;
    this.refreshTimer ??= setTimeout(() => {
      this.refreshTimer = undefined;
      this.askedAt = Date.now();
      this.refresh();
    }, REFRESH_MS);
  }

  dispose(): void {
    this.panel?.dispose();
  }

  private refresh(): void {
    inBackground(this.send(), "Showing the dashboard", this.parts.output);
  }

  private async send(): Promise<void> {
    const first = this.first;
    // Only the first page shows it: a later one, or one after a failure, gathers anew.
    this.first = undefined;
    const figures = await (first ?? this.figures());
    const message: ShowMessage = { type: "show", ...figures, now: Date.now(), askedAt: this.askedAt };
    await this.panel?.webview.postMessage(message);
  }

  private async figures(): Promise<Pick<ShowMessage, "summary" | "server">> {
    const asked = this.serverFigures();
    const summary = summarize(this.parts.events());
    return { summary, server: await asked };
  }

  /** What the server knows. One that ends while it is asked counts as not running. */
  private serverFigures(): Promise<DashboardFigures | undefined> {
    return this.parts.figures().catch(() => undefined);
  }

  private received(message: PageMessage): void {
    if (message.type === "ready") this.refresh();
    else if (message.type === "drawn")
      this.parts.output.debug(`The dashboard was drawn ${message.ms} ms after it was asked for.`);
    else inBackground(this.act(message.action), "The dashboard", this.parts.output);
  }

  private async act(action: PageAction): Promise<void> {
    if (action === "export") await this.export();
    else if (action === "clear") await this.clear();
    else if (action === "rebuild") await vscode.commands.executeCommand(Commands.rebuildDatastore);
    else await this.reindex();
    this.refreshSoon();
  }

  private async reindex(): Promise<void> {
    const isIndexed = await this.parts.reindex();
    if (isIndexed) return;
    const problem =
      isIndexed === undefined
        ? `${NO_SERVER.message} ${NO_SERVER.remedy}`
        : 'The workspace is not indexed: that takes an open folder, a loaded model, and "foretoken.workspaceIndex" on.';
    await vscode.window.showInformationMessage(`Foretoken: ${problem}`);
  }

  private async export(): Promise<void> {
    const target = await vscode.window.showSaveDialog({
      title: "Export the Dashboard",
      defaultUri: vscode.Uri.joinPath(
        vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir()),
        "foretoken-dashboard.json",
      ),
      filters: { JSON: ["json"] },
    });
    if (!target) return;
    try {
      const content = exported(this.parts.events(), await this.serverFigures());
      const text = `${JSON.stringify(content, null, 2)}\n`;
      await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
    } catch (error) {
      const remedy = "Choose another place.";
      await vscode.window.showErrorMessage(
        `Foretoken: ${target.fsPath} cannot be written: ${messageOf(error)}. ${remedy}`,
      );
    }
  }

  private async clear(): Promise<void> {
    const clear = "Clear";
    const chosen = await vscode.window.showWarningMessage(
      "Delete all figures about past completions? Models, datastores and what drafting has learned are kept.",
      { modal: true },
      clear,
    );
    if (chosen !== clear) return;
    try {
      this.parts.clear();
    } catch (error) {
      await vscode.window.showErrorMessage(
        `Foretoken: the figures cannot be cleared: ${messageOf(error)}. Check that the file can be written.`,
      );
    }
  }
}

/** The page without its figures. Nothing but the bundled script and style is let in. */
function pageOf(webview: vscode.Webview, folder: vscode.Uri): string {
  const address = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(folder, name));
  const policy = `default-src 'none'; script-src ${webview.cspSource}; style-src ${webview.cspSource};`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${address("dashboard.css")}">
<title>Foretoken Dashboard</title>
</head>
<body>
<main id="page" aria-busy="true"><p>Reading the figures...</p></main>
<script src="${address("dashboard.js")}"></script>
</body>
</html>`;
}
