/**
 * Documents of a Parquet file: one row per file (The Stack v1, StarCoder's data, any table with a content
 * column), or one row per repository with a list of files (The Stack v3).
 *
 * All wanted columns stream in step, each holding one page; no row group or, in v3, repository is held in
 * memory.
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import { basename } from "node:path";
import type { Compressors, FileMetaData, RowGroup, SchemaTree } from "hyparquet";
import { parquetMetadataAsync, parquetSchema } from "hyparquet";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import {
  codeOf,
  fileError,
  messageOf,
  type SourceDocument,
  StoreError,
  storeError,
  throwIfCancelled,
} from "../index.ts";
import { isIn, KNOWN_COLUMNS, toDocument } from "./columns.ts";
import { CONVERSATION_PATHS, joinTurns } from "./conversations.ts";
import { decompressors } from "./decompressors.ts";
import { ColumnReader } from "./parquetColumn.ts";
import { readFully, type Stored } from "./parquetPages.ts";
import { CONTENT_COLUMN, DOCUMENT_BYTES_LIMIT, isTooLarge, Pace, type ReadOptions } from "./reading.ts";

/** The list of files in a row of The Stack v3, and the columns beside the content that are read. */
const FILES_COLUMN = "files";
const LICENCE_TYPE = "license_type";
const VENDORED = "is_vendor";
const REPOSITORY = "repo_path";
const FILE_COLUMNS = ["content_id", "file_path", "language", VENDORED, LICENCE_TYPE, "detected_licenses"];

/** A column to read: its name in a `Row` and its nodes from the root to the leaf. */
interface Wanted {
  readonly name: string;
  readonly path: SchemaTree[];
}

interface Table {
  readonly file: number;
  readonly compressors: Compressors;
  readonly name: string;
  readonly metadata: FileMetaData;
  readonly content: Wanted;
  readonly others: readonly Wanted[];
  /** The repository of a row that holds a list of files; undefined if a row is a file. */
  readonly repository: Wanted | undefined;
  readonly isNested: boolean;
  /** Whether the content is a list of turns. */
  readonly isConversation: boolean;
}

/**
 * The documents of the Parquet file at `path`, in its order. Throws `StoreError`: `missing`, `unreadable`,
 * `corrupt` (not Parquet, or damaged), `schema` (no content column), `cancelled`.
 */
export async function* readParquet(path: string, options: ReadOptions = {}): AsyncGenerator<SourceDocument> {
  throwIfCancelled(options.signal);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw fileError(error, path);
  }
  try {
    const table = await openTable(file, path, options.contentColumn);
    yield* readTable(table, options);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = codeOf(error);
    if (typeof code === "string" && /^E[A-Z]+$/.test(code)) throw fileError(error, path);
    throw storeError(
      "corrupt",
      `${path} is not a valid Parquet file: ${messageOf(error)}.`,
      "Download it again.",
      error,
    );
  } finally {
    closeSync(file);
  }
}

async function openTable(file: number, path: string, column: string | undefined): Promise<Table> {
  const byteLength = fstatSync(file).size;
  const slice = (start: number, end = byteLength) => {
    const bytes = new Uint8Array(end - start);
    readFully(file, bytes, start);
    return bytes.buffer;
  };
  refusePointer(Buffer.from(slice(0, Math.min(byteLength, 40))).toString("latin1"), path);
  if (byteLength < 12) throw new Error("it is too short");
  const metadata = await parquetMetadataAsync({ byteLength, slice }, { geoparquet: false });
  const root = parquetSchema(metadata);
  const child = (parent: SchemaTree, name: string) =>
    parent.children.find(node => node.element.name === name);
  const name = basename(path);
  const shared = { file, name, metadata, compressors: await decompressors() };
  const contentColumn = column ?? CONTENT_COLUMN;
  const plainTable = (content: Wanted): Table => {
    const others = KNOWN_COLUMNS.flatMap(column => wanted(root, child(root, column), column) ?? []);
    const isConversation = getMaxRepetitionLevel(content.path) > 0;
    return { ...shared, content, others, repository: undefined, isNested: false, isConversation };
  };
  const content = wanted(root, child(root, contentColumn), contentColumn) ?? leafAt(root, contentColumn);
  if (content) return plainTable(content);
  const files = child(root, FILES_COLUMN);
  const parents = files ? [root, ...onlyChildren(files)] : [];
  const struct = parents.at(-1);
  const fileContent = struct && wanted(root, child(struct, contentColumn), contentColumn, parents);
  if (struct && fileContent) {
    const others = FILE_COLUMNS.flatMap(column => wanted(root, child(struct, column), column, parents) ?? []);
    const repository = wanted(root, child(root, REPOSITORY), REPOSITORY);
    const nested = { isNested: true, isConversation: false };
    return { ...shared, content: fileContent, others, repository, ...nested };
  }
  for (const known of column === undefined ? CONVERSATION_PATHS : []) {
    const turns = leafAt(root, known);
    if (turns) return plainTable(turns);
  }
  const names = root.children.map(node => node.element.name).join(", ");
  throw storeError(
    "schema",
    `${path} has no column "${contentColumn}"; it has ${names}.`,
    "Name the column that holds the text with --column, such as text, or messages.content for a list of turns.",
  );
}

