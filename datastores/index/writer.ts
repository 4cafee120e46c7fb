/** Builds a shard's file: sorts, writes to a temporary name, and renames it atomically. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { PRIVATE_FILE, StoreError } from "../index.ts";
import { DictionaryKeys, PlainKeys, type TokenKeys } from "./dictionary.ts";
import { type DocumentEntry, encodeRecord } from "./documents.ts";
import {
  MAX_SHORT_TOKENS,
  MAX_TOKENS,
  SAMPLE_INTERVAL,
  SAMPLE_KEY_TOKENS,
  type ShardMetadata,
} from "./format.ts";
import { takeSamples } from "./samples.ts";
import { SectionWriter } from "./sectionWriter.ts";
import { DEPTH, PrefixSorter, SEPARATOR } from "./sort.ts";

interface ShardContents {
  /** Documents joined by `SEPARATOR` (-1 in signed numbers); at most 2^32 - 1 of them. */
  readonly tokens: Uint32Array | Int32Array;
  /** In the order of the stream. */
  readonly documents: readonly DocumentEntry[];
  readonly metadata: ShardMetadata;
}

export interface WriteProgress {
  readonly phase: "sort" | "write";
  /** 0 to 1. */
  readonly done: number;
}

interface WriteOptions {
  readonly signal?: AbortSignal;
  onProgress?(progress: WriteProgress): void;
}

interface WrittenShard {
  /** Size of the file. */
  readonly bytes: number;
  readonly tokens: number;
  /** Positions in the prefix array. */
  readonly entries: number;
  /** Number of distinct tokens. */
  readonly distinct: number;
  readonly sortMs: number;
  readonly writeMs: number;
}

const CHUNK_BYTES = 1 << 22;

/**
 * Writes a shard to `path`; an existing file stays unchanged until the new one is complete. Needs, beside the given
 * tokens, four bytes per token and a few megabytes.
 *
 * Throws a `StoreError`: `noSpace` if the disk is full, `cancelled` if the signal was aborted, `unreadable` if the folder
 * cannot be written to. In that case no files are left.
 */
export async function writeShard(
  path: string,
  { tokens: given, documents, metadata }: ShardContents,
  options: WriteOptions = {},
): Promise<WrittenShard> {
  const tokens = new Uint32Array(given.buffer, given.byteOffset, given.length);
  checkDocuments(documents, tokens.length);
  const distinct = distinctTokens(tokens, metadata.vocabularySize);
  const sortStart = performance.now();
  const positions = await sort(tokens, options);
  const writeStart = performance.now();
  const temporary = `${path}.tmp-${process.pid}`;
  try {
    const bytes = await writeFile(temporary, { tokens, positions, distinct, documents, metadata }, options);
    renameSync(temporary, path);
    return {
      bytes,
      tokens: tokens.length,
      entries: positions.length,
      distinct: distinct.length,
      sortMs: writeStart - sortStart,
      writeMs: performance.now() - writeStart,
    };
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeProblem(error, path);
  }
}

async function sort(tokens: Uint32Array, options: WriteOptions): Promise<Uint32Array> {
  await between(options, { phase: "sort", done: 0 });
  const sorter = new PrefixSorter(tokens);
  while (!sorter.step())
    await between(options, { phase: "sort", done: sorter.sorted / sorter.positions.length });
  return sorter.positions;
}

/** Lets other work run, reports the progress, and stops a cancelled build. */
async function between({ signal, onProgress }: WriteOptions, progress: WriteProgress): Promise<void> {
  onProgress?.(progress);
  await turn();
  if (signal?.aborted)
    throw new StoreError({
      code: "cancelled",
      message: "The build was cancelled.",
      remedy: "Start it again when you like.",
    });
}

function checkDocuments(documents: readonly DocumentEntry[], tokens: number): void {
  let end = 0;
  for (const { start, length } of documents) {
    if (!(start >= end && length >= 0 && start + length <= tokens))
      throw new RangeError(`A document of ${length} tokens at ${start} is out of order among ${tokens}.`);
    end = start + length;
  }
}

/** The ids that occur, ascending. Throws a `RangeError` for one outside the vocabulary. */
function distinctTokens(tokens: Uint32Array, vocabularySize: number): Uint32Array {
  if (vocabularySize > MAX_TOKENS) throw new RangeError(`A vocabulary of ${vocabularySize} is too large.`);
  const seen = new Uint8Array(vocabularySize);
  let count = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    if (token === SEPARATOR) continue;
    if (token >= vocabularySize)
      throw new RangeError(`Token ${token} is not in a vocabulary of ${vocabularySize}.`);
    if (seen[token] === 0) count++;
    seen[token] = 1;
  }
  const distinct = new Uint32Array(count);
  let at = 0;
  for (let token = 0; token < vocabularySize; token++) if (seen[token] === 1) distinct[at++] = token;
  return distinct;
}

