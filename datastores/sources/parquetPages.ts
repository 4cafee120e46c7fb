/**
 * Reads one column chunk of a Parquet file page by page.
 *
 * hyparquet decodes whole column chunks, and BigCode's files hold one row group each: 450 MB of text at
 * once. Here the memory is that of one page (about 1 MB) and, where there is one, the chunk's dictionary.
 * Headers, decompression and encodings are hyparquet's; levels are turned into rows as the Dremel paper says
 * (Melnik et al. 2010): an entry of repetition level 0 begins a row, and one whose definition level is the
 * highest carries a value.
 */

import { readSync } from "node:fs";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Decompress } from "fzstd";
import type { ColumnMetaData, Compressors, SchemaTree } from "hyparquet";
import { parquetHeader } from "hyparquet/src/column.js";
import { DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { decompressPage, readDataPage, readDataPageV2 } from "hyparquet/src/datapage.js";
import { readPlain } from "hyparquet/src/plain.js";
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import { compressors as wasmCompressors } from "hyparquet-compressors";
import { messageOf } from "../document.ts";
import type { ReadOptions } from "./reading.ts";

type Decoder = Parameters<typeof readDataPage>[2];
type Header = ReturnType<typeof parquetHeader>;
type Compressor = NonNullable<Compressors["GZIP"]>;

/** A value as it is stored: bytes for text, not decoded before somebody wants it. */
export type Stored = Uint8Array | number | bigint | boolean | null;

const HEADER_BYTES = 4096;
/** Of an unpacked page, a hundred times what writers make. */
const PAGE_BYTES_LIMIT = 1 << 27;
/** Of a page: arrays of all its levels are made. */
const PAGE_VALUES_LIMIT = 1 << 22;

const gunzip: Compressor = (bytes, length) => gunzipSync(bytes, { maxOutputLength: Math.max(1, length) });
const unbrotli: Compressor = (bytes, length) =>
  brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, length) });
/** Node's own zlib is several times the speed of the one in JavaScript. */
const compressors: Compressors = { ...wasmCompressors, GZIP: gunzip, BROTLI: unbrotli, ZSTD: unzstandard };

/** Ends as soon as there is more than the page's header says, which some kilobytes can ask gigabytes for. */
function unzstandard(bytes: Uint8Array, length: number): Uint8Array {
  const page = new Uint8Array(length);
  let end = 0;
  const decompress = new Decompress(chunk => {
    if (end + chunk.length > length) throw new Error("a page unpacks to more than its header says");
    page.set(chunk, end);
    end += chunk.length;
  });
  decompress.push(bytes, true);
  return page.subarray(0, end);
}

/** The entries of one column chunk in order; after `next()` the fields hold the entry. */
export class ColumnPages {
  /** 0 where a row begins; n where the n-th list above the value goes on. */
  repetition = 0;
  definition = 0;
  /** Null where the value, or something above it, is null or an empty list. Bytes hold until `next()`. */
  value: Stored = null;
  /** Bytes of the file after the reader; the start of the chunk before the first page. */
  offset: number;
  readonly maxDefinition: number;
  readonly maxRepetition: number;
  private readonly end: number;
  private readonly decoder: Decoder;
  private dictionary: ArrayLike<Stored> | undefined;
  private repetitions: ArrayLike<number> = [];
  private definitions: ArrayLike<number> = [];
  private values: ArrayLike<Stored> = [];
  private isIndexed = false;
  /** Whether the page could not be decoded: its entries are null. */
  private isBad = false;
  private entries = 0;
  private entry = 0;
  private valueIndex = 0;
  private buffer = new Uint8Array(0);

  /** @param schemaPath schema nodes from the root to the column, both included @param name of the column */
  constructor(
    private readonly file: number,
    column: ColumnMetaData,
    schemaPath: SchemaTree[],
    private readonly name: string,
    private readonly options: ReadOptions,
  ) {
    const { type, codec, data_page_offset, dictionary_page_offset, total_compressed_size } = column;
    // Some writers leave the dictionary's offset at 0 instead of leaving it out.
    this.offset = Number(dictionary_page_offset || data_page_offset);
    this.end = this.offset + Number(total_compressed_size);
    this.maxDefinition = getMaxDefinitionLevel(schemaPath);
    this.maxRepetition = getMaxRepetitionLevel(schemaPath);
    this.decoder = {
      pathInSchema: column.path_in_schema,
      type,
      element: schemaPath[schemaPath.length - 1].element,
      schemaPath,
      codec,
      parsers: DEFAULT_PARSERS,
      compressors,
    };
  }

