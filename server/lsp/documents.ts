/** Open documents, kept in step with the client, and snapshots of them. */
import {
  type Connection,
  Emitter,
  type Position,
  type TextDocumentContentChangeEvent,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import { type Edit, extended, replacement, type Snapshot, type Stretch, TextHash } from "../text/index.ts";

export const DOCUMENT_SYNC = TextDocumentSyncKind.Incremental;

export interface Documents {
  /** Calls `changed` with each document that is opened or edited, and `closed` when it is open no more. */
  watch(changed: (change: DocumentChange) => void, closed: (uri: string) => void): void;
  /** The hashes of an open document as it is now. */
  hash(uri: string): TextHash | undefined;
  /** The document at `position` (UTF-16 units), or why there is none. */
  snapshot(uri: string, position: Position, version: number | undefined): Snapshot | NoSnapshot;
}

/** A document that was opened or edited. */
export interface DocumentChange {
  readonly uri: string;
  readonly languageId: string;
  /** As it is now. */
  readonly version: number;
  readonly text: string;
  /** What was done to the text before; undefined for a document that was opened. */
  readonly edit: Edit | undefined;
}

/** The document is not open, is no longer at the version that was asked for, or has no such position. */
type NoSnapshot = "notOpen" | "otherVersion" | "noPosition";

export function trackDocuments(connection: Connection): Documents {
  const hashes = new Map<string, TextHash>();
  const changes = new Emitter<DocumentChange>();
  /** Of the document that is being updated. */
  let edit: Edit | undefined;
  const documents = new TextDocuments({
    create(uri: string, languageId: string, version: number, text: string) {
      hashes.set(uri, new TextHash(text));
      edit = undefined;
      return TextDocument.create(uri, languageId, version, text);
    },
    update(document: TextDocument, changes: TextDocumentContentChangeEvent[], version: number) {
      const updated = update(document, changes, version, hashes.get(document.uri) ?? new TextHash(""));
      hashes.set(document.uri, updated.hash);
      edit = updated.edit;
      return document;
    },
  });
  documents.listen(connection);
  documents.onDidChangeContent(({ document }) => {
    const { uri, languageId, version } = document;
    const change = { uri, languageId, version, text: document.getText(), edit };
    // What was removed keeps the text before in memory.
    edit = undefined;
    changes.fire(change);
  });
  documents.onDidClose(({ document }) => hashes.delete(document.uri));
  return {
    watch(changed, closed) {
      changes.event(changed);
      documents.onDidClose(({ document }) => closed(document.uri));
    },
    hash: uri => hashes.get(uri),
    snapshot(uri, position, version) {
      const document = documents.get(uri);
      if (!document) return "notOpen";
      if (version !== undefined && version !== document.version) return "otherVersion";
      const offset = document.offsetAt(position);
      const actual = document.positionAt(offset);
      // A position past the end of its line or of the text would be moved to the nearest one.
      if (actual.line !== position.line || actual.character !== position.character) return "noPosition";
      return {
        uri,
        languageId: document.languageId,
        version: document.version,
        text: document.getText(),
        offset,
      };
    },
  };
}

/** Applies changes, each of which refers to the text that the one before has left, and reports what they have done. */
function update(
  document: TextDocument,
  changes: TextDocumentContentChangeEvent[],
  version: number,
  known: TextHash,
): { hash: TextHash; edit: Edit | undefined } {
  const original = document.getText();
  let hash = known;
  let stretch: Stretch | undefined;
  TextDocument.update(document, [], version);
  for (const change of changes) {
    const { length } = document.getText();
    const range = "range" in change ? change.range : undefined;
    const ends = range ? [document.offsetAt(range.start), document.offsetAt(range.end)] : [0, length];
    const [start, end] = [Math.min(...ends), Math.max(...ends)];
    // The library does not survive a range that lies wholly beyond the end of the text.
    const within = { start: document.positionAt(start), end: document.positionAt(end) };
    TextDocument.update(document, [range ? { range: within, text: change.text } : change], version);
    hash = hash.edited(document.getText(), start, length - end);
    stretch = extended(stretch, start, end, change.text.length);
  }
  if (!stretch) return { hash, edit: undefined };
  const replaced = replacement(original, document.getText(), stretch);
  return { hash, edit: { ...replaced, line: document.positionAt(replaced.start).line } };
}
