/** A document in which a simulated user types: its lines are typed again, at places that change from time to time. */
import {
  CancellationTokenSource,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExecuteCommandRequest,
  type InlineCompletionItem,
  InlineCompletionRequest,
  InlineCompletionTriggerKind,
  type ProtocolConnection,
} from "vscode-languageserver-protocol/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { DidFocusNotification } from "../../server/protocol/index.ts";

interface Shown {
  readonly item: InlineCompletionItem;
  readonly version: number;
}

export class TypedDocument {
  private offset = 0;
  /** The text still to be typed. */
  private rest = "";
  private shown: Shown | undefined;
  private asked: CancellationTokenSource | undefined;
  /** Number of characters inserted last, for undo. */
  private last = 0;

  private constructor(
    private readonly connection: ProtocolConnection,
    private document: TextDocument,
  ) {}

  static async open(connection: ProtocolConnection, uri: string, text: string): Promise<TypedDocument> {
    const textDocument = { uri, languageId: "python", version: 1, text };
    await connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
    return new TypedDocument(connection, TextDocument.create(uri, "python", 1, text));
  }

  /** Switches to a place and deletes lines there, which are typed again. @param share relative position, 0 to 1 */
  async focus(share: number): Promise<void> {
    this.asked?.cancel();
    const text = this.document.getText();
    const start = text.indexOf("\n", Math.floor(share * text.length * 0.9)) + 1;
    // The line end stays: the cursor's line has no text after the cursor.
    const found = text.indexOf("\n", start + 400);
    const end = found < 0 ? text.length : found;
    this.offset = start;
    this.rest = text.slice(start, end);
    await this.connection.sendNotification(DidFocusNotification, {
      textDocument: { uri: this.document.uri },
      position: this.document.positionAt(start),
    });
    await this.replace(start, end, "");
  }

  async type(): Promise<void> {
    const key = this.rest[0] ?? "\n";
    this.rest = this.rest.slice(1);
    await this.replace(this.offset, this.offset, key);
  }

  /** Undoes the last insertion. */
  undo(): Promise<void> {
    return this.replace(this.offset - this.last, this.offset, "");
  }

  /** Accepts the suggestion. Resolves to false if there is none. */
  async accept(): Promise<boolean> {
    const { shown } = this;
    const text = shown?.item.insertText;
    if (!shown || shown.version !== this.document.version || typeof text !== "string") return false;
    await this.replace(this.offset, this.offset, text);
    const { command } = shown.item;
    if (command)
      await this.connection.sendRequest(ExecuteCommandRequest.type, {
        command: command.command,
        ...(command.arguments && { arguments: command.arguments }),
      });
    return true;
  }

  /** Requests a completion in place of the previous request. Resolves to whether there is one. */
  async ask(): Promise<boolean> {
    this.asked?.cancel();
    const asked = new CancellationTokenSource();
    this.asked = asked;
    const { uri, version } = this.document;
    const params = {
      textDocument: { uri },
      position: this.document.positionAt(this.offset),
      context: { triggerKind: InlineCompletionTriggerKind.Automatic },
    };
    try {
      const answer = await this.connection.sendRequest(InlineCompletionRequest.type, params, asked.token);
      const [item] = Array.isArray(answer) ? answer : (answer?.items ?? []);
      if (item) this.shown = { item, version };
      return item !== undefined;
    } catch {
      return false; // It was cancelled.
    }
  }

  private async replace(start: number, end: number, text: string): Promise<void> {
    const range = { start: this.document.positionAt(start), end: this.document.positionAt(end) };
    const version = this.document.version + 1;
    const contentChanges = [{ range, text }];
    this.document = TextDocument.update(this.document, contentChanges, version);
    this.offset = start + text.length;
    this.last = text.length;
    await this.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri: this.document.uri, version },
      contentChanges,
    });
  }
}
