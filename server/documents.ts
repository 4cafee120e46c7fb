/** Open documents, kept in step with the client, and snapshots of them. */
import {
  type Connection,
  type Position,
  type TextDocumentContentChangeEvent,
  TextDocumentSyncKind,
  TextDocuments,
} from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Snapshot } from "./prompt/snapshot.ts";
import { TextHash } from "./textHash.ts";

export const DOCUMENT_SYNC = TextDocumentSyncKind.Incremental;

export interface Documents {
  /** Calls `changed` with each document that is opened or edited, and `closed` when it is open no more. */
  watch(
    changed: (uri: string, text: string, languageId: string) => void,
    closed: (uri: string) => void,
  ): void;
  /** The hashes of an open document as it is now. */
  hash(uri: string): TextHash | undefined;
  /** The document at `position` (UTF-16 units), or why there is none. */
  snapshot(uri: string, position: Position, version: number | undefined): Snapshot | NoSnapshot;
}

/** The document is not open, is no longer at the version that was asked for, or has no such position. */
export type NoSnapshot = "notOpen" | "otherVersion" | "noPosition";

export function trackDocuments(connection: Connection): Documents {
  const hashes = new Map<string, TextHash>();
  const documents = new TextDocuments({
    create(uri: string, languageId: string, version: number, text: string) {
      hashes.set(uri, new TextHash(text));
      return TextDocument.create(uri, languageId, version, text);
    },
    update(document: TextDocument, changes: TextDocumentContentChangeEvent[], version: number) {
      const hash = hashes.get(document.uri);
      hashes.set(document.uri, updated(document, changes, version, hash ?? new TextHash("")));
      return document;
    },
  });
  documents.listen(connection);
  documents.onDidClose(({ document }) => hashes.delete(document.uri));
  return {
    watch(changed, closed) {
      documents.onDidChangeContent(({ document }) =>
        changed(document.uri, document.getText(), document.languageId),
      );
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

/** Applies changes, each of which refers to the text that the one before has left, and tells the hashes of the result. */
function updated(
  document: TextDocument,
  changes: TextDocumentContentChangeEvent[],
  version: number,
  known: TextHash,
): TextHash {
  let hash = known;
  TextDocument.update(document, [], version);
  for (const change of changes) {
    const before = document.getText();
    const range = "range" in change ? change.range : undefined;
    const ends = range ? [document.offsetAt(range.start), document.offsetAt(range.end)] : [0, before.length];
    TextDocument.update(document, [change], version);
    hash = hash.edited(document.getText(), Math.min(...ends), before.length - Math.max(...ends));
  }
  return hash;
}
