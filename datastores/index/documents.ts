/** Finds the document of a token. The table stays in the file; each lookup reads a few bytes of it. */
import type { ShardFile } from "./shardFile.ts";

/** One document of a stream. */
export interface DocumentEntry {
  /** Index of its first token in the stream. */
  readonly start: number;
  /** Number of tokens; a separator follows them, or the stream's end. */
  readonly length: number;
  /** Where it came from, for display. */
  readonly origin: string;
  readonly licences: readonly string[];
  /** Repositories that contain it, as `owner/name`. */
  readonly repositories: readonly string[];
  /** The source's own name of the content; "" if it has none. */
  readonly contentId: string;
}

export interface DocumentTable {
  readonly count: number;
  /** The document at an index. */
  get(index: number): DocumentEntry;
  /** All of them in order; a file is read in large pieces. */
  all(): Iterable<DocumentEntry>;
  /** Index of the document that has the token at a position; -1 for a separator. */
  indexAt(position: number): number;
}

type RecordFields = [
  origin: string,
  licences: readonly string[],
  repositories: readonly string[],
  contentId: string,
];

export const encodeRecord = ({ origin, licences, repositories, contentId }: DocumentEntry) =>
  JSON.stringify([origin, licences, repositories, contentId] satisfies RecordFields);

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every(item => typeof item === "string");

function isRecord(value: unknown): value is RecordFields {
  if (!Array.isArray(value)) return false;
  const [origin, licences, repositories, contentId] = value as unknown[];
  return (
    typeof origin === "string" &&
    isStrings(licences) &&
    isStrings(repositories) &&
    typeof contentId === "string"
  );
}

/**
 * Index of the last document that starts at or before a position, among `count` with ascending starts; -1 if none.
 * If documents start together, all but the last are empty.
 */
function lastStartingBy(count: number, startOf: (index: number) => number, position: number): number {
  let low = -1;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (startOf(middle) <= position) low = middle;
    else high = middle;
  }
  return low;
}

/** Documents of a shard that was built in memory. */
export class DocumentList implements DocumentTable {
  constructor(private readonly entries: readonly DocumentEntry[]) {}

  get count(): number {
    return this.entries.length;
  }

  get(index: number): DocumentEntry {
    const entry = this.entries[index];
    if (!entry) throw new RangeError(`There is no document ${index} among ${this.count}.`);
    return entry;
  }

  all(): Iterable<DocumentEntry> {
    return this.entries;
  }

  indexAt(position: number): number {
    const { entries } = this;
    const index = lastStartingBy(entries.length, i => entries[i].start, position);
    return index >= 0 && position < entries[index].start + entries[index].length ? index : -1;
  }
}

/** Documents that are read at once when all are requested. */
const BATCH = 1024;
/** A document's start and length, four bytes each. */
const SPAN_BYTES = 8;

/** Documents of a shard's file. Reading throws a `StoreError` for unreadable or damaged data. */
export class DocumentFile implements DocumentTable {
  readonly count: number;
  private readonly span = new Uint32Array(2);
  private readonly spanBytes = new Uint8Array(this.span.buffer);

  constructor(private readonly file: ShardFile) {
    this.count = file.header.documents;
  }

  get(index: number): DocumentEntry {
    if (!(index >= 0 && index < this.count))
      throw new RangeError(`There is no document ${index} among ${this.count}.`);
    return this.readBatch(index, 1)[0];
  }

  *all(): Generator<DocumentEntry> {
    for (let first = 0; first < this.count; first += BATCH)
      yield* this.readBatch(first, Math.min(BATCH, this.count - first));
  }

  indexAt(position: number): number {
    const index = lastStartingBy(this.count, i => this.readSpan(i)[0], position);
    if (index < 0) return -1;
    const [start, length] = this.readSpan(index);
    return position < start + length ? index : -1;
  }

  private readSpan(index: number): Uint32Array {
    const { offset } = this.file.header.sections.documentSpans;
    this.file.read(this.spanBytes, 0, SPAN_BYTES, offset + SPAN_BYTES * index);
    return this.span;
  }

  private readBatch(first: number, count: number): DocumentEntry[] {
    const { documentSpans, documentOffsets, documentRecords } = this.file.header.sections;
    const spans = new Uint32Array(
      this.read(documentSpans.offset + SPAN_BYTES * first, SPAN_BYTES * count).buffer,
    );
    const offsets = new BigUint64Array(this.read(documentOffsets.offset + 8 * first, 8 * (count + 1)).buffer);
    const begin = Number(offsets[0]);
    const end = Number(offsets[count]);
    if (begin > end || end > documentRecords.length) throw this.damaged(first);
    const records = this.read(documentRecords.offset + begin, end - begin);
    return Array.from({ length: count }, (_, i) => {
      const record = records.subarray(Number(offsets[i]) - begin, Number(offsets[i + 1]) - begin);
      const [origin, licences, repositories, contentId] = this.parse(record, first + i);
      return { start: spans[2 * i], length: spans[2 * i + 1], origin, licences, repositories, contentId };
    });
  }

  private read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    this.file.read(bytes, 0, length, offset);
    return bytes;
  }

  private parse(record: Uint8Array, index: number): RecordFields {
    try {
      const value: unknown = JSON.parse(new TextDecoder().decode(record));
      if (isRecord(value)) return value;
    } catch {
      // Reported below, like a record of the wrong shape.
    }
    throw this.damaged(index);
  }

  private damaged(index: number) {
    return this.file.damaged(`document ${index} has no valid record`);
  }
}
