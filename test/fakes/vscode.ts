/**
 * As much of VS Code's API as ghost text and notifications use, without an editor. In tests the build puts it in place of the
 * module `vscode`; `FakeEditor` is what drives it, and `notifications` records what the user was told.
 */
import type * as vscode from "vscode";

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}

  isEqual({ line, character }: Position): boolean {
    return this.line === line && this.character === character;
  }

  translate(lines: number, characters: number): Position {
    return new Position(this.line + lines, this.character + characters);
  }

  with({ line = this.line, character = this.character }: Partial<Position>): Position {
    return new Position(line, character);
  }
}

export class Range {
  constructor(
    readonly start: Position,
    readonly end: Position,
  ) {}
}

export class InlineCompletionItem {
  constructor(
    readonly insertText: string,
    readonly range: Range,
    readonly command?: vscode.Command,
  ) {}
}

export class CancellationTokenSource {
  readonly token = { isCancellationRequested: false };

  cancel(): void {
    this.token.isCancellationRequested = true;
  }

  dispose(): void {}
}

export const InlineCompletionTriggerKind = { Invoke: 0, Automatic: 1 } as const;
export const EndOfLine = { LF: 1, CRLF: 2 } as const;
export const ProgressLocation = { SourceControl: 1, Window: 10, Notification: 15 } as const;

/** An event of the API, and a way to make it happen. */
class Source<Event> {
  private listeners: ((event: Event) => void)[] = [];

  readonly event = (listener: (event: Event) => void) => {
    this.listeners.push(listener);
    return {
      dispose: () => {
        this.listeners = this.listeners.filter(each => each !== listener);
      },
    };
  };

  fire(event: Event): void {
    for (const listener of this.listeners) listener(event);
  }
}

const edits = new Source<unknown>();
const selections = new Source<unknown>();
const editors = new Source<unknown>();
/** The API's class of that name, for one kind of event. */
export class EventEmitter<Event> extends Source<Event> {
  dispose(): void {}
}

/** What notifications have said, and the answers that the user gives to the next error messages. */
export const notifications = {
  progress: [] as { readonly message: string; readonly increment: number }[],
  errors: [] as string[],
  answers: [] as string[],
};

/** Called where the ghost text wants to be asked again. */
let onTrigger = () => {};

interface Window {
  readonly onDidChangeTextEditorSelection: typeof selections.event;
  readonly onDidChangeActiveTextEditor: typeof editors.event;
  activeTextEditor: unknown;
  withProgress<T>(options: object, work: Work<T>): Promise<T>;
  showErrorMessage(message: string): Promise<string | undefined>;
}

type Work<T> = (
  progress: { report(step: { readonly message: string; readonly increment: number }): void },
  token: object,
) => Promise<T>;

export const window: Window = {
  onDidChangeTextEditorSelection: selections.event,
  onDidChangeActiveTextEditor: editors.event,
  activeTextEditor: undefined,
  withProgress: (_options, work) =>
    work({ report: step => void notifications.progress.push(step) }, new CancellationTokenSource().token),
  async showErrorMessage(message) {
    notifications.errors.push(message);
    return notifications.answers.shift();
  },
};
export const workspace = { onDidChangeTextDocument: edits.event };
export const languages = { registerInlineCompletionItemProvider: () => ({ dispose() {} }) };
export const commands = {
  async executeCommand(command: string): Promise<void> {
    if (command === "editor.action.inlineSuggest.trigger") onTrigger();
  },
};

/** A document. */
class FakeDocument {
  readonly uri = { toString: () => `file:///project/${this.name}` };
  version = 1;

  constructor(
    public text: string,
    private readonly name = "sample.py",
  ) {}

  get eol(): number {
    return this.text.includes("\r\n") ? EndOfLine.CRLF : EndOfLine.LF;
  }

  getText(range?: Range): string {
    return range ? this.text.slice(this.offsetAt(range.start), this.offsetAt(range.end)) : this.text;
  }

  offsetAt({ line, character }: Position): number {
    const above = this.lines.slice(0, line);
    return above.reduce((sum, { length }) => sum + length + this.lineBreak.length, 0) + character;
  }

