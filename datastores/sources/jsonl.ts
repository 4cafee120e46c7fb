/** Documents of JSON lines, plain or compressed, one object per line; or of one JSON array of objects in any layout. */
import { createReadStream, type ReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import {
  codeOf,
  fileError,
  messageOf,
  type SourceDocument,
  StoreError,
  storeError,
  throwIfCancelled,
} from "../index.ts";
import { isIn, toDocument } from "./columns.ts";
import { CONVERSATION_PATHS, type FoundText, textAt } from "./conversations.ts";
import { arrayItems } from "./jsonArray.ts";
import { CONTENT_COLUMN, isTooLarge, Pace, type ReadOptions } from "./reading.ts";

/** A longer line is not a file of code: it is skipped without being kept in memory. */
const LINE_BYTES_LIMIT = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** Bytes given to the decompressor at once: four bytes may become 128 KB. */
const PIECE_BYTES = 1024;
const NEWLINE = 0x0a;
const OPEN_LIST = 0x5b;
/** White space that JSON allows between values; other control characters are damage. */
const BLANKS = [0x20, 0x09, 0x0a, 0x0d];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** Most keys of a line that a message names. */
const LONG_KEYS = 12;

/**
 * The documents of the file at `path` in order; `.gz` and `.zst` are unpacked while reading. A line that is not a
 * JSON object, has no text in the content key, or is too long, is counted and skipped. Throws `StoreError`:
 * `missing`, `unreadable`, `corrupt` (a damaged compressed file), `schema` (no line has a text),
 * `cancelled`.
 */
export async function* readJsonLines(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<SourceDocument> {
  throwIfCancelled(options.signal);
  const pace = new Pace(options.signal);
  const name = basename(path);
  const seen = { records: 0, tooLong: 0, documents: 0 };
  let keys: string[] = [];
  for await (const { bytes, unit } of records(unpacked(path, options))) {
    seen.records++;
    if (pace.isDue) await pace.breathe();
    const place = `${name} ${unit} ${seen.records}`;
    if (!bytes) seen.tooLong++;
    const items = bytes && objects(bytes);
    if (!items) options.onSkipped?.("badLine", place);
    for (const item of items ?? []) {
      if (keys.length === 0) keys = Object.keys(item);
      const content = contentOf(item, options.contentColumn);
      if (!content) {
        options.onSkipped?.("noContent", place);
        continue;
      }
      seen.documents++;
      const { text, isConversation } = content;
      const row = new Map(Object.entries(item));
      if (!isConversation && !isIn(row, options.language)) options.onSkipped?.("otherLanguage", place);
      else if (isTooLarge(text)) options.onSkipped?.("tooLarge", place);
      else yield { ...toDocument(text, row, place), ...(isConversation && { isProse: true }) };
    }
  }
  if (seen.records > seen.tooLong && seen.documents === 0)
    throw uselessLines(path, seen.records, options.contentColumn ?? CONTENT_COLUMN, keys);
}

/** The text of a row: of the named column, or else a file's content, or a conversation. */
function contentOf(item: Record<string, unknown>, column: string | undefined): FoundText | undefined {
  for (const path of column === undefined ? [CONTENT_COLUMN, ...CONVERSATION_PATHS] : [column]) {
    const found = textAt(item, path);
    if (found) return found;
  }
  return undefined;
}

/** The error for a file whose lines all lack a text: nearly always the content has another key. */
function uselessLines(path: string, line: number, column: string, keys: string[]): StoreError {
  const more = keys.length > LONG_KEYS ? ", …" : "";
  const found = keys.length > 0 ? ` It has ${keys.slice(0, LONG_KEYS).join(", ")}${more}.` : "";
  return storeError(
    "schema",
    `${path}: none of its ${line} lines is a JSON object with a text "${column}".${found}`,
    keys.length > 0
      ? "Name the key that holds the text with --column, such as text, or messages.content for a list of turns."
      : "Give a file with one JSON object per line, or one array of objects.",
  );
}

/** The objects of a line, a single one or the items of an array; undefined for anything else, or invalid UTF-8. */
function objects(bytes: Uint8Array): Record<string, unknown>[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(bytes));
  } catch {
    return undefined;
  }
  const isObject = (item: unknown): item is Record<string, unknown> =>
    typeof item === "object" && item !== null && !Array.isArray(item);
  if (Array.isArray(value)) return value.every(isObject) ? value : undefined;
  return isObject(value) ? [value] : undefined;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

interface JsonRecord {
  /** Undefined for a record that is too long. */
  readonly bytes: Uint8Array | undefined;
  readonly unit: "line" | "item";
}

/**
 * The lines of a file, or the items of the array that it is. If the first line is a complete array, the file has lines,
 * and damage of one line does not affect the others.
 */
async function* records(chunks: AsyncGenerator<Uint8Array>): AsyncGenerator<JsonRecord> {
  try {
    const head = await firstLines(chunks);
    const all = (async function* () {
      yield head;
      yield* chunks;
    })();
    if (isBegunArray(head))
      for await (const bytes of arrayItems(all, LINE_BYTES_LIMIT)) yield { bytes, unit: "item" };
    else for await (const bytes of lines(all)) yield { bytes, unit: "line" };
  } finally {
    await chunks.return(undefined);
  }
}

/** The first chunks of a file, to the end of its second line that is not blank, or up to the length limit of a line. */
async function firstLines(chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let [length, ended, isBlankLine] = [0, 0, true];
  while (length <= LINE_BYTES_LIMIT && ended < 2) {
    const { value, done } = await chunks.next();
    if (done) break;
    parts.push(value);
    length += value.length;
    let start = 0;
    for (let end = value.indexOf(NEWLINE); end >= 0; end = value.indexOf(NEWLINE, start)) {
      if (!isBlankLine || !isBlank(value.subarray(start, end))) ended++;
      isBlankLine = true;
      start = end + 1;
    }
    isBlankLine &&= isBlank(value.subarray(start));
  }
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}

/**
 * Whether a text begins with an array that does not end in its first line. A damaged first line may look like one: if the
 * second line is a complete array, every line is one.
 */
function isBegunArray(head: Uint8Array): boolean {
  const isBefore = (byte: number) => BLANKS.includes(byte) || BYTE_ORDER_MARK.includes(byte);
  const begin = head.findIndex(byte => !isBefore(byte));
  if (head[begin] !== OPEN_LIST) return false;
  const end = head.indexOf(NEWLINE, begin);
  if (end < 0) return objects(head.subarray(begin)) === undefined;
  if (objects(head.subarray(begin, end)) !== undefined) return false;
  if (isBlank(head.subarray(begin + 1, end))) return true;
  const second = end + head.subarray(end).findIndex(byte => !BLANKS.includes(byte));
  const secondEnd = head.indexOf(NEWLINE, second);
  const line = head.subarray(second, secondEnd < 0 ? head.length : secondEnd);
  return line[0] !== OPEN_LIST || objects(line) === undefined;
}

const isBlank = (bytes: Uint8Array): boolean => bytes.every(byte => BLANKS.includes(byte));

/** The lines that are not blank; undefined for one that is too long. */
async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | undefined> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = () => {
    const line = length > LINE_BYTES_LIMIT ? undefined : Buffer.concat(parts);
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      length += end - start;
      start = end + 1;
      const line = take();
      if (!line || !isBlank(line)) yield line;
    }
    length += chunk.length - start;
    if (length <= LINE_BYTES_LIMIT) parts.push(chunk.subarray(start));
    else parts = [];
  }
  const line = length > 0 ? take() : new Uint8Array(0);
  if (!line || !isBlank(line)) yield line;
}