/** The leaf at a path such as `messages.content`; the path does not name lists in between. */
function leafAt(root: SchemaTree, column: string): Wanted | undefined {
  const path = [root];
  for (const name of column.split(".")) {
    const between = onlyChildren(path[path.length - 1]);
    const from = between.findIndex(({ children }) => children.some(node => node.element.name === name));
    if (from < 0) return undefined;
    path.push(...between.slice(1, from + 1));
    path.push(between[from].children.find(node => node.element.name === name) as SchemaTree);
  }
  return wanted(root, path[path.length - 1], column, path.slice(0, -1));
}

/** Refuses the pointer that a clone without Git LFS has in place of a data file. */
function refusePointer(head: string, path: string): void {
  if (!head.startsWith("version https://git-lfs")) return;
  throw storeError(
    "corrupt",
    `${path} is a Git LFS pointer, not the data.`,
    "Fetch the file with `git lfs pull`.",
  );
}

/** The node and its chain of only children, down to a node that has none or several. */
function onlyChildren(node: SchemaTree): SchemaTree[] {
  const nodes = [node];
  for (let at = node; at.children.length === 1; nodes.push(at)) at = at.children[0];
  return nodes;
}

/** The leaf of a plain column or of a list of plain values; undefined for a struct, or if there is no node. */
function wanted(
  root: SchemaTree,
  node: SchemaTree | undefined,
  name: string,
  parents = [root],
): Wanted | undefined {
  if (!node) return undefined;
  const path = [...parents, ...onlyChildren(node)];
  return path[path.length - 1].children.length === 0 ? { name, path } : undefined;
}

async function* readTable(table: Table, options: ReadOptions): AsyncGenerator<SourceDocument> {
  const { metadata, content } = table;
  const pace = new Pace(options.signal);
  const sizes = metadata.row_groups.map(group => compressedBytes(group, content));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let before = 0;
  let rowBase = 0;
  let documents = 0;
  let damage: Error | undefined;
  for (const [index, group] of metadata.row_groups.entries()) {
    const reader = new GroupReader(table, group, rowBase, options);
    for (;;) {
      let document: SourceDocument | null | undefined;
      try {
        document = reader.next();
      } catch (error) {
        if (error instanceof StoreError || (error as NodeJS.ErrnoException).syscall) throw error;
        // It is unknown which rows the rest contains: reading continues with the next row group.
        damage = error as Error;
        options.onSkipped?.("badPage", `${table.name} row ${rowBase + reader.row + 1}: ${damage.message}`);
      }
      if (pace.isDue) {
        options.onProgress?.(before + reader.readBytes, total);
        await pace.breathe();
      }
      if (document === undefined) break;
      if (document === null) continue;
      documents++;
      yield document;
    }
    before += sizes[index];
    rowBase += Number(group.num_rows);
    options.onProgress?.(before, total);
  }
  if (documents === 0 && damage) throw damage;
}

function chunkOf(group: RowGroup, { name, path }: Wanted) {
  const key = path.slice(1).map(node => node.element.name);
  const chunk = group.columns.find(
    ({ meta_data }) => meta_data?.path_in_schema.join("\0") === key.join("\0"),
  );
  if (!chunk?.meta_data) throw new Error(`a row group has no column "${name}"`);
  return chunk.meta_data;
}

function compressedBytes(group: RowGroup, column: Wanted): number {
  return Number(chunkOf(group, column).total_compressed_size);
}

