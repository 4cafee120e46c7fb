/** Records what becomes of requests and suggestions in the history; suggestions are followed in the editor first. */
import * as vscode from "vscode";
import type { EndedRequest } from "../server/protocol/index.ts";
import type { CompletionHistory } from "./completionHistory.ts";
import { type EventLog, joined, type TextChange } from "./figures/index.ts";
import type { SuggestionObserver } from "./ghostText.ts";
import { requestEvent } from "./requestTimes.ts";
import { SuggestionWatch } from "./suggestionWatch.ts";

export class CompletionRecords implements SuggestionObserver, vscode.Disposable {
  private readonly watch: SuggestionWatch;
  private readonly closing: vscode.Disposable;

  /** @param changed is called when something was added */
  constructor(
    private readonly history: CompletionHistory,
    private readonly changed: () => void,
  ) {
    this.watch = new SuggestionWatch(event => {
      history.addSuggestion(event);
      changed();
    });
    this.closing = vscode.workspace.onDidCloseTextDocument(({ uri }) => this.watch.closed(uri.toString()));
  }

  answered(ended: EndedRequest, keyToSightMs: number | undefined): void {
    const event = requestEvent(ended, keyToSightMs, Date.now());
    if (!event) return;
    this.history.addRequest(event);
    this.changed();
  }

  shown(uri: string, length: number): void {
    this.watch.shown(uri, length);
  }

  accepted(start: number, text: string): void {
    this.watch.accepted(start, text);
  }

  left(): void {
    this.watch.left();
  }

  edited(uri: string, changes: readonly TextChange[]): void {
    this.watch.edited(uri, changes);
  }

  /** All that is remembered, including the present state of suggestions that are still followed. */
  read(): EventLog {
    return joined(this.history.read(), { requests: [], suggestions: this.watch.pending() });
  }

  /** Forgets everything. Throws where the file cannot be written. */
  clear(): void {
    this.history.clear();
    this.watch.forget();
  }

  dispose(): void {
    this.closing.dispose();
    this.watch.end();
    this.history.save();
  }
}