/** The file's bytes, unpacked; progress counts the bytes read from the file. */
async function* unpacked(path: string, options: ReadOptions): AsyncGenerator<Uint8Array> {
  let total: number;
  try {
    total = statSync(path).size;
  } catch (error) {
    throw fileError(error, path);
  }
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  try {
    for await (const chunk of unpacker(path, stream)) {
      options.onProgress?.(stream.bytesRead, total);
      yield chunk;
    }
    options.onProgress?.(stream.bytesRead, total);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const code = codeOf(error) ?? "";
    if (/^E[A-Z]+$/.test(String(code))) throw fileError(error, path);
    throw storeError(
      "corrupt",
      `${path} cannot be unpacked: ${messageOf(error)}.`,
      "Download it again.",
      error,
    );
  } finally {
    stream.destroy();
  }
}

/** The compression is known by the file's name, as tools that write such files name them. */
function unpacker(path: string, stream: ReadStream): AsyncIterable<Uint8Array> {
  const name = path.toLowerCase();
  if (name.endsWith(".zst")) return zstandard(stream);
  // The callback has nothing to do: iterating the last stream throws the errors of all of them.
  return name.endsWith(".gz") ? pipeline(stream, createGunzip(), () => {}) : stream;
}

/** fzstd delivers unpacked data through a callback, which collects it chunk by chunk. */
async function* zstandard(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const decompress = new Decompress(chunk => {
    if (chunk.length > 0) ready.push(chunk);
  });
  for await (const chunk of stream)
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      decompress.push(chunk.subarray(at, at + PIECE_BYTES));
      const batch = ready;
      ready = [];
      yield* batch;
    }
  decompress.push(new Uint8Array(0), true);
  yield* ready;
}