  positionAt(offset: number): Position {
    const above = this.text.slice(0, offset).split(this.lineBreak);
    return new Position(above.length - 1, above.at(-1)?.length ?? 0);
  }

  lineAt(line: number): { readonly text: string } {
    const text = this.lines[line];
    if (text === undefined) throw new RangeError(`there is no line ${line}`);
    return { text };
  }

  private get lineBreak(): string {
    return this.eol === EndOfLine.CRLF ? "\r\n" : "\n";
  }

  private get lines(): string[] {
    return this.text.split(this.lineBreak);
  }
}

/** The only editor, with one cursor. It asks the provider as VS Code does: the latest request counts. */
export class FakeEditor {
  readonly document: FakeDocument;
  /** The entry of the suggestion list that is selected. */
  selected: { readonly range: Range; readonly text: string } | undefined;
  private token = new CancellationTokenSource();

  /** @param cursor offset of the cursor */
  constructor(
    text: string,
    public cursor: number,
    private readonly provider: () => vscode.InlineCompletionItemProvider,
  ) {
    this.document = new FakeDocument(text);
    window.activeTextEditor = this;
    onTrigger = () => {};
  }

  get selections(): readonly { readonly isEmpty: boolean; readonly active: Position }[] {
    return [{ isEmpty: true, active: this.document.positionAt(this.cursor) }];
  }

  /** Calls back where the ghost text wants to be asked again. */
  whenTriggered(ask: () => void): void {
    onTrigger = ask;
  }

  /** Asks for ghost text; undefined where there is none, or the request was given up for a later one. */
  async ask(
    triggerKind: number = InlineCompletionTriggerKind.Automatic,
  ): Promise<InlineCompletionItem | undefined> {
    this.token.cancel();
    const source = new CancellationTokenSource();
    this.token = source;
    const context = { triggerKind, selectedCompletionInfo: this.selected };
    const position = this.document.positionAt(this.cursor);
    const given = await this.provider().provideInlineCompletionItems(
      this.document as unknown as vscode.TextDocument,
      position as unknown as vscode.Position,
      context as unknown as vscode.InlineCompletionContext,
      source.token as unknown as vscode.CancellationToken,
    );
    if (source.token.isCancellationRequested) return undefined;
    return (given as InlineCompletionItem[] | undefined)?.[0];
  }

  /** Replaces text; the cursor is after it, or where `cursor` says. Closes the suggestion list and gives up the request. */
  replace(offset: number, removed: number, text: string, cursor = offset + text.length): void {
    const { document } = this;
    this.token.cancel();
    this.selected = undefined;
    document.text = document.text.slice(0, offset) + text + document.text.slice(offset + removed);
    document.version++;
    this.cursor = cursor;
    const change = { rangeOffset: offset, rangeLength: removed, text };
    edits.fire({ document, contentChanges: [change] });
    this.moved();
  }

  type(text: string): void {
    this.replace(this.cursor, 0, text);
  }

  move(cursor: number): void {
    this.cursor = cursor;
    this.selected = undefined;
    this.moved();
  }

  /** Sets a second cursor. */
  addCursor(offset: number): void {
    const active = this.document.positionAt(offset);
    selections.fire({ textEditor: this, selections: [...this.selections, { isEmpty: true, active }] });
  }

  /** Types a text at the beginning of another document, which another editor shows. */
  typeElsewhere(text: string): void {
    const document = new FakeDocument(text, "other.py");
    edits.fire({ document, contentChanges: [{ rangeOffset: 0, rangeLength: 0, text }] });
    const active = document.positionAt(text.length);
    selections.fire({ textEditor: { document }, selections: [{ isEmpty: true, active }] });
  }

  /** Selects an entry of the suggestion list for the word before the cursor. */
  select(entry: string): void {
    const end = this.document.positionAt(this.cursor);
    const word = /\w*$/.exec(this.document.lineAt(end.line).text.slice(0, end.character))?.[0] ?? "";
    this.selected = { range: new Range(end.translate(0, -word.length), end), text: entry };
  }

  private moved(): void {
    selections.fire({ textEditor: this, selections: this.selections });
  }
}
