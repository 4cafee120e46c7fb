/** Recent suggestions, by the id that their items carry, and what becomes of them. */
import {
  type Command,
  type Connection,
  ErrorCodes,
  type InlineCompletionItem,
  ResponseError,
} from "vscode-languageserver";
import {
  ACCEPT_COMMAND,
  DidPartiallyAcceptCompletionNotification,
  DidShowCompletionNotification,
  type ShownItem,
} from "../protocol/index.ts";
import { type CompletionTarget, item } from "./completionTarget.ts";
import type { Drafts } from "./drafts.ts";

/** Suggestions that are kept for reports of the client. Each holds the text of its document. */
const REMEMBERED = 8;

/** The answer to one request. */
export class Suggestion {
  /** The whole text so far. */
  text = "";
  /** Whether it is the rest of a suggestion that was shown before. */
  isRest = false;

  constructor(
    readonly target: CompletionTarget,
    private readonly command: Command,
  ) {}

  /** The item that shows `text`, which extends what was generated before. */
  item(text: string): InlineCompletionItem {
    this.text = text;
    return item(text, this.target, this.command);
  }
}

interface SuggestionDependencies {
  readonly drafts: Pick<Drafts, "accepted" | "acceptedPart">;
  /** Called with each suggestion when the client reports it as shown; without such reports, when it is sent. */
  shown(suggestion: Suggestion): void;
}

export class Suggestions {
  /** The command an item carries, which its client runs once the item is accepted. */
  command: string = ACCEPT_COMMAND;
  private readonly known = new Map<string, Suggestion>();
  private count = 0;
  /** Whether the client reports what it shows; until it does, it is assumed to show what it is sent. */
  private clientTells = false;

  constructor(private readonly parts: SuggestionDependencies) {}

  begin(target: CompletionTarget): Suggestion {
    const id = String(++this.count);
    const command = { title: "Accepted", command: this.command, arguments: [id] };
    const suggestion = new Suggestion(target, command);
    this.known.set(id, suggestion);
    const [oldest] = this.known.keys();
    if (oldest !== undefined && this.known.size > REMEMBERED) this.known.delete(oldest);
    return suggestion;
  }

  /** The item of a suggestion that is whole, which is sent now. */
  send(suggestion: Suggestion, text: string): InlineCompletionItem {
    const item = suggestion.item(text);
    if (!this.clientTells) this.parts.shown(suggestion);
    return item;
  }

  /** The client has shown an item. */
  shown(item: ShownItem): void {
    this.clientTells = true;
    const suggestion = this.of(item?.command?.arguments);
    if (suggestion) this.parts.shown(suggestion);
  }

  /** @param ids the arguments of an accepted item's command */
  accepted(ids: readonly unknown[] | undefined): void {
    const suggestion = this.of(ids);
    if (suggestion) this.parts.drafts.accepted(suggestion.target.cursor.snapshot, suggestion.text);
  }

  /** @param length UTF-16 units from the start of the item's text */
  acceptedPart(item: ShownItem, length: number): void {
    const suggestion = this.of(item?.command?.arguments);
    if (!suggestion) return;
    const { cursor, selected } = suggestion.target;
    const part = suggestion.text.slice(0, Math.max(0, length - selected.length));
    this.parts.drafts.acceptedPart(cursor.snapshot, part);
  }

  private of(ids: readonly unknown[] | undefined): Suggestion | undefined {
    return this.known.get(String(ids?.[0]));
  }
}

/** Clients' reports about suggestions, under the names that copilot-language-server has established. */
export function listenToSuggestions(connection: Connection, suggestions: Suggestions): void {
  connection.onNotification(DidShowCompletionNotification, ({ item }) => suggestions.shown(item));
  connection.onNotification(DidPartiallyAcceptCompletionNotification, ({ item, acceptedLength }) =>
    suggestions.acceptedPart(item, Number(acceptedLength) || 0),
  );
  connection.onExecuteCommand(({ command, arguments: ids }) => {
    if (command !== ACCEPT_COMMAND)
      throw new ResponseError(ErrorCodes.InvalidParams, `There is no command ${command}.`);
    suggestions.accepted(ids);
  });
}
