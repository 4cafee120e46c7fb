/**
 * Ghost text that grows while the server computes, through the stable API alone.
 *
 * VS Code treats a second request at the same place as already answered, unless the set of providers has changed. So each
 * growth registers the provider again and triggers it by its id. Nothing vanishes in between, and the shown text is only ever
 * extended. A completion outlives the request that started it: while the user types its text, requests are answered from
 * memory; on divergence it is cancelled at once.
 */
import { setTimeout as sleep } from "node:timers/promises";
import * as vscode from "vscode";
import type { Command, InlineCompletionItem } from "vscode-languageclient/node";
import { type EndedRequest, replacedNow, restFits, typedPart } from "../server/protocol/index.ts";
import { inBackground } from "./background.ts";
import type { ServerClient } from "./client.ts";
import { GROWING_CONTEXT } from "./commands.ts";
import { DOCUMENT_SELECTOR } from "./documentSelector.ts";
import type { TextChange } from "./figures/index.ts";
import { holdBackMs } from "./holdBack.ts";
import { LiveText } from "./liveText.ts";
import type { CompletionQuery } from "./requests.ts";
import type { Snooze } from "./snooze.ts";
import { cursorsOf } from "./whyNothing.ts";

/** Texts that arrive closer together are shown as one: two or three frames for a first text VS Code no longer waits for. */
const FIRST_MS = 40;
/** Drawing more text takes VS Code a tenth of a second, in which the model has less processor time. */
const GROWTH_MS = 150;
/** A request so long after the last edit is not caused by its key. */
const MOST_DELAY_MS = 1_000;

/** A completion that is being computed, or whose text is still good. */
interface Live {
  readonly text: LiveText;
  /** The rest of the line after the cursor where it was asked for. */
  readonly rest: string;
  /** UTF-16 units of the rest of the line that the text replaces. */
  replaced: number;
  /** The entry of the suggestion list that the text begins with; else empty. */
  readonly selected: string;
  /** Whether the user has asked for it: then the server holds nothing back. */
  readonly explicit: boolean;
  /** The command to run once it is accepted. */
  accepted: Command | undefined;
  readonly cancel: vscode.CancellationTokenSource;
  /** VS Code's requests that wait for its text. */
  readonly waiting: Set<vscode.CancellationToken>;
  /** By `performance.now()`: when the key that it answers was pressed, and when its first text was given to VS Code. */
  readonly keyMs: number;
  shownMs: number | undefined;
  ended: EndedRequest | undefined;
  /** Offset up to which the document has agreed with the text. */
  reached: number;
  /** Offset up to which the last edit agrees with it: text before it does not belong to the rest of the line. */
  edited: number;
}

/** Is told what becomes of suggestions. */
export interface SuggestionObserver {
  /** How a request ended. @param keyToSightMs from the key to the first text; undefined where there was none */
  answered(ended: EndedRequest, keyToSightMs: number | undefined): void;
  /** A suggestion is on the screen, or has grown. @param length of its text, in UTF-16 units */
  shown(uri: string, length: number): void;
  /** A part of it, or the rest, was accepted; `edited` has been called with the change. */
  accepted(start: number, text: string): void;
  /** It is no longer on the screen. */
  left(): void;
  edited(uri: string, changes: readonly TextChange[]): void;
}

export class GhostText implements vscode.InlineCompletionItemProvider, vscode.Disposable {
  private live: Live | undefined;
  private registration: vscode.Disposable;
  private refreshTimer: NodeJS.Timeout | undefined;
  /** By `performance.now()`. */
  private editedMs = Number.NEGATIVE_INFINITY;
  private readonly subscriptions: vscode.Disposable[];

  /** @param extensionId publisher and name, from which VS Code composes provider ids */
  constructor(
    private readonly client: ServerClient,
    private readonly extensionId: string,
    private readonly snooze: Pick<Snooze, "isOn">,
    private readonly observer: SuggestionObserver,
  ) {
    this.registration = this.register();
    this.subscriptions = [
      vscode.workspace.onDidChangeTextDocument(event => this.documentChanged(event)),
      vscode.window.onDidChangeTextEditorSelection(event => this.selectionChanged(event)),
      vscode.window.onDidChangeActiveTextEditor(() => this.stop()),
    ];
  }

  async provideInlineCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionItem[] | undefined> {
    if (this.client.status.current.state === "off") return undefined;
    if (cursorsOf(vscode.window.activeTextEditor?.selections ?? []) !== undefined) return undefined;
    const explicit = context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke;
    const selected = continued(context.selectedCompletionInfo, document, position);
    const query: CompletionQuery = { document, position, explicit, selected };
    let present = this.liveAt(query);
    for (;;) {
      if (!present && !explicit && this.snooze.isOn) return undefined;
      const live = present ?? this.start(query);
      const { text } = live;
      const typed = this.typedSince(live, document, document.offsetAt(position)) ?? "";
      // Typing may have run ahead of the model: wait until it has something to add, or continues differently.
      live.waiting.add(token);
      while (!text.remainder(typed) && text.agrees(typed) && !text.done) await text.change();
      const holdMs = holdBackMs(this.client.status.current.last);
      if (!text.done && holdMs > 0) await Promise.race([text.whole(), sleep(holdMs)]);
      live.waiting.delete(token);
      if (token.isCancellationRequested || this.live !== live) return undefined;
      if (text.remainder(typed)) {
        this.handedOver(live, document);
        return [itemAt(live, document, position, typed)];
      }
      // A text that was begun elsewhere may say nothing of this place; this request's own is asked for once.
      if (!present || !text.isOver(typed)) return undefined;
      present = undefined;
    }
  }

