/** Shows what became of the last completion in a document of its own, which cannot be edited. */
import * as vscode from "vscode";

const SCHEME = "foretoken-explanation";
const DOCUMENT = vscode.Uri.parse(`${SCHEME}:Last Completion.md`);
const WITHOUT_SERVER = "The server does not run. Restart it: Foretoken: Restart Server.\n";

/** What the view needs of the server. */
interface Explainer {
  explainLast(): Promise<string | undefined>;
}

export class ExplanationView implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration: vscode.Disposable;
  readonly onDidChange = this.changed.event;

  constructor(private readonly server: Explainer) {
    this.registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  async provideTextDocumentContent(): Promise<string> {
    return (await this.server.explainLast()) ?? WITHOUT_SERVER;
  }

  /** Opens the document; one that is open already is made anew. */
  async show(): Promise<void> {
    this.changed.fire(DOCUMENT);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(DOCUMENT));
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}