interface FileContents extends ShardContents {
  readonly tokens: Uint32Array;
  readonly positions: Uint32Array;
  readonly distinct: Uint32Array;
}

async function writeFile(path: string, contents: FileContents, options: WriteOptions): Promise<number> {
  const file = openSync(path, "w", PRIVATE_FILE);
  try {
    const bytes = await writeSections(new SectionWriter(file), contents, options);
    fsyncSync(file);
    return bytes;
  } finally {
    closeSync(file);
  }
}

async function writeSections(
  writer: SectionWriter,
  { tokens, positions, distinct, documents, metadata }: FileContents,
  options: WriteOptions,
): Promise<number> {
  const short = distinct.length <= MAX_SHORT_TOKENS;
  const keys: TokenKeys = short ? new DictionaryKeys(distinct) : new PlainKeys(metadata.vocabularySize);
  const total = tokens.length + positions.length;
  writer.begin("metadata").text(JSON.stringify(metadata)).end();
  writer
    .begin("dictionary")
    .numbers(short ? distinct : new Uint32Array(0))
    .end();
  writer.begin("tokens");
  const chunk = CHUNK_BYTES / 4;
  const stored = new Uint16Array(short ? chunk : 0);
  for (let from = 0; from < tokens.length; from += chunk) {
    const part = tokens.subarray(from, from + chunk);
    // The key 0 of a separator, minus one, has all bits set, as it does in four bytes.
    if (short) for (let i = 0; i < part.length; i++) stored[i] = keys.keyOf(part[i]) - 1;
    writer.numbers(short ? stored.subarray(0, part.length) : part);
    await between(options, { phase: "write", done: from / total });
  }
  writer.end().begin("positions");
  for (let from = 0; from < positions.length; from += chunk) {
    writer.numbers(positions.subarray(from, from + chunk));
    await between(options, { phase: "write", done: (tokens.length + from) / total });
  }
  writer.end();
  const samples = takeSamples(positions, index => keys.keyOf(tokens[index]), short);
  writer.begin("sampleKeys").numbers(samples.keys).end();
  writer.begin("samplePositions").numbers(samples.positions).end();
  writeDocuments(writer, documents);
  return writer.finish({
    tokenBytes: short ? 2 : 4,
    depth: DEPTH,
    sampleInterval: SAMPLE_INTERVAL,
    sampleKeyTokens: SAMPLE_KEY_TOKENS,
    vocabularySize: metadata.vocabularySize,
    tokens: tokens.length,
    entries: positions.length,
    documents: documents.length,
  });
}

function writeDocuments(writer: SectionWriter, documents: readonly DocumentEntry[]): void {
  const spans = new Uint32Array(2 * documents.length);
  const offsets = new BigUint64Array(documents.length + 1);
  let offset = 0;
  writer.begin("documentRecords");
  for (const [i, document] of documents.entries()) {
    spans[2 * i] = document.start;
    spans[2 * i + 1] = document.length;
    const before = writer.length;
    writer.text(encodeRecord(document));
    offset += writer.length - before;
    offsets[i + 1] = BigInt(offset);
  }
  writer.end().begin("documentSpans").numbers(spans).end().begin("documentOffsets").numbers(offsets).end();
}

/** The problem with a remedy; program errors stay unchanged. */
function writeProblem(error: unknown, path: string): unknown {
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  const folder = dirname(path);
  if (error instanceof StoreError || code === undefined) return error;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new StoreError(
      {
        code: "noSpace",
        message: `There is no space left in ${folder} for ${path}.`,
        remedy: "Free some space, or choose another folder for the datastore; then build again.",
      },
      { cause: error },
    );
  // Windows does not replace a file that is open.
  if (syscall === "rename" && (code === "EPERM" || code === "EBUSY" || code === "EACCES"))
    return new StoreError(
      {
        code: "busy",
        message: `${path} cannot be replaced: ${message}.`,
        remedy: "Close other windows that use the datastore, and build again.",
      },
      { cause: error },
    );
  return new StoreError(
    {
      code: "unreadable",
      message: `${path} cannot be written: ${message}.`,
      remedy: `Make sure that ${folder} exists and is writable, or choose another folder for the datastore.`,
    },
    { cause: error },
  );
}
