/** The open notebooks, as far as completions need them: which cells are above and below a cell. */
import {
  type Connection,
  Emitter,
  NotebookCellKind as Kind,
  type NotebookDocumentSyncOptions,
  NotebookDocuments,
  type TextDocuments,
} from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { Cell, NotebookCells } from "../text/index.ts";

/** All cells of all notebooks: a cell in another language is context for those around it, too. */
export const NOTEBOOK_SYNC: NotebookDocumentSyncOptions = { notebookSelector: [{ notebook: "*" }] };

/** The URIs of a notebook's cells, and of the notebook. */
interface CellUris {
  readonly notebook: string;
  readonly above: readonly string[];
  readonly below: readonly string[];
}

export class Notebooks {
  private readonly notebooks: NotebookDocuments<TextDocument>;
  private readonly changes = new Emitter<void>();
  /** Called after notebooks were opened or changed in any way, and after their cells' documents are updated. */
  readonly onDidChange = this.changes.event;

  /** @param documents holds the cells' texts beside those of other documents */
  constructor(
    connection: Connection,
    private readonly documents: TextDocuments<TextDocument>,
  ) {
    this.notebooks = new NotebookDocuments(documents);
    this.notebooks.listen(afterChanges(connection, () => this.changes.fire()));
    this.notebooks.onDidOpen(() => this.changes.fire());
  }

  /** The open cells around a cell; undefined for any other document. */
  around(uri: string): CellUris | undefined {
    const notebook = this.notebooks.findNotebookDocumentForCell(uri);
    const uris = notebook?.cells.map(({ document }) => document).filter(each => this.documents.get(each));
    const index = uris?.indexOf(uri) ?? -1;
    if (!notebook || !uris || index < 0) return undefined;
    return { notebook: notebook.uri, above: uris.slice(0, index), below: uris.slice(index + 1) };
  }

  /** The same cells with their texts. */
  cells(uri: string): NotebookCells | undefined {
    const around = this.around(uri);
    if (!around) return undefined;
    const cell = (each: string) => this.cell(each);
    return { uri: around.notebook, above: around.above.flatMap(cell), below: around.below.flatMap(cell) };
  }

  /** What, beside its text, decides how a cell is shown to those around it. */
  kindOf(uri: string): string {
    const [cell] = this.cell(uri);
    return `${cell?.kind} ${cell?.languageId}`;
  }

  private cell(uri: string): Cell[] {
    const document = this.documents.get(uri);
    if (!document) return [];
    const kind = this.notebooks.getNotebookCell(uri)?.kind === Kind.Markup ? "markup" : "code";
    return [{ kind, languageId: document.languageId, text: document.getText() }];
  }
}

/** The connection; `changed` is called after each change of a notebook: the library reports no cells that only move. */
function afterChanges(connection: Connection, changed: () => void): Connection {
  const { synchronization } = connection.notebooks;
  const observed: typeof synchronization = {
    ...synchronization,
    onDidChangeNotebookDocument: handler =>
      synchronization.onDidChangeNotebookDocument(async params => {
        await handler(params);
        changed();
      }),
  };
  return Object.create(connection, { notebooks: { value: { synchronization: observed } } });
}