  /** Ends the live completion: nothing is computed for it any more. */
  stop(): void {
    const { live } = this;
    if (!live) return;
    this.live = undefined;
    this.observer.left();
    clearTimeout(this.refreshTimer);
    this.refreshTimer = undefined;
    live.cancel.cancel();
    live.cancel.dispose();
    live.text.finish();
    this.setGrowing(false);
  }

  dispose(): void {
    this.stop();
    this.registration.dispose();
    for (const subscription of this.subscriptions) subscription.dispose();
  }

  /** The live completion, if it adds something at this place, and to the selected entry. */
  private liveAt({ document, position, selected, explicit }: CompletionQuery): Live | undefined {
    const { live } = this;
    if (live && explicit && !live.explicit && live.text.text === "") return undefined;
    if (!live || live.text.uri !== document.uri.toString()) return undefined;
    const offset = document.offsetAt(position);
    const typed = this.typedSince(live, document, offset);
    if (typed === undefined || !this.agreesAt(live, document, offset)) return undefined;
    if (selected && selected.text !== live.selected) {
      const before = this.typedSince(live, document, document.offsetAt(selected.range.start));
      if (before === undefined || !live.text.agrees(before + selected.text)) return undefined;
    }
    // The list was closed, and its entry not taken: the text need not begin with it any more.
    if (!selected && typed.length < live.selected.length) return undefined;
    return live.text.done && !live.text.remainder(typed) ? undefined : live;
  }

  /** The text between the live completion's start and `offset`; undefined when `offset` lies before it. */
  private typedSince({ text }: Live, document: vscode.TextDocument, offset: number): string | undefined {
    if (offset < text.anchor) return undefined;
    const range = new vscode.Range(document.positionAt(text.anchor), document.positionAt(offset));
    return document.getText(range).replaceAll("\r\n", "\n");
  }

  private start(query: CompletionQuery): Live {
    this.stop();
    const { document, position, selected, explicit } = query;
    const now = performance.now();
    const anchor = document.offsetAt(selected?.range.start ?? position);
    const known = selected ? document.getText(selected.range) : "";
    const live: Live = {
      text: new LiveText(document.uri.toString(), anchor, known),
      rest: restOfLine(document, position),
      replaced: 0,
      selected: selected?.text ?? "",
      explicit,
      accepted: undefined,
      cancel: new vscode.CancellationTokenSource(),
      waiting: new Set(),
      keyMs: !explicit && now - this.editedMs < MOST_DELAY_MS ? this.editedMs : now,
      shownMs: undefined,
      ended: undefined,
      reached: document.offsetAt(position),
      edited: document.offsetAt(position),
    };
    this.live = live;
    this.setGrowing(true);
    inBackground(this.fetch(query, live), "A completion");
    return live;
  }

  private async fetch(query: CompletionQuery, live: Live): Promise<void> {
    const take = ({ insertText, range, command }: InlineCompletionItem) => {
      live.accepted = command;
      live.replaced = range ? range.end.character - query.position.character : 0;
      const text = typeof insertText === "string" ? insertText : insertText.value;
      // Whoever waits is answered with what has arrived by now; VS Code may also have given up waiting.
      const awaited = [...live.waiting].some(token => !token.isCancellationRequested);
      const grew = live.text.grow(text);
      if (grew && !awaited && this.live === live)
        this.refreshTimer ??= setTimeout(
          () => this.refresh(),
          live.shownMs === undefined ? FIRST_MS : GROWTH_MS,
        );
    };
    const { item, ended } = (await this.client.requests.complete(query, take, live.cancel.token)) ?? {};
    if (item) take(item);
    live.text.finish();
    live.ended = ended;
    this.reportEnd(live);
    if (this.live !== live) return;
    this.setGrowing(false);
    // No more comes that would be shown along.
    if (this.refreshTimer !== undefined) this.refresh();
  }

  /** The text is given to VS Code, which draws it. */
  private handedOver(live: Live, { eol }: vscode.TextDocument): void {
    live.shownMs ??= performance.now();
    const { uri, text } = live.text;
    // As long as it will be in the document.
    const lineBreaks = eol === vscode.EndOfLine.CRLF ? text.split("\n").length - 1 : 0;
    this.observer.shown(uri, text.length + lineBreaks);
    this.reportEnd(live);
  }

