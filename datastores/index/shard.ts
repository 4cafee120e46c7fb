/** One shard, from a file or from tokens in memory: what a search needs, and what its documents are. */

import { DictionaryKeys, isDictionary, PlainKeys, type TokenKeys } from "./dictionary.ts";
import { type DocumentEntry, DocumentFile, DocumentList, type DocumentTable } from "./documents.ts";
import { Exclusions } from "./exclusions.ts";
import { FileData } from "./fileData.ts";
import type { ShardMetadata } from "./format.ts";
import { type Samples, sampleBytes, takeSamples } from "./samples.ts";
import { MemoryData, type ShardData } from "./shardData.ts";
import { ShardFile } from "./shardFile.ts";
import { keyOf, prefixArray } from "./sort.ts";
import { checkOpened, verifyShard } from "./verify.ts";

/** `file`: a search reads the file. `memory`: tokens and prefix array are loaded, 6 to 8 bytes a token. */
export type Residence = "file" | "memory";

interface ShardSections {
  readonly name: string;
  readonly metadata: ShardMetadata;
  readonly data: ShardData;
  readonly samples: Samples;
  readonly keys: TokenKeys;
  readonly documents: DocumentTable;
  /** Which the shard closes; absent where all is in memory. */
  readonly file?: ShardFile;
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
  private readonly file: ShardFile | undefined;

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
    const file = new ShardFile(path);
    try {
      const keys = readKeys(file);
      const samples = readSamples(file);
      checkOpened(file, keys, samples);
      const data = residence === "file" ? new FileData(file, keys) : load(file, keys);
      const { metadata } = file;
      return new Shard({
        name: path,
        metadata,
        data,
        samples,
        keys,
        documents: new DocumentFile(file),
        file,
      });
    } catch (error) {
      file.close();
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
    const file = new ShardFile(path);
    try {
      verifyShard(file, readKeys(file), readSamples(file));
      const { metadata, header } = file;
      return { metadata, tokens: header.tokens, documents: header.documents };
    } finally {
      file.close();
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
    this.file?.close();
  }
}

/** Throws a `StoreError` for a dictionary out of order: a search by halves would miss what is there. */
function readKeys(file: ShardFile): TokenKeys {
  const { tokenBytes, vocabularySize } = file.header;
  if (tokenBytes === 4) return new PlainKeys(vocabularySize);
  const tokens = new Uint32Array(file.section("dictionary").buffer);
  if (!isDictionary(tokens, vocabularySize)) throw file.damaged("its dictionary is out of order");
  return new DictionaryKeys(tokens);
}

function readSamples(file: ShardFile): Samples {
  const keys = file.tokens("sampleKeys");
  const positions = new Uint32Array(file.section("samplePositions").buffer);
  const { sampleInterval: interval, sampleKeyTokens: keyTokens } = file.header;
  return { interval, keyTokens, count: positions.length, keys, positions };
}

function load(file: ShardFile, keys: TokenKeys): ShardData {
  return new MemoryData(file.tokens("tokens"), new Uint32Array(file.section("positions").buffer), keys);
}
