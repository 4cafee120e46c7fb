/** Parquet files in the schemas of the real data sets, written by hyparquet-writer, which makes pages of version 2. */
import { closeSync, openSync, writeSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { CompressionCodec, ParquetType, SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { snappyCompress } from "hyparquet-writer/src/snappy.js";

export type Texts = readonly (string | null)[];

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
export const text = (name: string): SchemaElement => ({
  ...plain(name, "BYTE_ARRAY"),
  converted_type: "UTF8",
});
export const list = (name: string, ...items: SchemaElement[]): SchemaElement[] => [
  { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  ...items,
];
export const table = (count: number, ...rest: SchemaElement[]) => [
  { name: "schema", num_children: count },
  ...rest,
];

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
