/**
 * Parquet files as pyarrow makes them, which hyparquet-writer cannot: pages of version 1 that begin with a dictionary
 * and fall back to plain values.
 */
import { writeFileSync } from "node:fs";
import type { ColumnChunk, SchemaElement } from "hyparquet";
import { ByteWriter } from "hyparquet-writer";
import { writePageHeader } from "hyparquet-writer/src/datapage.js";
import { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";
import { writePlain } from "hyparquet-writer/src/plain.js";
import { compressors, list, type Texts, table, text } from "./parquet.ts";

type PageHeader = Parameters<typeof writePageHeader>[1];

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

/** Writes a file of one row group with pages of version 1. */
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
