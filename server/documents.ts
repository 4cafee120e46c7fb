/** Open documents, kept in step with the client, and snapshots of them. */
import { type Connection, type Position, TextDocumentSyncKind, TextDocuments } from "vscode-languageserver";
import { TextDocument } from "vscode-languageserver-textdocument";
import type { Snapshot } from "./prompt/snapshot.ts";

export const DOCUMENT_SYNC = TextDocumentSyncKind.Incremental;

export interface Documents {
  /** Calls `changed` with each document that is opened or edited, and `closed` when it is open no more. */
  watch(changed: (uri: string, text: string) => void, closed: (uri: string) => void): void;
  /** The document at `position` (UTF-16 units), or why there is none. */
  snapshot(uri: string, position: Position, version: number | undefined): Snapshot | NoSnapshot;
}

/** The document is not open, is no longer at the version that was asked for, or has no such position. */
export type NoSnapshot = "notOpen" | "otherVersion" | "noPosition";

export function trackDocuments(connection: Connection): Documents {
  const documents = new TextDocuments(TextDocument);
  documents.listen(connection);
  return {
    watch(changed, closed) {
      documents.onDidChangeContent(({ document }) => changed(document.uri, document.getText()));
      documents.onDidClose(({ document }) => closed(document.uri));
    },
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
