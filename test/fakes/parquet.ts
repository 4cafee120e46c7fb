/**
 * Parquet files in the schemas of the real data sets. Most are written by hyparquet-writer, which makes pages
 * of version 2; `writeMixedPages` writes by hand what pyarrow makes: pages of version 1 that begin with a
 * dictionary and fall back to plain values.
 */
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { ColumnChunk, CompressionCodec, ParquetType, SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { writePlain } from "hyparquet-writer/src/plain.js";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";

type Texts = readonly (string | null)[];
type PageHeader = Parameters<typeof writePageHeader>[1];

export interface WriteOptions {
  readonly codec?: CompressionCodec;
  /** Approximate size of a page in bytes. */
  readonly pageSize?: number;
  readonly rowGroupSize?: number;
}

export interface FakeFile {
  readonly content: string | null;
  readonly hexsha?: string;
  /** As the data set writes it; absent: Python. */
  readonly language?: string;
  /** Repository, path and licences by popularity: stars, issues, forks. */
  readonly repositories?: readonly { name: string; path: string; licences: readonly string[] }[];
}

export interface FakeRepository {
  readonly name: string;
  /** Null: the list itself is null. */
  readonly files: readonly FakeRepositoryFile[] | null;
}

export interface FakeRepositoryFile {
  readonly content: string | null;
  readonly path: string;
  readonly language: string;
  readonly licenceType?: string;
  readonly licences?: readonly string[];
  readonly isVendored?: boolean;
}

const plain = (name: string, type: ParquetType): SchemaElement => ({
  name,
  type,
  repetition_type: "OPTIONAL",
});
const text = (name: string): SchemaElement => ({ ...plain(name, "BYTE_ARRAY"), converted_type: "UTF8" });
const list = (name: string, ...items: SchemaElement[]): SchemaElement[] => [
  { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  ...items,
];
const table = (count: number, ...rest: SchemaElement[]) => [{ name: "schema", num_children: count }, ...rest];

const KINDS = ["stars", "issues", "forks"] as const;

/** The 29 columns of The Stack v1. */
export const STACK_V1: SchemaElement[] = table(
  29,
  text("hexsha"),
  plain("size", "INT64"),
  text("ext"),
  text("lang"),
  ...KINDS.flatMap(kind => [
    text(`max_${kind}_repo_path`),
    text(`max_${kind}_repo_name`),
    text(`max_${kind}_repo_head_hexsha`),
    ...list(`max_${kind}_repo_licenses`, text("item")),
    plain(`max_${kind}_count`, "INT64"),
    text(`max_${kind}_repo_${kind}_event_min_datetime`),
    text(`max_${kind}_repo_${kind}_event_max_datetime`),
  ]),
  text("content"),
  plain("avg_line_length", "DOUBLE"),
  plain("max_line_length", "INT64"),
  plain("alphanum_fraction", "DOUBLE"),
);

const STARCODER: SchemaElement[] = table(
  5,
  text("max_stars_repo_path"),
  text("max_stars_repo_name"),
  plain("max_stars_count", "INT64"),
  text("id"),
  text("content"),
);

const STACK_V3: SchemaElement[] = table(
  4,
  text("repo_path"),
  plain("repo_id", "INT64"),
  text("commit_id"),
  ...list(
    "files",
    { name: "element", repetition_type: "OPTIONAL", num_children: 9 },
    text("content_id"),
    text("content"),
    plain("size_bytes", "INT32"),
    text("file_path"),
    plain("file_timestamp", "INT64"),
    text("language"),
    plain("is_vendor", "BOOLEAN"),
    text("license_type"),
    ...list("detected_licenses", text("element")),
  ),
);

/** Conversations in OpenAI's form, as UltraChat has them in Parquet. */
const MESSAGES: SchemaElement[] = table(
  2,
  text("prompt_id"),
  ...list(
    "messages",
    { name: "element", repetition_type: "OPTIONAL", num_children: 2 },
    text("content"),
    text("role"),
  ),
);

/** Zstandard without compression: frames of raw blocks are valid frames. */
export function zstandardFrame(bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(9);
  head.writeUInt32LE(0xfd2fb528, 0);
  // One segment, content size in 4 bytes, no checksum.
  head[4] = 0xa0;
  head.writeUInt32LE(bytes.length, 5);
  const parts: Uint8Array[] = [head];
  for (let at = 0; at === 0 || at < bytes.length; at += 0x10000) {
    const block = bytes.subarray(at, at + 0x10000);
    const isLast = at + 0x10000 >= bytes.length;
    const header = (block.length << 3) | (isLast ? 1 : 0);
    parts.push(Uint8Array.of(header & 255, (header >> 8) & 255, header >> 16), block);
  }
  return Buffer.concat(parts);
}

export const compressors = { SNAPPY: snappyCompress, GZIP: gzipSync, ZSTD: zstandardFrame };

/** Writes to a file directly, so that the writer itself takes no memory that a test would measure. */
function fileWriter(path: string): ByteWriter {
  const file = openSync(path, "w");
  const writer = new ByteWriter();
  const flush = () => {
    writeSync(file, new Uint8Array(writer.buffer, 0, writer.index));
    writer.index = 0;
  };
  const grow = writer.ensure.bind(writer);
  writer.ensure = size => {
    if (writer.index > 1 << 20) flush();
    grow(size);
  };
  writer.finish = () => {
    flush();
    closeSync(file);
  };
  return writer;
}

function write(
  path: string,
  schema: SchemaElement[],
  columns: Record<string, unknown[]>,
  { codec = "SNAPPY", pageSize = 1 << 20, rowGroupSize = 1 << 30 }: WriteOptions,
): void {
  const writer = new ParquetWriter({ writer: fileWriter(path), schema, codec, compressors });
  const columnData = Object.entries(columns).map(([name, data]) => ({ name, data }));
  writer.write({ columnData, pageSize, rowGroupSize });
  writer.finish();
}

export function writeStackV1(path: string, files: readonly FakeFile[], options: WriteOptions = {}): void {
  const of = <T>(value: (file: FakeFile, index: number) => T): T[] => files.map(value);
  const columns: Record<string, unknown[]> = {
    hexsha: of((file, i) => file.hexsha ?? i.toString(16).padStart(40, "0")),
    size: of(({ content }) => BigInt(content?.length ?? 0)),
    ext: of(() => "py"),
    lang: of(({ language }) => language ?? "Python"),
  };
  for (const [k, kind] of KINDS.entries()) {
    const repository = (file: FakeFile) => file.repositories?.[k];
    columns[`max_${kind}_repo_path`] = of(file => repository(file)?.path ?? null);
    columns[`max_${kind}_repo_name`] = of(file => repository(file)?.name ?? null);
    columns[`max_${kind}_repo_head_hexsha`] = of(() => "f".repeat(40));
    columns[`max_${kind}_repo_licenses`] = of(file => repository(file)?.licences ?? null);
    columns[`max_${kind}_count`] = of((_, i) => (i % 3 === 0 ? null : BigInt(i)));
    columns[`max_${kind}_repo_${kind}_event_min_datetime`] = of(() => null);
    columns[`max_${kind}_repo_${kind}_event_max_datetime`] = of(() => null);
  }
  Object.assign(columns, {
    content: of(({ content }) => content),
    avg_line_length: of(() => 30.5),
    max_line_length: of(() => 99n),
    alphanum_fraction: of(() => 0.7),
  });
  write(path, STACK_V1, columns, options);
}

export function writeMessages(
  path: string,
  conversations: readonly (readonly { role: string; content: string | null }[] | null)[],
  options: WriteOptions = {},
): void {
  write(
    path,
    MESSAGES,
    { prompt_id: conversations.map((_, i) => `p${i}`), messages: [...conversations] },
    options,
  );
}

export function writeStarcoder(
  path: string,
  files: readonly { path: string; repository: string; content: string }[],
  options: WriteOptions = {},
): void {
  const columns = {
    max_stars_repo_path: files.map(file => file.path),
    max_stars_repo_name: files.map(file => file.repository),
    max_stars_count: files.map((_, i) => BigInt(i)),
    id: files.map((_, i) => String(i)),
    content: files.map(file => file.content),
  };
  write(path, STARCODER, columns, options);
}

export function writeStackV3(
  path: string,
  repositories: readonly FakeRepository[],
  options: WriteOptions = {},
): void {
  const columns = {
    repo_path: repositories.map(({ name }) => name),
    repo_id: repositories.map((_, i) => BigInt(i)),
    commit_id: repositories.map(() => "c".repeat(40)),
    files: repositories.map(({ files }) => files?.map(structOf) ?? null),
  };
  write(path, STACK_V3, columns, options);
}

function structOf(file: FakeRepositoryFile) {
  return {
    content_id: `id of ${file.path}`,
    content: file.content,
    size_bytes: file.content?.length ?? 0,
    file_path: file.path,
    file_timestamp: 1n,
    language: file.language,
    is_vendor: file.isVendored ?? false,
    license_type: file.licenceType ?? "permissive",
    detected_licenses: file.licences ?? [],
  };
}

/** A table of one text column with any codec, or with another column name. */
export function writeTexts(path: string, column: string, values: Texts, options: WriteOptions = {}): void {
  write(path, table(1, text(column)), { [column]: [...values] }, options);
}

/** A page of version 1: its levels, if the column has them, and its encoded values. */
interface OldPage {
  readonly levels: readonly (readonly number[])[];
  readonly encoding: "PLAIN" | "RLE_DICTIONARY";
  readonly values: Uint8Array;
}

interface OldColumn {
  readonly path: string[];
  /** Bits of each kind of level; one kind of one bit by default. */
  readonly levelBits?: readonly number[];
  readonly dictionary: readonly string[];
  readonly pages: readonly OldPage[];
}

type Codec = "UNCOMPRESSED" | "SNAPPY" | "GZIP" | "ZSTD";

function plainValues(values: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  writePlain(writer, [...values], "BYTE_ARRAY", undefined);
  return writer.getBytes();
}

function indexValues(values: readonly string[], dictionary: readonly string[]): Uint8Array {
  const writer = new ByteWriter();
  const width = Math.max(1, Math.ceil(Math.log2(dictionary.length)));
  writer.appendUint8(width);
  const indexes = values.map(value => dictionary.indexOf(value));
  writeRleBitPackedHybrid(writer, indexes, width);
  return writer.getBytes();
}

/** Levels in the form of version 1: each kind with its length before it. */
function levelBytes(levels: OldPage["levels"], widths: readonly number[]): Uint8Array {
  const writer = new ByteWriter();
  for (const [index, kind] of levels.entries()) {
    const bytes = new ByteWriter();
    writeRleBitPackedHybrid(bytes, [...kind], widths[index] ?? 1);
    writer.appendUint32(bytes.offset);
    writer.appendBytes(bytes.getBytes());
  }
  return writer.getBytes();
}

/** Writes a file of one row group with pages of version 1, which hyparquet-writer cannot make. */
function writeOldPages(
  path: string,
  schema: SchemaElement[],
  columns: OldColumn[],
  rows: number,
  codec: Codec,
) {
  const writer = new ByteWriter();
  writer.appendUint32(0x31524150);
  const pack = (bytes: Uint8Array) => (codec === "UNCOMPRESSED" ? bytes : compressors[codec](bytes));
  const put = (type: "DICTIONARY_PAGE" | "DATA_PAGE", plain: Uint8Array, header: Partial<PageHeader>) => {
    const packed = pack(plain.slice());
    const sizes = { uncompressed_page_size: plain.length, compressed_page_size: packed.length };
    writePageHeader(writer, { type, ...sizes, ...header });
    writer.appendBytes(packed);
  };
  const chunks = columns.map(({ path, levelBits = [1], dictionary, pages }): ColumnChunk => {
    const start = writer.offset;
    const entries = dictionary.length;
    if (entries > 0)
      put("DICTIONARY_PAGE", plainValues(dictionary), {
        dictionary_page_header: { num_values: entries, encoding: "PLAIN" },
      });
    const dataStart = writer.offset;
    let count = 0;
    for (const { levels, encoding, values } of pages) {
      const num_values = levels[0]?.length ?? 0;
      count += num_values;
      const kinds = { definition_level_encoding: "RLE", repetition_level_encoding: "RLE" } as const;
      const page = Buffer.concat([levelBytes(levels, levelBits), values]);
      put("DATA_PAGE", page, { data_page_header: { num_values, encoding, ...kinds } });
    }
    const size = BigInt(writer.offset - start);
    return {
      file_offset: BigInt(start),
      meta_data: {
        type: "BYTE_ARRAY",
        encodings: ["PLAIN", "RLE_DICTIONARY", "RLE"],
        path_in_schema: path,
        codec,
        num_values: BigInt(count),
        total_uncompressed_size: size,
        total_compressed_size: size,
        data_page_offset: BigInt(dataStart),
        ...(entries > 0 ? { dictionary_page_offset: BigInt(start) } : {}),
      },
    };
  });
  const total_byte_size = BigInt(writer.offset);
  writeMetadata(writer, {
    version: 1,
    created_by: "by hand",
    schema,
    num_rows: BigInt(rows),
    row_groups: [{ num_rows: BigInt(rows), total_byte_size, columns: chunks }],
    metadata_length: 0,
  });
  writer.appendUint32(0x31524150);
  writeFileSync(path, writer.getBytes());
}

const isValue = (value: string | null): value is string => value !== null;
const presence = (values: Texts) => values.map(value => (value === null ? 0 : 1));

/**
 * One optional `content` column in pages of version 1: the first half of the pages refer to a dictionary, the
 * second half hold plain values, as pyarrow does when a dictionary has grown too large.
 */
export function writeMixedPages(path: string, pages: readonly Texts[], codec: Codec = "SNAPPY"): void {
  const half = Math.ceil(pages.length / 2);
  const dictionary = [...new Set(pages.slice(0, half).flat().filter(isValue))];
  const content: OldColumn = {
    path: ["content"],
    dictionary,
    pages: pages.map((values, index): OldPage => {
      const present = values.filter(isValue);
      return index < half
        ? { levels: [presence(values)], encoding: "RLE_DICTIONARY", values: indexValues(present, dictionary) }
        : { levels: [presence(values)], encoding: "PLAIN", values: plainValues(present) };
    }),
  };
  writeOldPages(path, table(1, text("content")), [content], pages.flat().length, codec);
}

/**
 * Rows of a text and a list of licences, whose pages of version 1 break after every second entry, also in the
 * middle of a row's list. A null list and an empty one are written as such.
 */
export function writeSplitLists(
  path: string,
  rows: readonly { content: string; licences: readonly string[] | null }[],
): void {
  const entries = rows.flatMap(
    ({ licences }): { repetition: number; definition: number; value?: string }[] =>
      licences?.length
        ? licences.map((value, i) => ({ repetition: i === 0 ? 0 : 1, definition: 3, value }))
        : [{ repetition: 0, definition: licences ? 1 : 0 }],
  );
  const pages: OldPage[] = [];
  for (let at = 0; at < entries.length; at += 2) {
    const some = entries.slice(at, at + 2);
    pages.push({
      levels: [some.map(({ repetition }) => repetition), some.map(({ definition }) => definition)],
      encoding: "PLAIN",
      values: plainValues(some.flatMap(({ value }) => value ?? [])),
    });
  }
  const contents = rows.map(({ content }) => content);
  const content: OldPage = { levels: [presence(contents)], encoding: "PLAIN", values: plainValues(contents) };
  const schema = table(2, text("content"), ...list("licenses", text("element")));
  const columns: OldColumn[] = [
    { path: ["content"], dictionary: [], pages: [content] },
    { path: ["licenses", "list", "element"], levelBits: [1, 2], dictionary: [], pages },
  ];
  writeOldPages(path, schema, columns, rows.length, "UNCOMPRESSED");
}