  /** Reports a request once: when it has ended and its text, if it has one, is handed over. */
  private reportEnd(live: Live): void {
    const { ended, shownMs, keyMs, text } = live;
    if (!ended || (shownMs === undefined && text.text !== "")) return;
    live.ended = undefined;
    this.observer.answered(ended, shownMs === undefined ? undefined : shownMs - keyMs);
  }

  private documentChanged({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    const { live, observer } = this;
    if (contentChanges.length > 0 && document === vscode.window.activeTextEditor?.document)
      this.editedMs = performance.now();
    const changes = contentChanges.map(({ rangeOffset, rangeLength, text }) => ({
      offset: rangeOffset,
      removed: rangeLength,
      text,
    }));
    observer.edited(document.uri.toString(), changes);
    if (!live || live.text.uri !== document.uri.toString()) return;
    const agreed = changes.every(
      ({ offset, text }) =>
        offset >= live.text.anchor && this.agreesAt(live, document, offset + typedPart(text).length),
    );
    if (!agreed) {
      this.stop();
      return;
    }
    for (const { offset, text } of changes) {
      const part = acceptedPart(offset, text, live.reached);
      live.edited = offset + typedPart(text).length;
      live.reached = Math.max(live.reached, live.edited);
      if (part) observer.accepted(part.start, part.text);
    }
  }

  private selectionChanged({ textEditor, selections }: vscode.TextEditorSelectionChangeEvent): void {
    const { live } = this;
    const { document } = textEditor;
    if (!live || live.text.uri !== document.uri.toString()) return;
    // The document may be visible in two editors, each with a cursor.
    if (textEditor !== vscode.window.activeTextEditor) return;
    const [selection] = selections;
    const single = selections.length === 1 && selection?.isEmpty;
    const offset = single ? document.offsetAt(selection.active) : -1;
    if (offset < live.text.anchor || !this.agreesAt(live, document, Math.max(offset, live.edited)))
      this.stop();
  }

  /** Whether the document is still the one that the text was made for, except for the part of the text typed up to `offset`. */
  private agreesAt(live: Live, document: vscode.TextDocument, offset: number): boolean {
    const typed = this.typedSince(live, document, offset);
    if (typed === undefined || !live.text.agrees(typed)) return false;
    return restFits(live.rest, restOfLine(document, document.positionAt(offset)), typed, live.replaced);
  }

  private register(): vscode.Disposable {
    return vscode.languages.registerInlineCompletionItemProvider(DOCUMENT_SELECTOR, this);
  }

  /** Makes VS Code ask again and show the text so far. */
  private refresh(): void {
    clearTimeout(this.refreshTimer);
    this.refreshTimer = undefined;
    const old = this.registration;
    this.registration = this.register();
    old.dispose();
    const shown = vscode.commands.executeCommand("editor.action.inlineSuggest.trigger", {
      explicit: false,
      providerId: `${this.extensionId}:*`,
    });
    inBackground(shown, "Showing a completion");
  }

  private setGrowing(growing: boolean): void {
    inBackground(vscode.commands.executeCommand("setContext", GROWING_CONTEXT, growing), "A key binding");
  }
}

/**
 * The accepted part of what was inserted at once where a suggestion stood; undefined where it was typed.
 * @param reached offset up to which the document agreed before
 */
function acceptedPart(
  offset: number,
  inserted: string,
  reached: number,
): { start: number; text: string } | undefined {
  const start = Math.max(offset, reached);
  const text = typedPart(inserted).slice(start - offset);
  // A single character is a key; a line break with its indentation is one, too.
  return text.length >= 2 && text.trim() !== "" ? { start, text } : undefined;
}

/**
 * The live text as an item at the cursor. An item's range must lie in one line, and it begins where the
 * text began as long as it can, so that VS Code sees the same item grow.
 */
function itemAt(
  { text, accepted, rest, replaced }: Live,
  document: vscode.TextDocument,
  position: vscode.Position,
  typed: string,
): vscode.InlineCompletionItem {
  const lineBreak = typed.lastIndexOf("\n");
  const start = lineBreak < 0 ? document.positionAt(text.anchor) : position.with({ character: 0 });
  const after = replacedNow(replaced, rest, restOfLine(document, position));
  const range = new vscode.Range(start, position.translate(0, after));
  return new vscode.InlineCompletionItem(text.text.slice(lineBreak + 1), range, accepted);
}

/** The entry that is selected in the suggestion list, if it continues what stands before the cursor. */
function continued(
  selected: vscode.SelectedCompletionInfo | undefined,
  document: vscode.TextDocument,
  position: vscode.Position,
): vscode.SelectedCompletionInfo | undefined {
  if (!selected?.range.end.isEqual(position)) return undefined;
  return selected.text.startsWith(document.getText(selected.range)) ? selected : undefined;
}

const restOfLine = (document: vscode.TextDocument, { line, character }: vscode.Position) =>
  document.lineAt(line).text.slice(character);
