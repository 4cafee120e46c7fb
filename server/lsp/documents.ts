/** Open documents, kept in sync with the client, and snapshots of them. */
import {
  type Connection,
  Emitter,
  type Position,
  type TextDocumentContentChangeEvent,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import {
  ChunkedText,
  type Cursor,
  type Edit,
  extended,
  isInCharacter,
  replacement,
  type Snapshot,
  type Stretch,
  TextHash,
} from "../text/index.ts";
import { answerRefused } from "./messageGate.ts";
import { Notebooks } from "./notebooks.ts";

export const DOCUMENT_SYNC = TextDocumentSyncKind.Incremental;

export interface Documents {
  /** Calls `changed` with each document that is opened or edited, and `closed`, if given, when it is closed. */
  watch(changed: (change: DocumentChange) => void, closed?: (uri: string) => void): void;
  /** The open documents in their current state. */
  open(): readonly Pick<DocumentChange, "uri" | "languageId" | "text">[];
  /** Calls back after cells of a notebook were added, removed, moved or edited: the surroundings of others have changed. */
  watchNotebooks(changed: () => void): void;
  /** The current hashes of an open document; those of a cell include the cells around it. */
  hash(uri: string): TextHash | undefined;
  /** An open document in its current state, with the cursor at its start. */
  cursor(uri: string): Cursor | undefined;
  /** The document at `position` (UTF-16 units), or why there is none. */
  snapshot(uri: string, position: Position, version: number | undefined): Snapshot | NoSnapshot;
}

/** A document that was opened or edited. */
export interface DocumentChange {
  readonly uri: string;
  readonly languageId: string;
  /** The current version. */
  readonly version: number;
  readonly text: string;
  /** The edit of the previous text; undefined for a document that was opened. */
  readonly edit: Edit | undefined;
}

/** The document is not open, is not (or not known to be) at the requested version, or has no such position. */
type NoSnapshot = "notOpen" | "otherVersion" | "noPosition";

/** The texts of open documents with their hashes, as the client's messages change them. */
class SyncedTexts {
  private readonly hashes = new Map<string, TextHash>();
  /** Documents with a change that was refused: the client's text is unknown until it sends a whole text. */
  private readonly outOfStep = new Set<string>();
  private readonly changes = new Emitter<DocumentChange>();
  readonly onDidChange = this.changes.event;
  /** The edit of the document that is being updated. */
  private edit: Edit | undefined;
  readonly documents: TextDocuments<TextDocument>;

  /** @param willEdit called with each document before it is edited */
  constructor(willEdit: (uri: string) => void) {
    this.documents = new TextDocuments({
      create: (uri: string, languageId: string, version: number, text: string) => {
        this.hashes.set(uri, new TextHash(text));
        this.outOfStep.delete(uri);
        this.edit = undefined;
        return TextDocument.create(uri, languageId, version, text);
      },
      update: (document: TextDocument, changes: TextDocumentContentChangeEvent[], version: number) => {
        const { uri } = document;
        willEdit(uri);
        const updated = update(document, changes, version, this.hashes.get(uri) ?? new TextHash(""));
        if (changes.some(change => !rangeOf(change))) this.outOfStep.delete(uri);
        this.hashes.set(uri, updated.hash);
        this.edit = updated.edit;
        return document;
      },
    });
    this.documents.onDidChangeContent(({ document }) => {
      const { uri, languageId, version } = document;
      const change = { uri, languageId, version, text: document.getText(), edit: this.edit };
      // The removed text keeps the whole previous text in memory.
      this.edit = undefined;
      this.changes.fire(change);
    });
    this.documents.onDidClose(({ document: { uri } }) => {
      this.hashes.delete(uri);
      this.outOfStep.delete(uri);
    });
  }

  hash(uri: string): TextHash | undefined {
    return this.hashes.get(uri);
  }

  /** Records that a change of a document was refused. */
  missed(uri: string): void {
    if (this.documents.get(uri)) this.outOfStep.add(uri);
  }

  /** The open document if its text is the client's, at `version` where one is given. */
  current(uri: string, version: number | undefined): TextDocument | "notOpen" | "otherVersion" {
    const document = this.documents.get(uri);
    if (!document) return "notOpen";
    return this.outOfStep.has(uri) || (version ?? document.version) !== document.version
      ? "otherVersion"
      : document;
  }
}

/** Also answers messages that the gate has refused: after a refused change, a document's text is unknown. */
export function trackDocuments(connection: Connection): Documents {
  const texts = new SyncedTexts(uri => notebooks.edited(uri));
  const { documents } = texts;
  documents.listen(connection);
  const textHash = (uri: string) => texts.hash(uri);
  const notebooks = new Notebooks(connection, documents, textHash);
  const hash = hashesOf(textHash, notebooks);
  answerRefused(connection, uri => {
    for (const each of [uri, ...notebooks.cellsOf(uri)]) texts.missed(each);
  });
  return {
    watch(changed, closed) {
      texts.onDidChange(changed);
      if (closed) documents.onDidClose(({ document }) => closed(document.uri));
    },
    open: () =>
      documents.all().map(document => {
        const { uri, languageId } = document;
        return { uri, languageId, text: document.getText() };
      }),
    watchNotebooks(changed) {
      notebooks.onDidChange(changed);
    },
    hash,
    cursor(uri) {
      const [document, own] = [documents.get(uri), hash(uri)];
      return document && own && { snapshot: snapshotAt(document, 0, notebooks), hash: own };
    },
    snapshot(uri, position, version) {
      const document = texts.current(uri, version);
      if (typeof document === "string") return document;
      const offset = document.offsetAt(position);
      // In LSP a character past the end of its line is the end; a line past the last one is of another text.
      if (document.positionAt(offset).line !== position.line) return "noPosition";
      if (isInCharacter(document.getText(), offset)) return "noPosition";
      return snapshotAt(document, offset, notebooks);
    },
  };
}

function snapshotAt(document: TextDocument, offset: number, notebooks: Notebooks): Snapshot {
  const { uri, languageId, version } = document;
  const notebook = notebooks.cells(uri);
  return { uri, languageId, version, text: document.getText(), offset, ...(notebook && { notebook }) };
}

/** The hashes of documents: a cell's also depend on the texts, kinds and languages of the cells around it. */
function hashesOf(
  textHash: (uri: string) => TextHash | undefined,
  notebooks: Notebooks,
): (uri: string) => TextHash | undefined {
  /** The latest result for each text. */
  const known = new WeakMap<TextHash, { readonly key: string; readonly hash: TextHash }>();
  return uri => {
    const own = textHash(uri);
    const around = notebooks.hashesAround(uri);
    if (!own || !around) return own;
    const key = `${around.before} ${around.after}`;
    const last = known.get(own);
    const hash = last?.key === key ? last.hash : own.within(around);
    known.set(own, { key, hash });
    return hash;
  };
}

/** The changed part of the text; undefined for all of it, which some clients write as null. */
const rangeOf = (change: TextDocumentContentChangeEvent) => ("range" in change && change.range) || undefined;

/** Whether an offset lies within a line end of two characters. */
const isLineEndAt = (text: string, at: number) => text[at - 1] === "\r" && text[at] === "\n";

/** Applies changes, each of which refers to the result of the previous one, and returns what they did together. */
function update(
  document: TextDocument,
  changes: TextDocumentContentChangeEvent[],
  version: number,
  known: TextHash,
): { hash: TextHash; edit: Edit | undefined } {
  const original = document.getText();
  const [only] = changes;
  TextDocument.update(document, [], version);
  const change = only && changes.length === 1 ? oneChange(document, only) : manyChanges(original, changes);
  if (!change) return { hash: known, edit: undefined };
  const { stretch, added } = change;
  const { start, endBefore, end } = stretch;
  const isParted = isLineEndAt(original, start) || isLineEndAt(original, endBefore);
  const isWhole = start === 0 && endBefore === original.length;
  const range = { start: document.positionAt(start), end: document.positionAt(endBefore) };
  const whole = () => ({ text: original.slice(0, start) + added + original.slice(endBefore) });
  TextDocument.update(document, [isParted || isWhole ? whole() : { range, text: added }], version);
  const text = document.getText();
  // The library counts a line too many or too few where two characters become one line end, or one becomes two.
  if (isLineEndAt(text, start) || isLineEndAt(text, end)) TextDocument.update(document, [{ text }], version);
  const replaced = replacement(original, text, stretch);
  return {
    hash: known.edited(text, start, original.length - endBefore),
    edit: { ...replaced, line: document.positionAt(replaced.start).line },
  };
}

/** A stretch of a text that was replaced, and what replaces it. */
interface Change {
  readonly stretch: Stretch;
  readonly added: string;
}

function oneChange(document: TextDocument, change: TextDocumentContentChangeEvent): Change {
  const { length } = document.getText();
  const { start, end } = offsetsOf(change, { length, offsetAt: position => document.offsetAt(position) });
  return { stretch: extended(undefined, start, end, change.text.length), added: change.text };
}

/** The text is assembled once: replacing a word everywhere makes thousands of changes. */
function manyChanges(before: string, changes: TextDocumentContentChangeEvent[]): Change | undefined {
  const text = new ChunkedText(before);
  let stretch: Stretch | undefined;
  for (const change of changes) {
    const { start, end } = offsetsOf(change, text);
    text.replace(start, end, change.text);
    stretch = extended(stretch, start, end, change.text.length);
  }
  return stretch && { stretch, added: text.toString().slice(stretch.start, stretch.end) };
}

/** What a change replaces: its range, whose ends some clients exchange, or the whole text. */
function offsetsOf(
  change: TextDocumentContentChangeEvent,
  text: { readonly length: number; offsetAt(position: Position): number },
): { start: number; end: number } {
  const range = rangeOf(change);
  if (!range) return { start: 0, end: text.length };
  const [a, b] = [text.offsetAt(range.start), text.offsetAt(range.end)];
  return { start: Math.min(a, b), end: Math.max(a, b) };
}
