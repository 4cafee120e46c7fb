/** A plain client of the server: it sends a request after each keystroke, and cancels the previous one. */
import {
  CancellationTokenSource,
  DidChangeTextDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  type InlineCompletionItem,
  type InlineCompletionParams,
  InlineCompletionRequest,
} from "vscode-languageserver-protocol/node";
import { InlineCompletionProgress } from "../../../server/protocol/index.ts";
import type { HeldOutFunction } from "./pythonFunctions.ts";
import type { ServerProcess } from "./serverProcess.ts";
import { cursorAfter, cutText, type Keyboard } from "./typing.ts";
import type { Stroke } from "./typist.ts";

const textOf = ({ insertText }: InlineCompletionItem) =>
  typeof insertText === "string" ? insertText : insertText.value;

export class PlainEditor implements Keyboard {
  private version = 1;
  private typed: string;
  private text = "";
  private asking = new CancellationTokenSource();
  private answered: Promise<void> = Promise.resolve();
  private requests = 0;

  /** Opens the place's file, and deletes the text that stands in place of the text to be typed. */
  constructor(
    private readonly server: ServerProcess,
    private readonly uri: string,
    private readonly place: HeldOutFunction,
    deleted = "",
  ) {
    this.typed = place.margin;
    const text = cutText({ ...place, after: deleted + place.after });
    const textDocument = { uri, languageId: "python", version: this.version, text };
    void server.connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
    if (deleted !== "") void this.replace(place.margin, place.margin + deleted, "");
  }

  async shown(): Promise<string> {
    return this.text;
  }

  async press(_stroke: Stroke, typed: string): Promise<void> {
    this.asking.cancel();
    let same = 0;
    while (same < typed.length && typed[same] === this.typed[same]) same++;
    const before = this.typed;
    this.typed = typed;
    await this.replace(typed.slice(0, same), before, typed.slice(same));
    this.answered = this.ask();
  }

  /** Replaces the text between two positions in the typed text, each given by all the text typed before it. */
  private replace(start: string, end: string, text: string): Promise<void> {
    const { server, uri, place } = this;
    const range = { start: cursorAfter(place, start), end: cursorAfter(place, end) };
    return server.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri, version: ++this.version },
      contentChanges: [{ range, text }],
    });
  }

  /** Resolves when the last request has been answered and the file is closed. */
  async close(): Promise<void> {
    await this.answered;
    const textDocument = { uri: this.uri };
    await this.server.connection.sendNotification(DidCloseTextDocumentNotification.type, { textDocument });
  }

  private async ask(): Promise<void> {
    const asking = new CancellationTokenSource();
    this.asking = asking;
    this.text = "";
    const take = (items: readonly InlineCompletionItem[]) => {
      if (this.asking === asking && items[0]) this.text = textOf(items[0]);
    };
    const partialResultToken = `${this.uri}-${++this.requests}`;
    const { connection } = this.server;
    const listening = connection.onProgress(InlineCompletionProgress, partialResultToken, take);
    const params: InlineCompletionParams & { partialResultToken: string } = {
      textDocument: { uri: this.uri },
      position: cursorAfter(this.place, this.typed),
      context: { triggerKind: 2 },
      partialResultToken,
    };
    try {
      const answer = await connection.sendRequest(InlineCompletionRequest.type, params, asking.token);
      take(Array.isArray(answer) ? answer : (answer?.items ?? []));
    } catch (error) {
      if (!asking.token.isCancellationRequested) throw error;
    } finally {
      listening.dispose();
    }
  }
}