/** One row group, document by document. */
class GroupReader {
  private readonly content: ColumnReader;
  private readonly start: number;
  private readonly others: { readonly name: string; readonly column: ColumnReader }[];
  private readonly repository: ColumnReader | undefined;
  private readonly fields = new Map<string, unknown>();
  private readonly rows: number;
  private readonly depth: number;
  /** An entry with at least this definition level is a file; below it is an empty list or a null. */
  private readonly present: number;
  private rowIndex = -1;
  private isWithinRow = false;

  constructor(
    private readonly table: Table,
    group: RowGroup,
    private readonly rowBase: number,
    private readonly options: ReadOptions,
  ) {
    const reader = ({ name, path }: Wanted) =>
      new ColumnReader(
        {
          file: table.file,
          compressors: table.compressors,
          metadata: chunkOf(group, { name, path }),
          path,
          name,
        },
        options,
      );
    this.content = reader(table.content);
    this.start = this.content.offset;
    this.others = table.others.map(column => ({ name: column.name, column: reader(column) }));
    this.repository = table.repository && reader(table.repository);
    this.rows = Number(group.num_rows);
    this.depth = table.isNested ? 1 : 0;
    this.present = table.isNested ? getMaxDefinitionLevel(table.content.path.slice(0, -1)) : 0;
  }

  /** Index of the current row within the group. */
  get row(): number {
    return Math.max(0, this.rowIndex);
  }

  /** Bytes of the content column after the reader. */
  get readBytes(): number {
    return this.content.offset - this.start;
  }

  /** The next document; null for one to skip; undefined at the end of the group. */
  next(): SourceDocument | null | undefined {
    const { content, fields: row } = this;
    if (!this.isWithinRow) {
      if (++this.rowIndex >= this.rows) return undefined;
      if (this.repository) row.set(REPOSITORY, plain(advance(this.repository, REPOSITORY)));
    }
    const { isConversation, content: column } = this.table;
    const stored = isConversation ? element(content, column.name, 0) : advance(content, column.name);
    const isPresent = content.definition >= this.present;
    for (const { name, column } of this.others) row.set(name, element(column, name, this.depth));
    this.isWithinRow = this.table.isNested && content.goesOn(0);
    return isPresent ? this.document(stored) : null;
  }

  /** @param stored the bytes of a text, or the turns of a conversation */
  private document(stored: unknown): SourceDocument | null {
    const place = `${this.table.name} row ${this.rowBase + this.rowIndex + 1}`;
    const { fields: row, options } = this;
    throwIfCancelled(options.signal);
    if (Array.isArray(stored)) return this.conversation(stored, place);
    if (!isIn(row, options.language)) return this.skip("otherLanguage", place);
    if (this.table.isNested) {
      // A repository without a licence is all rights reserved, whatever the crawl contains of it.
      if (row.get(LICENCE_TYPE) !== "permissive") return this.skip("notPermissive", place);
      if (row.get(VENDORED) === true) return this.skip("vendored", place);
      row.set("repo_name", row.get(REPOSITORY));
    }
    if (!(stored instanceof Uint8Array)) return this.skip("noContent", place);
    if (stored.length > DOCUMENT_BYTES_LIMIT) return this.skip("tooLarge", place);
    return toDocument(text(stored), row, place);
  }

  private conversation(turns: readonly unknown[], place: string): SourceDocument | null {
    const said = joinTurns(turns);
    if (said === undefined) return this.skip("noContent", place);
    if (isTooLarge(said)) return this.skip("tooLarge", place);
    return { ...toDocument(said, this.fields, place), isProse: true };
  }

  private skip(reason: Parameters<NonNullable<ReadOptions["onSkipped"]>>[0], place: string): null {
    this.options.onSkipped?.(reason, place);
    return null;
  }
}

/** The value of a column's next entry. */
function advance(column: ColumnReader, name: string): Stored {
  if (!column.next()) throw new Error(`the column "${name}" ends before its row group does`);
  return column.value;
}

/**
 * A column's part of one document: a plain value, or the values of a list.
 * @param depth number of lists around a document: 1 if a row holds a list of files
 */
function element(column: ColumnReader, name: string, depth: number): unknown {
  const first = advance(column, name);
  if (column.maxRepetition === depth) return plain(first);
  const values = column.definition === column.maxDefinition ? [plain(first)] : [];
  while (column.goesOn(depth)) {
    const value = advance(column, name);
    if (column.definition === column.maxDefinition) values.push(plain(value));
  }
  return values;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

function plain(stored: Stored): unknown {
  return stored instanceof Uint8Array ? text(stored) : stored;
}
