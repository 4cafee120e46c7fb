/** Shows the outcome of the last completion in a separate, read-only document. */
import * as vscode from "vscode";
import { NO_SERVER } from "./figures/index.ts";

const SCHEME = "foretoken-explanation";
const DOCUMENT = vscode.Uri.parse(`${SCHEME}:Last Completion.md`);
const WITHOUT_SERVER = `${NO_SERVER.message} ${NO_SERVER.remedy}\n`;

/** What the view needs of the extension. */
interface Explainer {
  /** What the server says of the last request; undefined without a server. */
  explainLast(): Promise<string | undefined>;
  /** Why the server is not asked at the current place, in a sentence; undefined if it is asked. */
  unasked(): string | undefined;
}

export class ExplanationView implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration: vscode.Disposable;
  readonly onDidChange = this.changed.event;

  /** As of the moment before the explanation was opened, which is the active document now. */
  private reason: string | undefined;

  constructor(private readonly parts: Explainer) {
    this.registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  async provideTextDocumentContent(): Promise<string> {
    const { reason } = this;
    const last = (await this.parts.explainLast()) ?? WITHOUT_SERVER;
    return reason === undefined ? last : `${reason} The server was therefore not asked.\n\n${last}`;
  }

  /** Opens the document, or updates it if it is open already. */
  async show(): Promise<void> {
    // Asked for again from the document itself, it is about the same place.
    if (vscode.window.activeTextEditor?.document.uri.scheme !== SCHEME) this.reason = this.parts.unasked();
    this.changed.fire(DOCUMENT);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(DOCUMENT));
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}
