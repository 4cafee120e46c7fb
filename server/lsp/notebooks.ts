/** The open notebooks, as far as completions need them: which cells are above and below a cell. */
import {
  type Connection,
  type DidChangeNotebookDocumentParams,
  Emitter,
  NotebookCellKind as Kind,
  type NotebookDocument,
  type NotebookDocumentSyncOptions,
  NotebookDocuments,
  type TextDocuments,
} from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { type Cell, type HashesAround, type NotebookCells, TextHash } from "../text/index.ts";
import { type OpenCell, OpenCells } from "./openCells.ts";

/** All cells of all notebooks: a cell in another language is context for those around it, too. */
export const NOTEBOOK_SYNC: NotebookDocumentSyncOptions = { notebookSelector: [{ notebook: "*" }] };

export class Notebooks {
  private readonly notebooks: NotebookDocuments<TextDocument>;
  private readonly changes = new Emitter<void>();
  /** Called after notebooks were opened or changed in any way, and after their cells' documents are updated. */
  readonly onDidChange = this.changes.event;

  /** By notebook, its open cells; those of a notebook whose cells have changed are looked for again. */
  private readonly open = new Map<string, OpenCells>();

  /** @param documents holds the cells' texts beside those of other documents @param hashOf the hashes of such a text */
  constructor(
    connection: Connection,
    private readonly documents: TextDocuments<TextDocument>,
    private readonly hashOf: (uri: string) => TextHash | undefined,
  ) {
    this.notebooks = new NotebookDocuments(documents);
    const forget = () => this.open.clear();
    documents.onDidOpen(forget);
    documents.onDidClose(forget);
    const known = (params: DidChangeNotebookDocumentParams) =>
      withoutUnknownCells(params, this.cellsOf(params.notebookDocument.uri));
    this.notebooks.listen(afterChanges(connection, { known, forget, changed: () => this.changes.fire() }));
    this.notebooks.onDidOpen(() => {
      forget();
      this.changes.fire();
    });
    this.notebooks.onDidClose(forget);
  }

  /** To be called when the text of a document changes. */
  edited(uri: string): void {
    this.openCells(this.notebooks.findNotebookDocumentForCell(uri))?.changed(uri);
  }

  /** The open cells around a cell; undefined for any other document. */
  cells(uri: string): NotebookCells | undefined {
    const notebook = this.notebooks.findNotebookDocumentForCell(uri);
    const around = this.openCells(notebook)?.around(uri);
    return notebook && around && { uri: notebook.uri, ...around };
  }

  /** Hashes of the open cells around a cell: of their texts, kinds and languages. Undefined for any other document. */
  hashesAround(uri: string): HashesAround | undefined {
    return this.openCells(this.notebooks.findNotebookDocumentForCell(uri))?.hashesAround(uri);
  }

  /** The cells of an open notebook; none for any other document. */
  cellsOf(uri: string): readonly string[] {
    return this.notebooks.getNotebookDocument(uri)?.cells.map(({ document }) => document) ?? [];
  }

  private openCells(notebook: NotebookDocument | undefined): OpenCells | undefined {
    if (!notebook) return undefined;
    const known = this.open.get(notebook.uri);
    if (known) return known;
    const uris = notebook.cells.map(({ document }) => document).filter(each => this.documents.get(each));
    const cells = new OpenCells(uris, uri => this.look(uri));
    this.open.set(notebook.uri, cells);
    return cells;
  }

  private look(uri: string): OpenCell {
    const document = this.documents.get(uri);
    const kind = this.notebooks.getNotebookCell(uri)?.kind === Kind.Markup ? "markup" : "code";
    const cell: Cell = { kind, languageId: document?.languageId ?? "", text: document?.getText() ?? "" };
    const text = this.hashOf(uri) ?? new TextHash(cell.text);
    return { cell, hashes: [new TextHash(`${kind} ${cell.languageId}`), text] };
  }
}

/**
 * A change without data of cells that the notebook does not have. The library would stop at those before it reads the texts,
 * and also if no data is left. @param before the cells before the change
 */
function withoutUnknownCells(
  params: DidChangeNotebookDocumentParams,
  before: readonly string[],
): DidChangeNotebookDocumentParams {
  const { data, ...cells } = params.change.cells ?? {};
  if (!data) return params;
  const { array } = cells.structure ?? {};
  const added = (array?.cells ?? []).map(({ document }) => document);
  const after = new Set(array ? before.toSpliced(array.start, array.deleteCount, ...added) : before);
  const known = data.filter(({ document }) => after.has(document));
  const left = known.length > 0 ? { ...cells, data: known } : cells;
  return { ...params, change: { ...params.change, cells: left } };
}

/** What is done with each change of a notebook. */
interface ChangeSteps {
  /** The part of it that can be applied. */
  known(params: DidChangeNotebookDocumentParams): DidChangeNotebookDocumentParams;
  forget(): void;
  changed(): void;
}

/**
 * The connection; `changed` is called after each change of a notebook: the library reports no cells that only move.
 * `forget` is called before and after changes of more than texts.
 */
function afterChanges(connection: Connection, { known, forget, changed }: ChangeSteps): Connection {
  const { synchronization } = connection.notebooks;
  const observed: typeof synchronization = {
    ...synchronization,
    onDidChangeNotebookDocument: handler =>
      synchronization.onDidChangeNotebookDocument(async params => {
        const cells = params.change?.cells;
        const onlyTexts = cells && !cells.structure && !cells.data;
        if (!onlyTexts) forget();
        await handler(known(params));
        if (!onlyTexts) forget();
        changed();
      }),
  };
  return Object.create(connection, { notebooks: { value: { synchronization: observed } } });
}