  /** False at the end of the chunk. Throws hyparquet's errors for what is damaged or unknown to it. */
  next(): boolean {
    while (this.entry === this.entries) if (!this.loadPage()) return false;
    const entry = this.entry++;
    if (this.isBad) {
      [this.repetition, this.definition, this.value] = [0, 0, null];
      return true;
    }
    this.repetition = this.repetitions.length > 0 ? this.repetitions[entry] : 0;
    this.definition = this.definitions.length > 0 ? this.definitions[entry] : this.maxDefinition;
    this.value = null;
    if (this.definition !== this.maxDefinition) return true;
    const stored = this.values[this.valueIndex++];
    this.value = this.isIndexed && this.dictionary ? this.dictionary[Number(stored)] : stored;
    if (this.value === undefined) throw new Error("a page holds fewer values than its header says");
    return true;
  }

  /** Whether the entry after this one belongs to the same list at `depth` (0: to the same row). */
  goesOn(depth: number): boolean {
    while (this.entry === this.entries) if (!this.loadPage()) return false;
    return this.repetitions.length > 0 && this.repetitions[this.entry] > depth;
  }

  private loadPage(): boolean {
    if (this.offset >= this.end) return false;
    const start = this.offset;
    this.options.onPage?.(start);
    const header = this.readHeader();
    const { compressed_page_size: stored, uncompressed_page_size: plain } = header;
    if (stored < 0 || stored > this.end - this.offset || plain < 0 || plain > PAGE_BYTES_LIMIT)
      throw new Error(`a page claims ${stored} bytes, ${plain} unpacked`);
    // Uncompressed values are views of the bytes read, and a dictionary outlives its page.
    if (this.buffer.length < stored || header.type === "DICTIONARY_PAGE")
      this.buffer = new Uint8Array(stored + (stored >> 2));
    const bytes = this.read(this.buffer, this.offset, stored);
    this.offset += stored;
    this.isBad = false;
    try {
      if (this.options.badPages?.has(start)) throw new Error("a page could not be decoded in time");
      if (header.type === "DICTIONARY_PAGE") this.takeDictionary(header, bytes);
      else if (header.type === "DATA_PAGE" || header.type === "DATA_PAGE_V2") this.takeData(header, bytes);
    } catch (error) {
      this.passOver(header, start, error);
    }
    return true;
  }

  /** Makes nulls of a page's entries. Throws where it is not known which rows those are. */
  private passOver(header: Header, start: number, error: unknown): void {
    const entries = (header.data_page_header_v2 ?? header.data_page_header)?.num_values ?? -1;
    if (this.maxRepetition > 0 || entries < 0 || entries > PAGE_VALUES_LIMIT) throw error;
    this.options.onSkipped?.("badPage", `column "${this.name}", byte ${start}: ${messageOf(error)}`);
    this.isBad = true;
    this.entries = entries;
    this.entry = 0;
  }

  private takeDictionary(header: Header, bytes: Uint8Array): void {
    const { codec, type, element } = this.decoder;
    const page = decompressPage(bytes, header.uncompressed_page_size, codec, compressors);
    const reader = { view: new DataView(page.buffer, page.byteOffset, page.byteLength), offset: 0 };
    const count = header.dictionary_page_header?.num_values ?? 0;
    // A value takes a bit at least.
    if (count < 0 || count > page.length * 8) throw new Error(`a dictionary claims ${count} values`);
    this.dictionary = readPlain(reader, type, count, element.type_length);
    this.buffer = new Uint8Array(0);
  }

  private takeData(header: Header, bytes: Uint8Array): void {
    const head = header.data_page_header_v2 ?? header.data_page_header;
    if (!head) throw new Error("a page has no header of its kind");
    if (head.num_values < 0 || head.num_values > PAGE_VALUES_LIMIT)
      throw new Error(`a page claims ${head.num_values} values`);
    const page = header.data_page_header
      ? readDataPage(this.unpack(header, bytes), header.data_page_header, this.decoder)
      : readDataPageV2(bytes, header, this.decoder);
    this.repetitions = page.repetitionLevels;
    this.definitions = page.definitionLevels ?? [];
    this.values = page.dataPage;
    this.isIndexed = head.encoding.endsWith("_DICTIONARY");
    if (this.isIndexed && !this.dictionary)
      throw new Error("a page refers to a dictionary that is not there");
    this.entries = head.num_values;
    this.entry = 0;
    this.valueIndex = 0;
  }

  private unpack(header: Header, bytes: Uint8Array): Uint8Array {
    return decompressPage(bytes, header.uncompressed_page_size, this.decoder.codec, compressors);
  }

  /** The header at `offset`, which it moves after it. Its length is known only when it has been read. */
  private readHeader(): Header {
    const rest = this.end - this.offset;
    for (let length = Math.min(HEADER_BYTES, rest); ; length = Math.min(length * 8, rest)) {
      const bytes = this.read(new Uint8Array(length), this.offset, length);
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

  private read(into: Uint8Array, position: number, length: number): Uint8Array {
    let done = 0;
    while (done < length) {
      const count = readSync(this.file, into, done, length - done, position + done);
      if (count === 0) throw new Error("the file ends within a page");
      done += count;
    }
    return into.subarray(0, length);
  }
}
