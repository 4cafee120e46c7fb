/** Documents of JSON lines, plain or compressed, one object a line; and of one JSON array of objects. */
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
import { isPython, toDocument } from "./columns.ts";
import { CONTENT_COLUMN, DOCUMENT_BYTES_LIMIT, Pace, type ReadOptions } from "./reading.ts";

/** A line longer than this is no file of code: it is passed over without being held. */
const LINE_BYTES_LIMIT = 64 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;
/** Given to the decompressor at once: four bytes may become 128 KB. */
const PIECE_BYTES = 1024;
const NEWLINE = 0x0a;
/** Keys of a line that a message names at most. */
const LONG_KEYS = 12;

/**
 * The documents of the file at `path` in its order; `.gz` and `.zst` are unpacked as they are read. A line
 * that is no JSON object, or has no text in the content key, is counted and passed over. Throws `StoreError`:
 * `missing`, `unreadable`, `corrupt` (a compressed file that is damaged), `schema` (lines, but none of use),
 * `cancelled`.
 */
export async function* readJsonLines(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<SourceDocument> {
  throwIfCancelled(options.signal);
  const column = options.contentColumn ?? CONTENT_COLUMN;
  const pace = new Pace(options.signal);
  const name = basename(path);
  let line = 0;
  let documents = 0;
  let keys: string[] = [];
  for await (const record of lines(path, options)) {
    line++;
    if (pace.isDue) await pace.breathe();
    const place = `${name} line ${line}`;
    const items = record === undefined ? undefined : objects(record);
    if (!items) options.onSkipped?.("badLine", place);
    for (const item of items ?? []) {
      if (keys.length === 0) keys = Object.keys(item);
      const content = item[column];
      if (typeof content !== "string") {
        options.onSkipped?.("noContent", place);
        continue;
      }
      documents++;
      const row = new Map(Object.entries(item));
      if (!isPython(row)) options.onSkipped?.("otherLanguage", place);
      else if (content.length > DOCUMENT_BYTES_LIMIT) options.onSkipped?.("tooLarge", place);
      else yield toDocument(content, row, place);
    }
  }
  if (line > 0 && documents === 0) throw uselessLines(path, line, column, keys);
}

/** The error of a file whose lines all lack a text: nearly always the content has another key. */
function uselessLines(path: string, line: number, column: string, keys: string[]): StoreError {
  const more = keys.length > LONG_KEYS ? ", …" : "";
  const found = keys.length > 0 ? ` It has ${keys.slice(0, LONG_KEYS).join(", ")}${more}.` : "";
  return storeError(
    "schema",
    `${path}: none of its ${line} lines is a JSON object with a text "${column}".${found}`,
    keys.length > 0
      ? "Name the key that holds the text of the files."
      : "Give a file with one JSON object a line.",
  );
}

/** The objects of a line, one of itself or the items of an array; undefined for anything else. */
function objects(line: string): Record<string, unknown>[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const isObject = (item: unknown): item is Record<string, unknown> =>
    typeof item === "object" && item !== null && !Array.isArray(item);
  if (Array.isArray(value)) return value.every(isObject) ? value : undefined;
  return isObject(value) ? [value] : undefined;
}

/** The lines that are not blank; undefined for one that is too long, or is not UTF-8. */
async function* lines(path: string, options: ReadOptions): AsyncGenerator<string | undefined> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (parts: readonly Uint8Array[]) => {
    try {
      return decoder.decode(parts.length === 1 ? parts[0] : Buffer.concat(parts));
    } catch {
      return undefined;
    }
  };
  let parts: Uint8Array[] = [];
  let length = 0;
  const take = () => {
    const line = length > LINE_BYTES_LIMIT ? undefined : decode(parts);
    parts = [];
    length = 0;
    return line;
  };
  for await (const chunk of unpacked(path, options)) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      length += end - start;
      start = end + 1;
      const line = take();
      if (line === undefined || line.trim() !== "") yield line;
    }
    length += chunk.length - start;
    if (length <= LINE_BYTES_LIMIT) parts.push(chunk.subarray(start));
    else parts = [];
  }
  if (length > 0) {
    const line = take();
    if (line === undefined || line.trim() !== "") yield line;
  }
}

/** The file's bytes, unpacked, with progress by the bytes that were read of it. */
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

/** How a file is packed is known by its name, as tools that write such files have it. */
function unpacker(path: string, stream: ReadStream): AsyncIterable<Uint8Array> {
  if (path.endsWith(".zst")) return zstandard(stream);
  // The callback has nothing to do: the iteration of the last stream throws what went wrong in any.
  return path.endsWith(".gz") ? pipeline(stream, createGunzip(), () => {}) : stream;
}

/** fzstd pushes what it unpacked through a callback; here that is collected chunk by chunk. */
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
