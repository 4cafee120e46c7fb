/** One shard, from a file or from tokens in memory: the data for searches, and its documents. */

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

/** `file`: a search reads the file. `memory`: tokens and prefix array are loaded, 6 to 8 bytes per token. */
export type Residence = "file" | "memory";

/** The data that a search in a shard needs. */
interface Searched {
  readonly data: ShardData;
  readonly samples: Samples;
  readonly keys: TokenKeys;
}

export class Shard {
  private readonly exclusions = new Exclusions();

  /** @param name path of its file, or any name without one @param file closed with the shard */
  private constructor(
    readonly name: string,
    readonly metadata: ShardMetadata,
    readonly searched: Searched,
    readonly documents: DocumentTable,
    private readonly file?: ShardFile,
  ) {}

  /**
   * Opens a file: reads its header and small sections, and checks some places of the large ones. Throws a `StoreError`
   * for a file that is missing, foreign, of another version or damaged there; `verify` checks the rest.
   */
  static open(path: string, residence: Residence = "file"): Shard {
    const file = new ShardFile(path);
    try {
      const keys = readKeys(file);
      const samples = readSamples(file);
      checkOpened(file, keys, samples);
      const data = residence === "file" ? new FileData(file, keys) : load(file, keys);
      return new Shard(path, file.metadata, { data, samples, keys }, new DocumentFile(file), file);
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
    const searched = {
      data: new MemoryData(tokens, positions, keys),
      samples: takeSamples(positions, index => keyOf(tokens[index]), false),
      keys,
    };
    return new Shard(name, metadata, searched, new DocumentList(documents));
  }

  /** Checks a whole file: every checksum, and that its content is in order. Throws a `StoreError`. */
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
    return this.searched.data.tokens;
  }

  get residentBytes(): number {
    const { data, samples, keys } = this.searched;
    return data.residentBytes + sampleBytes(samples) + keys.residentBytes;
  }

  /** Documents left out of every search; undefined if there are none. */
  get excluded(): Exclusions | undefined {
    return this.exclusions.count > 0 ? this.exclusions : undefined;
  }

  /** Excludes documents by their index from every later search. */
  exclude(documents: Iterable<number>): void {
    this.exclusions.add(documents, this.documents);
  }

  /** Closes the file; searches then throw a `StoreError`. */
  close(): void {
    this.file?.close();
  }
}

/** Throws a `StoreError` for an unsorted dictionary, in which a binary search would miss tokens. */
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
