/**
 * The entries of one column chunk of a Parquet file. Levels are turned into rows as in the Dremel paper (Melnik et
 * al. 2010): an entry of repetition level 0 begins a row, and one with the highest definition level has a
 * value.
 */
import { getMaxDefinitionLevel, getMaxRepetitionLevel } from "hyparquet/src/schema.js";
import { ChunkPages, type ColumnChunk, type Page, type Stored } from "./parquetPages.ts";
import type { ReadOptions } from "./reading.ts";

const NO_PAGE: Page = { entries: 0, repetitions: [], definitions: [], values: [], dictionary: undefined };

/** The entries in order; after `next()` the fields describe the entry. */
export class ColumnReader {
  /** 0 at the start of a row; n if the n-th list above the value continues. */
  repetition = 0;
  definition = 0;
  /** Null if the value, or something above it, is null or an empty list. Bytes are valid until `next()`. */
  value: Stored = null;
  readonly maxDefinition: number;
  readonly maxRepetition: number;
  private readonly pages: ChunkPages;
  private page = NO_PAGE;
  /** Position in the page: the next entry, and the next value; there are fewer values than entries. */
  private entry = 0;
  private valueIndex = 0;

  constructor(chunk: ColumnChunk, options: ReadOptions) {
    this.pages = new ChunkPages(chunk, options);
    this.maxDefinition = getMaxDefinitionLevel(chunk.path);
    this.maxRepetition = getMaxRepetitionLevel(chunk.path);
  }

  /** Bytes of the file after the reader; the start of the chunk before the first entry. */
  get offset(): number {
    return this.pages.offset;
  }

  /** False at the end of the chunk. Throws hyparquet's errors for damaged or unsupported data. */
  next(): boolean {
    if (!this.hasEntry()) return false;
    const { repetitions, definitions, values, dictionary } = this.page;
    const entry = this.entry++;
    this.value = null;
    if (!values) {
      this.repetition = 0;
      this.definition = 0;
      return true;
    }
    this.repetition = repetitions.length > 0 ? repetitions[entry] : 0;
    this.definition = definitions.length > 0 ? definitions[entry] : this.maxDefinition;
    if (this.definition !== this.maxDefinition) return true;
    const stored = values[this.valueIndex++];
    this.value = dictionary ? dictionary[Number(stored)] : stored;
    if (this.value === undefined) throw new Error("a page holds fewer values than its header says");
    return true;
  }

  /** Whether the entry after this one belongs to the same list at `depth` (0: to the same row). */
  goesOn(depth: number): boolean {
    if (!this.hasEntry()) return false;
    const { repetitions } = this.page;
    return repetitions.length > 0 && repetitions[this.entry] > depth;
  }

  /** Whether there is a next entry; moves to its page. */
  private hasEntry(): boolean {
    while (this.entry === this.page.entries) {
      const page = this.pages.next();
      if (!page) return false;
      this.page = page;
      this.entry = 0;
      this.valueIndex = 0;
    }
    return true;
  }
}
