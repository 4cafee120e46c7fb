/** One shard, from a file or from tokens in memory: what a search needs, and what its documents are. */

import { closeSync, fstatSync, openSync } from "node:fs";
import { codeOf, messageOf } from "../document.ts";
import { DictionaryKeys, isDictionary, PlainKeys, type TokenKeys } from "./dictionary.ts";
import { type DocumentEntry, DocumentFile, DocumentList, type DocumentTable } from "./documents.ts";
import { Exclusions } from "./exclusions.ts";
import { FileData, readAt } from "./fileData.ts";
import {
  decodeHeader,
  HEADER_BYTES,
  type SectionName,
  type ShardHeader,
  type ShardMetadata,
  sameBytes,
  sha256,
  shardProblem,
} from "./format.ts";
import { type Samples, sampleBytes, takeSamples } from "./samples.ts";
import { MemoryData, type ShardData } from "./shardData.ts";
import { keyOf, prefixArray } from "./sort.ts";
import { checkOpened, verifyShard } from "./verify.ts";

/** `file`: a search reads the file. `memory`: tokens and prefix array are loaded, 6 to 8 bytes a token. */
export type Residence = "file" | "memory";

/** Bytes read in one go while a shard is loaded; `read` takes no more than 2 GiB. */
const LOAD_BYTES = 1 << 26;

interface ShardSections {
  readonly name: string;
  readonly metadata: ShardMetadata;
  readonly data: ShardData;
  readonly samples: Samples;
  readonly keys: TokenKeys;
  readonly documents: DocumentTable;
  readonly file?: number;
}

export class Shard {
  /** Path of its file, or a name for one that has none. */
  readonly name: string;
  readonly metadata: ShardMetadata;
  readonly data: ShardData;
  readonly samples: Samples;
  readonly keys: TokenKeys;
  readonly documents: DocumentTable;
  private readonly exclusions = new Exclusions();
  private file: number | undefined;

  private constructor(parts: ShardSections) {
    this.name = parts.name;
    this.metadata = parts.metadata;
    this.data = parts.data;
    this.samples = parts.samples;
    this.keys = parts.keys;
    this.documents = parts.documents;
    this.file = parts.file;
  }

  /**
   * Opens a file: reads its header and its small sections, and some places of the large ones. Throws a `StoreError`
   * for a file that is missing, foreign, of another version or damaged there; the rest is checked by `verify`.
   */
  static open(path: string, residence: Residence = "file"): Shard {
    const file = openFile(path);
    try {
      const { header, metadata } = readHeader(file, path);
      const keys = readKeys(file, header, path);
      const samples = readSamples(file, header, path);
      checkOpened(file, header, keys, samples, path);
      return new Shard({
        name: path,
        metadata,
        data: residence === "file" ? new FileData(file, header, keys, path) : load(file, header, keys, path),
        samples,
        keys,
        documents: new DocumentFile(file, header, path),
        file,
      });
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  /** Builds a shard in memory, of documents joined by `SEPARATOR`. */
  static fromTokens(
    tokens: Uint32Array,
    documents: readonly DocumentEntry[],
    metadata: ShardMetadata,
    name = "memory",
  ): Shard {
    const positions = prefixArray(tokens);
    const keys = new PlainKeys(metadata.vocabularySize);
    return new Shard({
      name,
      metadata,
      data: new MemoryData(tokens, positions, keys),
      samples: takeSamples(positions, index => keyOf(tokens[index]), false),
      keys,
      documents: new DocumentList(documents),
    });
  }

  /** Checks a whole file: every checksum, and that what it holds is in order. Throws a `StoreError`. */
  static verify(path: string): { metadata: ShardMetadata; tokens: number; documents: number } {
    const file = openFile(path);
    try {
      const { header, metadata } = readHeader(file, path);
      verifyShard(file, header, readKeys(file, header, path), readSamples(file, header, path), path);
      return { metadata, tokens: header.tokens, documents: header.documents };
    } finally {
      closeSync(file);
    }
  }

  /** Tokens in the stream, separators included. */
  get tokens(): number {
    return this.data.tokens;
  }

  get residentBytes(): number {
    return this.data.residentBytes + sampleBytes(this.samples) + this.keys.residentBytes;
  }

  /** Documents left out of every search; undefined where there are none. */
  get excluded(): Exclusions | undefined {
    return this.exclusions.count > 0 ? this.exclusions : undefined;
  }

  /** Excludes documents, by their index, from every search from now on. */
  exclude(documents: Iterable<number>): void {
    this.exclusions.add(documents, this.documents);
  }

  /** Gives the file back; a search in it then throws a `StoreError`. */
  close(): void {
    this.data.close();
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
  }
}

function openFile(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    const missing = codeOf(error) === "ENOENT";
    throw shardProblem(
      missing ? "missing" : "unreadable",
      missing ? `There is no ${path}.` : `${path} cannot be opened: ${messageOf(error)}.`,
      error,
    );
  }
}

function readHeader(file: number, path: string): { header: ShardHeader; metadata: ShardMetadata } {
  let size: number;
  try {
    size = fstatSync(file).size;
  } catch (error) {
    throw shardProblem("unreadable", `${path} cannot be read: ${messageOf(error)}.`, error);
  }
  const bytes = new Uint8Array(Math.min(size, HEADER_BYTES));
  readAt(file, bytes, 0, bytes.length, 0, path);
  const header = decodeHeader(bytes, size, path);
  const text = readSection(file, header, "metadata", path);
  if (!sameBytes(sha256(text), header.sections.metadata.sha256))
    throw shardProblem("corrupt", `${path} is damaged: its metadata has another checksum.`);
  return { header, metadata: JSON.parse(new TextDecoder().decode(text)) as ShardMetadata };
}

/** A whole section, as the bytes of an ArrayBuffer of its own. */
function readSection(file: number, header: ShardHeader, name: SectionName, path: string) {
  const { offset, length } = header.sections[name];
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += LOAD_BYTES)
    readAt(file, bytes, at, Math.min(LOAD_BYTES, length - at), offset + at, path);
  return bytes;
}

function readKeys(file: number, header: ShardHeader, path: string): TokenKeys {
  if (header.tokenBytes === 4) return new PlainKeys(header.vocabularySize);
  const bytes = readSection(file, header, "dictionary", path);
  const tokens = new Uint32Array(bytes.buffer);
  if (!isDictionary(tokens, header.vocabularySize))
    throw shardProblem("corrupt", `${path} is damaged: its dictionary is out of order.`);
  return new DictionaryKeys(tokens);
}

const storedTokens = (bytes: Uint8Array<ArrayBuffer>, { tokenBytes }: ShardHeader) =>
  tokenBytes === 2 ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);

function readSamples(file: number, header: ShardHeader, path: string): Samples {
  const keys = storedTokens(readSection(file, header, "sampleKeys", path), header);
  const positions = new Uint32Array(readSection(file, header, "samplePositions", path).buffer);
  const { sampleInterval: interval, sampleKeyTokens: keyTokens } = header;
  return { interval, keyTokens, count: positions.length, keys, positions };
}

function load(file: number, header: ShardHeader, keys: TokenKeys, path: string): ShardData {
  const tokens = storedTokens(readSection(file, header, "tokens", path), header);
  const positions = new Uint32Array(readSection(file, header, "positions", path).buffer);
  return new MemoryData(tokens, positions, keys);
}
