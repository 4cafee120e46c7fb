/**
 * Reads one column chunk of a Parquet file page by page.
 *
 * hyparquet decodes whole column chunks, and BigCode's files hold one row group each: 450 MB of text at
 * once. This takes the memory of one page (about 1 MB) and, if there is one, of the chunk's dictionary.
 * Headers, decompression and encodings are hyparquet's.
 */

import { readSync } from "node:fs";
import type { ColumnMetaData, Compressors, SchemaTree } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { decompressPage, readDataPage, readDataPageV2 } from "hyparquet/src/datapage.js";
import { readPlain } from "hyparquet/src/plain.js";
import { getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import { messageOf } from "../index.ts";
import type { ReadOptions } from "./reading.ts";

type Decoder = Parameters<typeof readDataPage>[2];
type Header = ReturnType<typeof parquetHeader>;

/** A value as it is stored: bytes for text, which are decoded only when needed. */
export type Stored = Uint8Array | number | bigint | boolean | null;

const HEADER_BYTES = 4096;
/** Limit of an unpacked page, a hundred times what writers make. */
const PAGE_BYTES_LIMIT = 1 << 27;
/** Limit of values in a page, since arrays of all its levels are made. */
const PAGE_VALUES_LIMIT = 1 << 22;

/** Reads from a position in a file until the array is full or the file ends. Returns the number of bytes read. */
export function readFully(file: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.length) {
    const count = readSync(file, into, done, into.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** A column chunk: its position, and the schema for reading it. */
export interface ColumnChunk {
  /** The file's descriptor. */
  readonly file: number;
  readonly compressors: Compressors;
  readonly metadata: ColumnMetaData;
  /** Schema nodes from the root to the column, both included. */
  readonly path: SchemaTree[];
  /** For messages. */
  readonly name: string;
}

/** The entries of a page, as it stores them. */
export interface Page {
  readonly entries: number;
  /** A level for each entry; empty if all are 0. */
  readonly repetitions: ArrayLike<number>;
  /** A level for each entry; empty if all are the highest. */
  readonly definitions: ArrayLike<number>;
  /** A value for each entry of the highest definition level; undefined for a page that could not be decoded. */
  readonly values: ArrayLike<Stored> | undefined;
  /** The values that `values` are indices of; undefined if `values` are the values themselves. */
  readonly dictionary: ArrayLike<Stored> | undefined;
}

/** The data pages of one column chunk, in order. */
export class ChunkPages {
  /** Bytes of the file after the reader; the start of the chunk before the first page. */
  offset: number;
  private readonly end: number;
  private readonly decoder: Decoder;
  private dictionary: ArrayLike<Stored> | undefined;
  private buffer = new Uint8Array(0);

  constructor(
    private readonly chunk: ColumnChunk,
    private readonly options: ReadOptions,
  ) {
    const { compressors, metadata, path } = chunk;
    const { type, codec, data_page_offset, dictionary_page_offset, total_compressed_size } = metadata;
    // Some writers leave the dictionary's offset at 0 instead of leaving it out.
    this.offset = Number(dictionary_page_offset || data_page_offset);
    this.end = this.offset + Number(total_compressed_size);
    this.decoder = {
      pathInSchema: metadata.path_in_schema,
      type,
      element: path[path.length - 1].element,
      schemaPath: path,
      codec,
      parsers: DEFAULT_PARSERS,
      compressors,
    };
  }

  /**
   * The next page of values, whose bytes are valid until the next call; undefined at the end of the chunk. Throws
   * hyparquet's errors for damaged or unsupported data, unless it is known which rows are lost with the page.
   */
  next(): Page | undefined {
    while (this.offset < this.end) {
      const start = this.offset;
      this.options.onPage?.(start);
      const header = this.readHeader();
      const bytes = this.readPage(header);
      try {
        if (this.options.badPages?.has(start)) throw new Error("a page could not be decoded in time");
        if (header.type === "DICTIONARY_PAGE") this.takeDictionary(header, bytes);
        else if (header.type === "DATA_PAGE" || header.type === "DATA_PAGE_V2")
          return this.decoded(header, bytes);
      } catch (error) {
        return this.passedOver(header, start, error);
      }
    }
    return undefined;
  }

  /** A page of nulls that replaces one that cannot be decoded. Throws if it is not known which rows are lost. */
  private passedOver(header: Header, start: number, error: unknown): Page {
    const { path, name } = this.chunk;
    const entries = (header.data_page_header_v2 ?? header.data_page_header)?.num_values ?? -1;
    if (getMaxRepetitionLevel(path) > 0 || entries < 0 || entries > PAGE_VALUES_LIMIT) throw error;
    this.options.onSkipped?.("badPage", `column "${name}", byte ${start}: ${messageOf(error)}`);
    return { entries, repetitions: [], definitions: [], values: undefined, dictionary: undefined };
  }

  private takeDictionary(header: Header, bytes: Uint8Array): void {
    const { type, element } = this.decoder;
    const page = this.unpack(header, bytes);
    const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
    const count = header.dictionary_page_header?.num_values ?? 0;
    // A value takes at least one bit.
    if (count < 0 || count > page.length * 8) throw new Error(`a dictionary claims ${count} values`);
    this.dictionary = readPlain(reader, type, count, element.type_length);
    this.buffer = new Uint8Array(0);
  }

  private decoded(header: Header, bytes: Uint8Array): Page {
    const head = header.data_page_header_v2 ?? header.data_page_header;
    if (!head) throw new Error("a page has no header of its kind");
    if (head.num_values < 0 || head.num_values > PAGE_VALUES_LIMIT)
      throw new Error(`a page claims ${head.num_values} values`);
    const { repetitionLevels, definitionLevels, dataPage } = header.data_page_header
      ? readDataPage(this.unpack(header, bytes), header.data_page_header, this.decoder)
      : readDataPageV2(bytes, header, this.decoder);
    const isIndexed = head.encoding.endsWith("_DICTIONARY");
    if (isIndexed && !this.dictionary) throw new Error("a page refers to a dictionary that is not there");
    return {
      entries: head.num_values,
      repetitions: repetitionLevels,
      definitions: definitionLevels ?? [],
      values: dataPage,
      dictionary: isIndexed ? this.dictionary : undefined,
    };
  }

  private unpack(header: Header, bytes: Uint8Array): Uint8Array {
    return decompressPage(bytes, header.uncompressed_page_size, this.decoder.codec, this.chunk.compressors);
  }

  /** The stored bytes of the page at `offset`, which moves past them. */
  private readPage(header: Header): Uint8Array {
    const { compressed_page_size: stored, uncompressed_page_size: unpacked } = header;
    if (stored < 0 || stored > this.end - this.offset || unpacked < 0 || unpacked > PAGE_BYTES_LIMIT)
      throw new Error(`a page claims ${stored} bytes, ${unpacked} unpacked`);
    // Uncompressed values are views of the bytes read, and a dictionary outlives its page.
    if (this.buffer.length < stored || header.type === "DICTIONARY_PAGE")
      this.buffer = new Uint8Array(stored + (stored >> 2));
    const bytes = this.read(this.buffer, stored);
    this.offset += stored;
    return bytes;
  }

  /** The header at `offset`, which moves past it. Its length is only known after reading. */
  private readHeader(): Header {
    const rest = this.end - this.offset;
    for (let length = Math.min(HEADER_BYTES, rest); ; length = Math.min(length * 8, rest)) {
      const bytes = this.read(new Uint8Array(length), length);
      const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
      try {
        const header = parquetHeader(reader);
        this.offset += reader.offset;
        return header;
      } catch (error) {
        if (length === rest) throw error;
      }
    }
  }

  /** Reads `length` bytes at `offset`, which does not change. */
  private read(into: Uint8Array, length: number): Uint8Array {
    const bytes = into.subarray(0, length);
    if (readFully(this.chunk.file, bytes, this.offset) < length)
      throw new Error("the file ends within a page");
    return bytes;
  }
}
