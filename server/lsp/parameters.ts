/**
 * What the parameters of messages must be for the server, by method. Messages without parameters that matter are not listed.
 */
import {
  DidChangeConfigurationNotification,
  DidChangeNotebookDocumentNotification,
  DidChangeTextDocumentNotification,
  DidChangeWatchedFilesNotification,
  DidChangeWorkspaceFoldersNotification,
  DidCloseNotebookDocumentNotification,
  DidCloseTextDocumentNotification,
  DidOpenNotebookDocumentNotification,
  DidOpenTextDocumentNotification,
  DidSaveNotebookDocumentNotification,
  DidSaveTextDocumentNotification,
  ExecuteCommandRequest,
  InitializeRequest,
  InlineCompletionRequest,
  WillSaveTextDocumentNotification,
} from "vscode-languageserver";
import {
  DidChangeTrustNotification,
  DidFocusNotification,
  DidPartiallyAcceptCompletionNotification,
  DidShowCompletionNotification,
  FetchLibrariesRequest,
  FetchModelRequest,
  RebuildDatastoreRequest,
  SECTION,
} from "../protocol/index.ts";
import { isRecord } from "../system/index.ts";
import {
  type Expectation,
  integer,
  list,
  nullable,
  optional,
  record,
  text,
  truth,
  unsigned,
} from "./expectations.ts";

const position = record({ line: unsigned, character: unsigned });
const range = record({ start: position, end: position });
const named = record({ uri: text });
const versioned = record({ uri: text, version: nullable(integer) });
const opened = record({ uri: text, languageId: text, version: nullable(integer), text });
const edits = list(record({ range: nullable(range), text }));
const cells = list(record({ document: text }));
const cellChanges = record({
  structure: optional(
    record({
      array: record({ start: unsigned, deleteCount: unsigned, cells: optional(cells) }),
      didOpen: optional(list(opened)),
      didClose: nullable(list(named)),
    }),
  ),
  data: optional(cells),
  textContent: optional(list(record({ document: versioned, changes: edits }))),
});
/** Clients send the settings of other servers as well, and in any form. */
const settings: Expectation = (value, name) =>
  isRecord(value) ? nullable(record({}))(value[SECTION], `${name}.${SECTION}`) : undefined;
const shownItem = nullable(record({ command: nullable(record({})) }));

/** Notifications that, if refused, leave a document's text unknown. */
export const CHANGES_OF_TEXT: ReadonlySet<string> = new Set([
  DidOpenTextDocumentNotification.method,
  DidChangeTextDocumentNotification.method,
  DidOpenNotebookDocumentNotification.method,
  DidChangeNotebookDocumentNotification.method,
]);

export const PARAMETERS: ReadonlyMap<string, Expectation> = new Map([
  [InitializeRequest.method, record({ capabilities: record({}) })],
  [
    InlineCompletionRequest.method,
    record({
      textDocument: versioned,
      position,
      context: record({ selectedCompletionInfo: nullable(record({ range, text })) }),
    }),
  ],
  [ExecuteCommandRequest.method, record({ command: text })],
  [RebuildDatastoreRequest.method, record({ source: text, name: text })],
  [FetchModelRequest.method, record({ reference: text })],
  [FetchLibrariesRequest.method, record({})],
  [DidOpenTextDocumentNotification.method, record({ textDocument: opened })],
  [DidChangeTextDocumentNotification.method, record({ textDocument: versioned, contentChanges: edits })],
  [DidCloseTextDocumentNotification.method, record({ textDocument: named })],
  [DidSaveTextDocumentNotification.method, record({ textDocument: named })],
  [WillSaveTextDocumentNotification.method, record({ textDocument: named })],
  [
    DidOpenNotebookDocumentNotification.method,
    record({ notebookDocument: record({ uri: text, cells }), cellTextDocuments: list(opened) }),
  ],
  [
    DidChangeNotebookDocumentNotification.method,
    record({ notebookDocument: named, change: record({ cells: optional(cellChanges) }) }),
  ],
  [DidSaveNotebookDocumentNotification.method, record({ notebookDocument: named })],
  [
    DidCloseNotebookDocumentNotification.method,
    record({ notebookDocument: named, cellTextDocuments: list(named) }),
  ],
  [DidChangeConfigurationNotification.method, record({ settings })],
  [DidChangeWatchedFilesNotification.method, record({ changes: list(named) })],
  [
    DidChangeWorkspaceFoldersNotification.method,
    record({ event: record({ added: optional(list(named)), removed: optional(list(named)) }) }),
  ],
  [DidChangeTrustNotification.method, record({ trusted: truth })],
  [DidFocusNotification.method, record({ textDocument: nullable(named), position: nullable(position) })],
  [DidShowCompletionNotification.method, record({ item: shownItem })],
  [DidPartiallyAcceptCompletionNotification.method, record({ item: shownItem, acceptedLength: unsigned })],
]);
